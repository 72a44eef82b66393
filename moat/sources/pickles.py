"""Pickled pandas frames, read through an unpickler that admits a dozen named globals.

A pickle is a program.  Upstream frames are read only when their digest is pinned (`store`)
and only with the constructors below: anything else that a pickle asks for is refused by name.
"""

from __future__ import annotations

import io
import lzma
import pickle
from pathlib import Path
from typing import Any

import pandas as pd

from moat.errors import SchemaError

#: What a pickled frame needs, by the module names of numpy 1 and pandas 1.
ADMITTED = frozenset(
    {
        ("builtins", "slice"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy.core.numeric", "_frombuffer"),
        ("pandas._libs.internals", "_unpickle_block"),
        ("pandas.core.frame", "DataFrame"),
        ("pandas.core.indexes.base", "Index"),
        ("pandas.core.indexes.base", "_new_Index"),
        ("pandas.core.indexes.range", "RangeIndex"),
        ("pandas.core.internals.managers", "BlockManager"),
        ("pandas.core.internals.managers", "SingleBlockManager"),
        ("pandas.core.series", "Series"),
    }
)


class FrameUnpickler(pickle.Unpickler):
    """Builds data and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise SchemaError(
                f"A pickled table asks for {module}.{name}, which is not admitted; do not read it."
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_frame(path: Path) -> pd.DataFrame:
    """The frame in an xz-compressed pickle.  Raises `SchemaError` for anything that is not a frame."""
    try:
        with lzma.open(path) as handle:
            frame = FrameUnpickler(io.BytesIO(handle.read())).load()
    except (lzma.LZMAError, pickle.UnpicklingError, EOFError, ImportError, AttributeError) as error:
        raise SchemaError(f"{path.name} is not a readable pickled frame ({error}).") from None
    if not isinstance(frame, pd.DataFrame):
        raise SchemaError(f"{path.name} holds a {type(frame).__name__}, not a frame.")
    return frame

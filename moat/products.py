"""What several chapters compute alike: computed once, kept in a file, and known by a key.

A product lies under ``_build/data/`` as numpy's own archive without pickles.  Parquet would need a
library that nothing else here needs.  Floats are kept as they are, so that a chapter finds the same
with a product as without one.  A sum closes the file, for an archive's own leave out its names.

The key is a digest of everything that the product was made from: a reader computes the key that it
wants, and what has another one is not used.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from moat import project

#: Libraries whose version may move the last bit of a number.
LIBRARIES = ("numpy", "scipy", "pandas")
#: Bytes of the sum that closes a file.
SUM = 32
KEY, KINDS = "key", "kinds"

Arrays = dict[str, np.ndarray]


def path(name: str) -> Path:
    """The file of the product called ``name``."""
    return project.build() / "data" / f"{name}.npz"


def libraries() -> str:
    """The libraries that every product depends on, with their versions."""
    return " ".join(f"{name} {version(name)}" for name in LIBRARIES)


def key(*parts: object) -> str:
    """A digest of all ``parts`` in their order, and of the versions of the libraries.

    A part is bytes, or anything that JSON can hold.

    >>> key({"draws": 10}) == key({"draws": 10}), key({"draws": 10}) == key({"draws": 11})
    (True, False)
    """
    whole = hashlib.sha256()
    for part in (libraries(), *parts):
        data = part if isinstance(part, bytes) else json.dumps(part, default=str).encode()
        whole.update(len(data).to_bytes(8, "big") + data)  # so that no two lists of parts read alike
    return whole.hexdigest()


def code(*modules: str) -> str:
    """A digest of the files of ``modules``, given by their full names."""
    files = [Path(importlib.util.find_spec(name).origin) for name in modules]
    return hashlib.sha256("".join(project.sha256(file) for file in files).encode()).hexdigest()


def save(name: str, key: str, arrays: Mapping[str, np.ndarray]) -> Path:
    """Keep ``arrays`` as the product ``name`` made from ``key``, and return its file.

    A reader never sees half of it.  Raises ValueError for an array of Python objects.
    """
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **{KEY: np.array(key)}, **arrays)
    data = content.getvalue()
    return project.write(path(name), data + hashlib.sha256(data).digest())


def load(name: str, key: str) -> Arrays | None:
    """The arrays of the product ``name``; None where there is none, it is damaged or has another key."""
    arrays = _read(path(name))
    return None if arrays is None or str(arrays.pop(KEY, "")) != key else arrays


def forget_damaged() -> list[Path]:
    """Remove the products that cannot be read, so that a build makes them again; return their files."""
    damaged = [file for file in path("any").parent.glob("*.npz") if _read(file) is None]
    for file in damaged:
        file.unlink(missing_ok=True)
    return damaged


def _read(file: Path) -> Arrays | None:
    """All arrays of a file; None where it is missing or its sum is not that of its content."""
    try:
        whole = file.read_bytes()
    except OSError:
        return None
    content, closing = whole[:-SUM], whole[-SUM:]
    if hashlib.sha256(content).digest() != closing:
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def text(values) -> np.ndarray:
    """Texts as an array of bytes, whatever their lengths; a missing one stays missing.

    >>> [*words(text(["a", None, "Ω"]))]
    ['a', None, 'Ω']
    """
    plain = [None if pd.isna(value) else str(value) for value in values]
    return np.frombuffer(json.dumps(plain).encode(), np.uint8)


def words(array: np.ndarray) -> list[str | None]:
    """The texts of an array made by `text`."""
    return json.loads(array.tobytes())


def pack(frame: pd.DataFrame) -> Arrays:
    """The columns of a table as arrays: numbers, truth values and times as they are, texts by `text`.

    The labels of its rows are not kept.
    """
    kinds = {name: str(frame[name].dtype) for name in frame}
    texts = {name for name, kind in kinds.items() if kind in ("str", "object")}
    arrays = {name: text(frame[name]) if name in texts else frame[name].to_numpy() for name in frame}
    return arrays | {KINDS: text([json.dumps(kinds)])}


def unpack(arrays: Arrays) -> pd.DataFrame:
    """The table that `pack` was given, its rows numbered from 0."""
    columns = {}
    for name, kind in json.loads(words(arrays[KINDS])[0]).items():
        told = words(arrays[name]) if kind in ("str", "object") else arrays[name]
        columns[name] = pd.Series(told, dtype=kind)
    return pd.DataFrame(columns)

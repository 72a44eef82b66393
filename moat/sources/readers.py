"""From verified files to one raw table.  Awkward upstream formats get a function here.

A reader takes the paths of a source's files, in the order of the registry, and returns a
DataFrame; renaming and checks come after it.  Register one with ``@reader("name")``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

Reader = Callable[[list[Path]], pd.DataFrame]
READERS: dict[str, Reader] = {}


def reader(name: str) -> Callable[[Reader], Reader]:
    def register(function: Reader) -> Reader:
        READERS[name] = function
        return function

    return register


@reader("csv")
def read_csv(paths: list[Path]) -> pd.DataFrame:
    """Comma-separated files with one header row, stacked.  An empty cell is a missing value."""
    return pd.concat(
        [pd.read_csv(p, keep_default_na=False, na_values=[""]) for p in paths], ignore_index=True
    )

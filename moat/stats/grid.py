"""Grids of specifications: the same quantity by every combination of choices, one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from moat.stats.estimate import Estimate

#: The options of a choice by name, or names that stand for themselves.
Options = Mapping[str, Any] | Sequence[str]
#: What a specification gives: an estimate, a number without an interval, columns, or nothing.
Found = Estimate | Mapping[str, float] | float | None
NUMBERS = ("value", "low", "high")


def specification_grid(choices: Mapping[str, Options], estimate: Callable[..., Found]) -> pd.DataFrame:
    """One row for each combination of choices, the last choice changing fastest.

    Parameters
    ----------
    choices
        The options of each choice.
    estimate
        Takes one option of each choice, in this order.  A specification for which it returns None is
        left out.

    Returns
    -------
    pandas.DataFrame
        A column for each choice with the name of its option, and those of `as_grid`.

    >>> times = lambda k: Estimate(k, 0, 3, n=1, method="")
    >>> specification_grid({"factor": {"one": 1, "two": 2}}, times).to_dict("list")
    {'factor': ['one', 'two'], 'value': [1, 2], 'low': [0, 0], 'high': [3, 3]}
    """
    named = [dict(o) if isinstance(o, Mapping) else dict(zip(o, o, strict=True)) for o in choices.values()]
    rows = (
        (*(name for name, _ in picked), estimate(*(option for _, option in picked)))
        for picked in product(*(options.items() for options in named))
    )
    return as_grid(rows, list(choices))


def as_grid(rows: Iterable[tuple], choices: Sequence[str]) -> pd.DataFrame:
    """Rows that name an option of each of ``choices`` and end in what was found, as a grid.

    For grids of which not every combination exists.  Columns are the choices, value, low and high, which
    are missing without an interval, and whatever further columns a mapping has.

    >>> as_grid([("a", 1.5), ("b", None)], ["form"]).to_dict("list")
    {'form': ['a'], 'value': [1.5], 'low': [nan], 'high': [nan]}
    """
    found = [
        dict(zip(choices, names, strict=True)) | as_columns(what) for *names, what in rows if what is not None
    ]
    return pd.DataFrame(found, columns=None if found else [*choices, *NUMBERS])


def as_columns(found: Estimate | Mapping[str, float] | float) -> dict[str, float]:
    """The columns value, low and high of what was found, and the further ones of a mapping."""
    if isinstance(found, Estimate):
        return {"value": found.value, "low": found.low, "high": found.high}
    return dict(found) if isinstance(found, Mapping) else {"value": found, "low": np.nan, "high": np.nan}

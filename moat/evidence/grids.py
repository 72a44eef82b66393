"""Specification grids: how an answer moves when the method does, kept for the multiverse.

A grid is one table a question.  Every row is one way of doing the analysis that a careful
reader could have chosen; its columns are the choices, and value, low and high.  A chapter
records it with its findings, in one line:

``findings.record_grid("size-exponent", table)``

and it travels and is kept with them (``grids`` in ``data/findings/CHAPTER.json``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.errors import EvidenceError

NUMBERS = ("value", "low", "high")


def as_rows(name: str, table: pd.DataFrame) -> list[dict]:
    """The rows of a grid as they are stored: choices as text, numbers to ten digits.

    ``table`` has columns value, low, high and one or more columns of choices; low and high may be
    missing where a specification has no interval.  Raises `EvidenceError` for a missing column,
    fewer than two rows, a value that is no number, an interval that is upside down, or the same
    choices twice.

    >>> grid = pd.DataFrame({"method": ["akima", "parabola"], "value": [0.5, 0.48],
    ...                      "low": [0.46, np.nan], "high": [0.52, np.nan]})
    >>> as_rows("demo", grid)[1]
    {'method': 'parabola', 'value': 0.48, 'low': None, 'high': None}
    """
    missing = [c for c in NUMBERS if c not in table]
    choices = [c for c in table.columns if c not in NUMBERS]
    if missing or not choices:
        raise EvidenceError(f"Grid {name!r} needs columns value, low, high and at least one choice.")
    if len(table) < 2:
        raise EvidenceError(f"Grid {name!r} has {len(table)} rows; a grid of choices has at least two.")
    if table.duplicated(choices).any():
        raise EvidenceError(f"Grid {name!r} holds the same choices twice; name what tells them apart.")
    numbers = table[list(NUMBERS)].astype(float)
    if not np.isfinite(numbers["value"]).all():
        raise EvidenceError(f"Grid {name!r} has a value that is not a finite number; drop or mend its row.")
    if (numbers["low"] > numbers["high"]).any():
        raise EvidenceError(f"Grid {name!r} has an interval whose low end is above its high end.")
    rounded = numbers.map(lambda x: None if np.isnan(x) else float(f"{x:.10g}")).astype(object)
    rounded = rounded.where(numbers.notna(), None)
    return pd.concat([table[choices].astype(str), rounded], axis=1).to_dict("records")


def as_table(rows: list[dict]) -> pd.DataFrame:
    """The inverse of `as_rows`."""
    table = pd.DataFrame(rows)
    return table.assign(**{c: table[c].astype(float) for c in NUMBERS})

"""The cheapest way to a level of capability, month by month, and what selection of lows does to a rate.

A buyer who needs a level takes the cheapest model at or above it.  That low can only fall, and it falls
in two ways: the line of prices moves, and more models are drawn from around it.  A regression through
the record lows alone, as published, starts at the first and dearest model and keeps only the points that
were luckily cheap.  `inflated` measures in simulated worlds how much faster the lows seem to fall than
the line does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.chapters.prices.hedonic import ZERO
from moat.errors import FrontierError
from moat.stats.dates import years
from moat.stats.estimate import Estimate
from moat.stats.jackknife import combined

Array = NDArray[np.float64]
LEVELS = (120.0, 125.0, 130.0, 135.0, 140.0, 145.0)
#: A level enters with this many months, and with three record lows.
LEAST, RECORDS = 7, 3


def monthly(
    table: pd.DataFrame, ability: Array, end: str, *, cost: str = "price", levels: Sequence[float] = LEVELS
) -> pd.DataFrame:
    """Columns level, date, low, model: the cheapest at or above each level on the first of each month.

    ``table`` has model, date and the cost; ``ability`` (n,) in index points.
    """
    when, price = pd.to_datetime(table["date"]), table[cost].to_numpy(float)
    rows = []
    for level in levels:
        for day in pd.date_range(when.min(), end, freq="MS"):
            open_ = np.flatnonzero((np.asarray(ability) >= level) & (when <= day))
            if len(open_):
                best = open_[np.argmin(price[open_])]
                rows.append((level, day, price[best], table["model"].iloc[best]))
    return pd.DataFrame(rows, columns=["level", "date", "low", "model"])


def slope(date: Array, price: Array, ability: Array, end: float, levels: Sequence[float] = LEVELS) -> Array:
    """Pooled fall of the monthly lows, log10 a year: one for each row of prices and abilities (r, n).

    Dates are years.  A constant for each level; levels with fewer than `LEAST` months are left out.
    """
    months = np.arange(np.ceil(date.min() * 12) / 12, end, 1 / 12)
    out = date[None] <= months[:, None]
    top = bottom = 0.0
    for level in levels:
        fits = ability >= level
        logs = np.where(fits, np.log10(price), np.inf)
        low = np.stack([np.where(seen, logs, np.inf).min(axis=1) for seen in out], axis=1)
        known = np.isfinite(low)
        known &= known.sum(axis=1, keepdims=True) >= LEAST
        count = np.maximum(known.sum(axis=1, keepdims=True), 1)
        time = np.where(known, months - (known * months).sum(axis=1, keepdims=True) / count, 0.0)
        top = top + (time * np.where(known, low, 0.0)).sum(axis=1)
        bottom = bottom + (time**2).sum(axis=1)
    if not np.all(bottom > 0):
        raise FrontierError(f"No level was reached for {LEAST} months; take lower levels or a later end.")
    return -top / bottom


def fall(
    table: pd.DataFrame, ability: Array, end: str, *, cost: str = "price", levels: Sequence[float] = LEVELS
) -> Estimate:
    """How many times a year the monthly lows fall, labs left out in turn and over draws of the index.

    ``ability`` is (1 + draws, rows).  A lab that alone holds the lows makes the interval wide.
    """
    date, price = years(table["date"], ZERO), table[cost].to_numpy(float)
    ability, last = np.atleast_2d(ability), (pd.Timestamp(end) - ZERO).days / 365.25
    labs = sorted(table["lab"].unique())
    left = np.vstack([np.where(table["lab"] == lab, -np.inf, ability[0]) for lab in labs])
    found = slope(date, price, np.vstack([ability, left]), last, levels)
    method = f"pooled slope of monthly lows at {len(levels)} levels; {len(labs)} labs left out in turn"
    return combined(found[0], found[len(ability) :], found[1 : len(ability)], n=len(table),
                    method=method, exp=True)  # fmt: skip


def records(date: Array, price: Array, ability: Array, level: float) -> NDArray[np.intp]:
    """Positions of the record lows at or above ``level``: each strictly cheaper than all before.

    >>> records(np.array([0.0, 1, 2, 3]), np.array([9.0, 4, 5, 1]), np.array([1.0, 1, 1, 1]), 1.0)
    array([0, 1, 3])
    """
    order = np.lexsort((price, date))
    order = order[np.asarray(ability)[order] >= level]
    before = np.minimum.accumulate(np.concatenate([[np.inf], price[order]]))[:-1]
    return order[price[order] < before]


def record_slope(date: Array, price: Array, ability: Array, level: float) -> float:
    """Fall of a regression through the record lows alone, log10 a year; NaN with fewer than `RECORDS`."""
    kept = records(date, price, ability, level)
    if len(kept) < RECORDS:
        return np.nan
    return -float(np.polyfit(date[kept], np.log10(price[kept]), 1)[0])


def pooled_records(date: Array, price: Array, ability: Array, levels: Sequence[float]) -> float:
    """The median over levels of `record_slope`, which is how the published rates were summed up."""
    found = np.array([record_slope(date, price, ability, level) for level in levels])
    return float(np.nanmedian(found)) if np.isfinite(found).any() else np.nan

"""Lag, training runs and chips on one axis of half-years, and the elasticity under many choices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.chapters.lag.race import Race, day_numbers
from moat.chapters.scissors import compute_gap
from moat.chapters.scissors.chip_stock import Stock
from moat.chapters.scissors.elasticity import FORMS, elasticity
from moat.errors import FrontierError
from moat.stats.grid import as_grid

#: Days of a half-year over which a lag is averaged.
DAYS = 182

Array = NDArray[np.float64]


def ends(start: str, end: str) -> pd.DatetimeIndex:
    """The last days of half-years from ``start`` to ``end``.

    >>> [f"{d:%d %b %Y}" for d in ends("2023-01-01", "2024-01-01")]
    ['30 Jun 2023', '31 Dec 2023']
    """
    days = pd.date_range(start, end, freq="QE")
    return days[days.month.isin([6, 12])]


def lags(race: Race, days: pd.DatetimeIndex, over: int = DAYS) -> Array:
    """The mean as-of lag in months over the ``over`` days up to each day, (1 + draws, t).

    Missing where the lag is known on fewer than half of the days.
    """
    columns = []
    for last in day_numbers(days):
        lag = race.as_of(np.arange(last - over + 1, last + 1))
        known = np.isfinite(lag)
        total = np.where(known, lag, 0.0).sum(axis=1)
        columns.append(np.where(known.mean(axis=1) >= 0.5, total / np.maximum(known.sum(axis=1), 1), np.nan))
    return np.array(columns).T


def gaps(table: pd.DataFrame, days: pd.DatetimeIndex, pace: float, top: int = 5) -> pd.DataFrame:
    """Columns date, low, high: bounds of the gap in orders of magnitude, as `compute_gap.bounds` has them."""
    rows = [(day, *compute_gap.bounds(table, day, pace, top)) for day in days]
    return pd.DataFrame(rows, columns=["date", "low", "high"])


def chips(stock: Stock, days: pd.DatetimeIndex, owner: str) -> Array:
    """Others' counted compute over that of ``owner``, (1 + draws, t); missing after the last quarter."""
    ratio, last = stock.ratio(owner), stock.quarters[-1]
    columns = [ratio[:, stock.at(d)] if d <= last else np.full(len(ratio), np.nan) for d in days]
    return np.array(columns).T


def grid(lag_of: Mapping[tuple[str, str], Array], ratio_of: Mapping[tuple[str, str], Array]) -> pd.DataFrame:
    """Elasticities, one row a follower, measure of lag, gauge of compute and form.

    ``lag_of`` has (t,) series by follower and measure, ``ratio_of`` by follower and gauge.  Days on which a
    lag is zero are left out.  Raises `FrontierError` where no pair has enough half-years.
    """
    rows = []
    for (follower, measure), lag in lag_of.items():
        for (other, gauge), ratio in ratio_of.items():
            for form in FORMS if other == follower else ():
                try:
                    found = elasticity(np.where(lag > 0, lag, np.nan), ratio, form).estimate
                except FrontierError:
                    continue  # too few half-years for this pair
                rows.append((follower, measure, gauge, form, found))
    if not rows:
        raise FrontierError("No lag and ratio share enough half-years for an elasticity.")
    return as_grid(rows, ["follower", "lag", "gauge", "form"])

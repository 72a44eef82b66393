"""Did the export controls change how efficient Chinese models are?  Difference in differences.

Capability at equal compute and date, Chinese models against all others, after a day against
before.  The comparison is worth something only with enough models in all four cells and with
trends that ran parallel before; the functions report both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from moat.chapters.premium.trend import Fitted, Trend
from moat.errors import FrontierError
from moat.stats.estimate import Estimate

#: The rules of 17 October 2023, which caught the chips made for the rules of 2022.
DAY = "2023-10-17"


def cells(table: pd.DataFrame, day: str = DAY) -> pd.DataFrame:
    """Models of China and of others, before and from ``day`` on: a 2 by 2 table of counts.

    >>> table = pd.DataFrame({"country": ["CN", "US"], "date": pd.to_datetime(["2023-01-01", "2024-01-01"])})
    >>> cells(table).to_numpy().tolist()
    [[1, 0], [0, 1]]
    """
    side = np.where(table["country"] == "CN", "China", "others")
    when = np.where(table["date"] >= pd.Timestamp(day), "after", "before")
    counts = pd.crosstab(pd.Series(side, name="side"), pd.Series(when, name="when"))
    return counts.reindex(index=["China", "others"], columns=["before", "after"], fill_value=0)


def effect(table: pd.DataFrame, ability, day: str = DAY) -> Estimate:
    """The change of Chinese efficiency against others at ``day``, as a multiplier of compute.

    ``table`` is from `moat.chapters.premium.trend.sample`.  Raises `FrontierError` where a cell is empty.
    """
    fitted = _fitted(table, ability, pd.Timestamp(day))
    change = fitted.coefficient("china_after") / fitted.slope
    return fitted.estimate(change, exp=True, more="; difference in differences over slope")


def pre_trend(table: pd.DataFrame, ability, day: str = DAY) -> Estimate:
    """How Chinese efficiency moved against others in the time before ``day``, × a year."""
    before = (table["date"] < pd.Timestamp(day)).to_numpy()
    early = table[before].reset_index(drop=True)
    china = (early["country"] == "CN").astype(float)
    early = early.assign(china=china, china_year=china * early["year"])
    fitted = Trend(pooled=False, extra=("china", "china_year")).fit(early, np.atleast_2d(ability)[:, before])
    return fitted.estimate(
        fitted.coefficient("china_year") / fitted.slope, exp=True, more="; China's own slope before"
    )


def placebos(table: pd.DataFrame, ability, days: Sequence[str]) -> pd.DataFrame:
    """The effect at days on which nothing happened: columns day, value, low, high, smallest cell."""
    rows = []
    for day in days:
        smallest = int(cells(table, day).to_numpy().min())
        if smallest < 2:
            continue
        estimate = effect(table, ability, day)
        rows.append((day, estimate.value, estimate.low, estimate.high, smallest))
    return pd.DataFrame(rows, columns=["day", "value", "low", "high", "smallest"])


def without_each_lab(table: pd.DataFrame, ability, day: str = DAY) -> pd.Series:
    """The effect with each lab left out in turn, × compute, by lab."""
    fitted = _fitted(table, ability, pd.Timestamp(day))
    values = (fitted.coefficient("china_after") / fitted.slope)[1 : 1 + len(fitted.labs)]
    return pd.Series(10.0**values, fitted.labs)


def _fitted(table: pd.DataFrame, ability, day: pd.Timestamp) -> Fitted:
    if cells(table, str(day.date())).to_numpy().min() < 1:
        raise FrontierError(f"Around {day.date()} one of the four cells has no model.")
    china, after = (table["country"] == "CN").astype(float), (table["date"] >= day).astype(float)
    frame = table.assign(china=china, after=after, china_after=china * after)
    return Trend(pooled=False, extra=("china", "after", "china_after")).fit(frame, ability)

"""What use tells of demand: a reading of aggregate series, which is no estimate of an elasticity.

Tokens grew while prices fell.  If the price had been the only cause, the elasticity would be the growth
of one over the fall of the other on logarithmic scales.  It was not the only cause, since models became
more capable and more people heard of them, so the reading is about the largest that the price can explain.
"""

from __future__ import annotations

import math

import pandas as pd
from scipy import stats

from moat.errors import FrontierError
from moat.stats.estimate import Estimate


def growth(series: pd.DataFrame, name: str, start: str, end: str) -> float:
    """Times a year that a series of `demand-series` grew between two of its dates (year and month).

    >>> table = pd.DataFrame({"series": ["a", "a"], "date": ["2024-05", "2026-05"], "value": [1.0, 9.0]})
    >>> growth(table, "a", "2024-05", "2026-05")
    3.0
    """
    rows = series[series["series"] == name].set_index("date")["value"]
    if not {start, end} <= set(rows.index):
        raise FrontierError(f"The series {name!r} has no value for {start} or {end}.")
    months = pd.Period(end, "M").ordinal - pd.Period(start, "M").ordinal
    return float(rows[end] / rows[start]) ** (12 / months)


def reading(growth_: float, fall: Estimate) -> Estimate:
    """The elasticity's size if the price were all, from a growth of use and an `Estimate` of the fall.

    >>> reading(100.0, Estimate(10.0, 10.0, 10.0, n=5, method="made up", level=0.9)).value
    2.0
    """
    if growth_ <= 1 or fall.low <= 1:
        raise FrontierError("A reading needs use that grew and a price that fell.")
    ends = [math.log(growth_) / math.log(x) for x in (fall.value, fall.high, fall.low)]
    method = "log growth of use over log fall of price; interval of the fall alone"
    return Estimate(*ends, n=fall.n, method=method, level=fall.level)


def published(row: pd.Series, level: float = 0.9) -> Estimate:
    """A published elasticity with the interval of its standard error, a row of the facts."""
    half = stats.norm.ppf((1 + level) / 2) * row["standard_error"]
    ends = (row["value"], row["value"] - half, row["value"] + half)
    return Estimate(*map(float, ends), n=int(row["n"]), method=f"published by {row['paper']}", level=level)


def size(elasticity: Estimate) -> Estimate:
    """The absolute value of a negative elasticity, its interval turned round."""
    if elasticity.value >= 0:
        raise FrontierError("Only a negative elasticity has a size to speak of.")
    e = elasticity
    return Estimate(-e.value, -e.high, -e.low, n=e.n, method=e.method, level=e.level)

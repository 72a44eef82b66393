"""The follower's discount: how fast the compute of a capability falls once somebody has shown it.

Take every model that was the most capable of its day among those with known compute.  Months later
others match it.  The discount after so many months is log10 of the compute first used over the
least compute that has matched it by then; its slope over the months is the *price of crossing*,
how many times less a follower needs for each year of waiting.

Two forces bend the answer.  The luckiest scores set records and look cheap to match, or match
cheaply themselves, so noise inflates it; `price` takes off the bias that the draws of the index
show.  And nobody need have tried to match cheaply, so unmatched levels hold it down.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.chapters.premium.trend import Fitted
from moat.errors import FrontierError
from moat.stats.estimate import Estimate
from moat.stats.jackknife import combined

#: Months after the first model at which the least compute is read.
MONTHS = tuple(range(1, 25))
PER_YEAR = 12
DAYS = 365.25 / 12

Array = NDArray[np.float64]


def discounts(
    table: pd.DataFrame,
    ability: Array,
    *,
    end: str,
    months: Sequence[float] = MONTHS,
    followers=None,
    same_lab: bool = True,
) -> tuple[Array, Array]:
    """The record holders of one set of abilities and their discounts.

    ``table`` (n rows) has the columns x (log10 FLOP) and date; ``ability`` is (n,); ``followers`` (n,)
    says who may match, everybody by default, and ``same_lab`` whether the record's own lab may (which
    needs a column lab).  Returns the rows of the record holders (r,) and the
    discounts in log10 (r, months), missing where the months have not yet passed by ``end``.

    >>> rivals = pd.DataFrame({"x": [24.0, 23.5], "date": pd.to_datetime(["2024-01-01", "2024-07-01"])})
    >>> holders, falls = discounts(rivals, np.array([1.0, 1.0]), end="2025-01-01", months=[3, 9])
    >>> holders, falls
    (array([0]), array([[0. , 0.5]]))
    """
    day, x = table["date"].to_numpy().astype("datetime64[D]").astype(float), table["x"].to_numpy()
    last = np.datetime64(end, "D").astype(float)
    able = np.ones(len(table), bool) if followers is None else np.asarray(followers, bool)
    earlier = day[None, :] <= day[:, None]
    best = np.where(earlier, ability[None, :], -np.inf).max(axis=1)
    tied = (day[None, :] < day[:, None]) & (ability[None, :] >= ability[:, None])
    holders = np.flatnonzero((ability >= best) & ~tied.any(axis=1) & (day <= last))
    after = day[None, :] - day[holders, None]
    match = (ability[None, :] >= ability[holders, None]) & (after >= 0) & able
    if not same_lab:
        codes = pd.factorize(table["lab"])[0]
        match &= codes[None, :] != codes[holders, None]
    falls = np.empty((len(holders), len(months)))
    for k, month in enumerate(months):
        least = np.where(match & (after <= month * DAYS), x, np.inf).min(axis=1)
        falls[:, k] = x[holders] - np.minimum(least, x[holders])
        falls[day[holders] + month * DAYS > last, k] = np.nan
    return holders, falls


def slope(falls: Array, months: Sequence[float] = MONTHS) -> float:
    """Orders of magnitude a year: least squares through the origin of all discounts on the months.

    >>> round(slope(np.array([[0.1, 0.2]]), [6, 12]), 3)
    0.2
    """
    years = np.broadcast_to(np.asarray(months, float) / PER_YEAR, falls.shape)
    seen = np.isfinite(falls)
    if not seen.any():
        raise FrontierError("No record is old enough for a discount; choose a later end or fewer months.")
    return float((years * falls)[seen].sum() / (years**2)[seen].sum())


def price(
    table: pd.DataFrame,
    ability: Array,
    *,
    end: str,
    months: Sequence[float] = MONTHS,
    followers=None,
    same_lab: bool = True,
    mended: bool = True,
    level: float = 0.9,
) -> Estimate:
    """The price of crossing, × a year, with labs left out in turn and draws of the index.

    ``table`` comes from `moat.chapters.premium.trend.sample`, ``ability`` is (1 + draws, n).  ``mended``
    takes off the bias that index noise adds, as far as the draws show it (the bootstrap's own estimate,
    which is the first step of SIMEX in the scores).  Raises `FrontierError` where no record is old
    enough.
    """
    able = np.ones(len(table), bool) if followers is None else np.asarray(followers, bool)
    read = table[["x", "date", "lab"]]

    def rate(rows: pd.DataFrame, able: Array, row: Array) -> float:
        part = {"end": end, "months": months, "followers": able, "same_lab": same_lab}
        return slope(discounts(rows, row, **part)[1], months)

    ability = np.atleast_2d(ability)
    value = rate(read, able, ability[0])
    labs = sorted(read["lab"].unique())
    others = ((read["lab"] != lab).to_numpy() for lab in labs)
    left_out = np.array([rate(read[keep], able[keep], ability[0, keep]) for keep in others])
    draws = np.array([rate(read, able, row) for row in ability[1:]])
    bias = draws.mean() - value if mended and len(draws) else 0.0
    method = f"discount over {min(months):g} to {max(months):g} months; {len(labs)} labs left out in turn, "
    method += f"{len(draws):,} draws of the index" + (", bias of its noise taken off" if mended else "")
    about = {"n": len(table), "method": method, "level": level, "exp": True}
    return combined(value - bias, left_out - bias, draws, **about)


def by_trend(fitted: Fitted, level: float = 0.9) -> Estimate:
    """The same price from a trend: index points a year over index points a tenfold, × a year."""
    rate = fitted.date / fitted.slope
    return fitted.estimate(rate, exp=True, level=level, more="; date slope over compute slope")


def needed(fitted: Fitted, gap: Array, level: float = 0.9) -> Estimate:
    """How many times the compute closes a gap of capability, 10 ** (gap / slope).

    ``gap`` (1 + draws,) are index points, the estimate first, in the draws of the fit.
    """
    gap, groups = np.asarray(gap, float), len(fitted.labs)
    if len(gap) != len(fitted.ability):
        raise FrontierError("The gap needs one value for the estimate and one for each draw of the index.")
    rows = np.concatenate([gap[:1], np.repeat(gap[:1], groups), gap[1:]])
    return fitted.estimate(rows / fitted.slope, exp=True, level=level, more="; gap over slope")


def frontier_gap(ability: Array, leaders: NDArray[np.bool_], followers: NDArray[np.bool_]) -> Array:
    """How many points the best leader is above the best follower in every draw, (1 + draws,)."""
    if not leaders.any() or not followers.any():
        raise FrontierError("A gap needs a leader and a follower.")
    return ability[:, leaders].max(axis=1) - ability[:, followers].max(axis=1)

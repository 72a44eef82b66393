"""How far behind the follower is, read off two staircases of best models.

The *as-of lag* on a day is the age of the oldest leader model that is at least as able as the best
follower model of that day.  The *time to match* is how long after a leader's step a follower got
there; a step that nobody has matched is censored on the last day.  Every quantity is computed for
all draws of the abilities at once.  If a follower copies each step exactly L months later, every
time to match is L, and the as-of lag is L plus the time since the last copied step, so it is the
larger of the two on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from moat.errors import FrontierError
from moat.stats.estimate import Estimate, percentile_estimate

DAYS_PER_MONTH = 365.25 / 12
#: Days over which a width is averaged: the trailing twelve months.
YEAR = 365

Array = NDArray[np.float64]


def day_numbers(dates: ArrayLike) -> Array:
    """Days since 1970 of dates or ISO strings, missing for a missing date.

    >>> day_numbers(["1970-01-02"])
    array([1.])
    """
    days = pd.to_datetime(pd.Series(np.atleast_1d(dates)))
    return np.where(days.isna(), np.nan, days.to_numpy().astype("datetime64[D]").astype(float))


@dataclass(frozen=True)
class Staircase:
    """The best model so far of one side: ``days`` (n,) in order, ``best`` (draws, n)."""

    days: Array
    best: Array

    @classmethod
    def of(cls, ability: ArrayLike, days: ArrayLike) -> Staircase:
        """From abilities (draws, n) and days (n,) in any order.

        >>> side = Staircase.of([[3.0, 1.0, 2.0]], [30, 10, 20])
        >>> side.best, side.reached(np.array([[1.5, 9.0]]))
        (array([[1., 2., 3.]]), array([[20., inf]]))
        """
        order = np.argsort(days, kind="stable")
        best = np.maximum.accumulate(np.asarray(ability, float)[:, order], axis=1)
        return cls(np.asarray(days, float)[order], best)

    def reached(self, levels: Array) -> Array:
        """The first day at or above each of ``levels`` (draws, k); infinite where it never came."""
        below = (self.best[:, :, None] < levels[:, None, :]).sum(axis=1)
        return np.append(self.days, np.inf)[below]

    def on(self, days: Array) -> Array:
        """The best ability on each of ``days`` (t,), shape (draws, t); minus infinity before the first."""
        before = np.full((len(self.best), 1), -np.inf)
        return np.hstack([before, self.best])[:, np.searchsorted(self.days, days, side="right")]


@dataclass(frozen=True)
class Race:
    """Leaders and followers up to the day ``end``; row 0 of both is the estimate, the rest draws.

    ``floor`` (draws,) is an ability up to which the table does not show when leaders first had it,
    because their models of that time are not in it: lags at such levels are not counted.
    """

    leaders: Staircase
    followers: Staircase
    end: float
    floor: Array

    @classmethod
    def between(
        cls,
        ability: ArrayLike,
        dates: Sequence,
        leaders: ArrayLike,
        followers: ArrayLike,
        end: str,
        floor: ArrayLike = -np.inf,
    ) -> Race:
        """From abilities (draws, n) of n models, their dates, and who is on which side (n,).

        Raises `FrontierError` for a model on both sides, an empty side or a missing date.
        """
        ability, days = np.atleast_2d(np.asarray(ability, float)), day_numbers(dates)
        leaders, followers = np.asarray(leaders, bool), np.asarray(followers, bool)
        last = day_numbers(end).item()
        if np.isnan(days).any():
            raise FrontierError(f"{int(np.isnan(days).sum())} models have no date; drop them or date them.")
        if (leaders & followers).any():
            raise FrontierError("A model cannot lead and follow at once; choose one side for it.")
        sides = [side & (days <= last) for side in (leaders, followers)]
        if not all(side.any() for side in sides):
            raise FrontierError(f"Before {end} one of the two sides has no model; choose a later day.")
        stairs = [Staircase.of(ability[:, side], days[side]) for side in sides]
        return cls(*stairs, last, np.broadcast_to(np.asarray(floor, float), len(ability)))

    @property
    def days(self) -> Array:
        """Every day from the follower's first model to the end."""
        return np.arange(self.followers.days[0], self.end + 1)

    def as_of(self, days: Array | None = None) -> Array:
        """The as-of lag in months on each of ``days`` (all by default), shape (draws, t).

        Zero where the follower leads, missing where its best is no better than ``floor``.
        """
        days = self.days if days is None else np.asarray(days, float)
        level = self.followers.on(days)
        known = (level > self.floor[:, None]) & np.isfinite(level)
        spot = np.searchsorted(self.followers.days, days, side="right")
        since = np.hstack([np.full((len(level), 1), np.inf), self.leaders.reached(self.followers.best)])
        lag = np.maximum(days - since[:, spot], 0.0) / DAYS_PER_MONTH
        return np.where(known, lag, np.nan)

    def leads(self, days: Array | None = None) -> NDArray[np.bool_]:
        """Whether the follower's best is above the leader's, shape (draws, t)."""
        days = self.days if days is None else np.asarray(days, float)
        return self.followers.on(days) > self.leaders.on(days)

    def trailing(self, days: int = YEAR) -> Array:
        """The mean as-of lag in months over the last ``days``, shape (draws,)."""
        return np.nanmean(self.as_of(np.arange(self.end - days + 1, self.end + 1)), axis=1)

    def points_behind(self, days: int = YEAR) -> Array:
        """How many index points the follower's best is below the leader's, mean over the last days."""
        last = np.arange(self.end - days + 1, self.end + 1)
        return (self.leaders.on(last) - self.followers.on(last)).mean(axis=1)

    def to_match(self, levels: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Months from leader to follower at each of ``levels`` (draws, k), and whether it got there.

        Where it did not, the months up to the end.  Missing for levels that no leader reached, and up
        to ``floor``; zero where the follower was first.
        """
        led, followed = self.leaders.reached(levels), self.followers.reached(levels)
        known = np.isfinite(led) & (levels > self.floor[:, None])
        months = np.maximum(np.minimum(followed, self.end) - led, 0.0) / DAYS_PER_MONTH
        return np.where(known, months, np.nan), np.isfinite(followed) & known

    def bands(self, edges: Sequence[float], step: float = 0.25) -> Array:
        """Mean months to match in each band of ability, shape (draws, bands), levels ``step`` apart.

        Missing where the follower has not passed the whole band, or leaders did not.
        """
        rows = []
        for low, high in pairwise(edges):
            levels = np.arange(low + step / 2, high, step)
            months, matched = self.to_match(np.tile(levels, (len(self.floor), 1)))
            rows.append(np.where(matched.all(axis=1), months.mean(axis=1), np.nan))
        return np.array(rows).T


def pooled(values: Sequence[ArrayLike], *, n: int, method: str, level: float = 0.9) -> Estimate:
    """One estimate from several sets of draws, such as one for each convention of dates.

    Row 0 of each set is its estimate; their mean is the value, and the draws of all sets together
    give the interval.  Draws without a value are left out; the method says how many.
    """
    values = [np.asarray(v, float) for v in values]
    draws = np.concatenate([v[1:] for v in values])
    good = draws[np.isfinite(draws)]
    if len(good) < len(draws):
        method += f"; {len(draws) - len(good):,} of {len(draws):,} draws without a value left out"
    return percentile_estimate(float(np.mean([v[0] for v in values])), good, n=n, method=method, level=level)


def curve(values: Sequence[ArrayLike], days: Array, level: float = 0.9) -> pd.DataFrame:
    """Columns day, value, low, high from sets of draws (1 + draws, t), pooled as in `pooled`.

    Days on which some set has no estimate are left out.
    """
    values = [np.asarray(v, float) for v in values]
    value = np.mean([v[0] for v in values], axis=0)
    kept = np.isfinite(value)
    draws = np.concatenate([v[1:, kept] for v in values])
    low, high = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return pd.DataFrame({"day": days[kept], "value": value[kept], "low": low, "high": high})

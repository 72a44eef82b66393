"""A race whose lag has no trend, simulated: how far luck alone moves slopes and medians.

The as-of lag is a saw: it grows by a month every month and drops when a follower catches up.  A line
through such a curve has a slope that means nothing, and neither robust standard errors nor block
bootstraps see it: on stationary races they find a trend three to five times as often as they say
(``tests/chapters/lag/test_survival.py``).  So the error of a slope comes from races like the one at hand.
The leader's steps come at intervals drawn from its own.  Each is followed after a delay from one
Weibull distribution, fitted to the record with the delays censored that a higher match cut short;
every simulated race has its own fit, to steps with random weights (Rubin 1981).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray

from moat.chapters.lag.race import DAYS_PER_MONTH, Race
from moat.chapters.lag.survival import Matches, median_months
from moat.errors import FrontierError

Array = NDArray[np.float64]

#: Shapes of the Weibull distribution that are tried: from wilder than exponential to nearly fixed.
SHAPES = np.geomspace(0.6, 6, 40)
#: Simulated races start so many months before the record, to forget their start.
WARM = 48
FEWEST = 4


@dataclass(frozen=True)
class Stationary:
    """Simulated races: the leader's days (races, steps) and the days these were matched."""

    day: Array
    met: Array
    end: float

    @classmethod
    def like(cls, matches: Matches, end: float, races: int = 1000, seed: int = 0) -> Stationary:
        """Races like the record in row 0 of ``matches``, which ends on the day ``end``.

        Raises `FrontierError` with fewer than four steps or no match: nothing to learn a delay from.
        """
        record = matches.table()
        if len(record) < FEWEST or not record["last"].any():
            raise FrontierError(f"A delay needs {FEWEST} steps and a match; this race is too short.")
        rng = np.random.default_rng(seed)
        weights = rng.standard_exponential((races, len(record)))
        shape, scale = weibull(record["months"].to_numpy(), record["last"].to_numpy(), weights)
        day = record["day"].to_numpy()
        gaps = np.append(np.diff(day), end - day[-1])
        steps = int(2 * (WARM * DAYS_PER_MONTH + end - day[0]) / gaps.mean()) + 5
        drawn = rng.choice(gaps, (races, steps))
        drawn[:, 0] *= rng.uniform(size=races)
        days = (end - np.cumsum(drawn, axis=1))[:, ::-1]
        delay = scale[:, None] * rng.weibull(shape[:, None], (races, steps)) * DAYS_PER_MONTH
        met = np.minimum.accumulate((days + delay)[:, ::-1], axis=1)[:, ::-1]
        return cls(days, met, end)

    def as_of(self, days: Array) -> Array:
        """The as-of lag in months on each of ``days`` (t,), shape (races, t)."""
        matched = np.stack([np.searchsorted(row, days, side="right") for row in self.met])
        since = np.take_along_axis(self.day, np.maximum(matched - 1, 0), axis=1)
        return (days - since) / DAYS_PER_MONTH

    def slopes(self, days: Array) -> Array:
        """Slopes of the lag over ``days``, months a year: all luck, shape (races,)."""
        return slope(self.as_of(days), days)

    def median_ratios(self, start: float, end: float) -> Array:
        """Kaplan-Meier medians of steps from ``start`` to ``end`` over the true median, (races,).

        Missing where a race has no median, because too few of its steps are matched in time.
        """
        here = (self.day >= start) & (self.day < end) & (self.day <= self.end)
        months = np.maximum(np.minimum(self.met, self.end) - self.day, 0) / DAYS_PER_MONTH
        settled = self.day < self.end - WARM / 2 * DAYS_PER_MONTH
        true = np.median((self.met - self.day)[settled]) / DAYS_PER_MONTH
        first = np.argsort(~here, axis=1, kind="stable")[:, : max(here.sum(axis=1).max(), 1)]
        parts = (np.take_along_axis(part, first, axis=1) for part in (months, self.met <= self.end, here))
        median = median_months(*parts)
        return np.where(np.isfinite(median), median, np.nan) / true


def robust_interval(lag: Array, days: Array, level: float = 0.9, lags: int = 6) -> Array:
    """A line's slope with Newey-West errors, low and high: what one would do, and should not here."""
    line = sm.OLS(lag, sm.add_constant(days / 365.25))
    return line.fit(cov_type="HAC", cov_kwds={"maxlags": lags}).conf_int(1 - level)[1]


def slope_draws(race: Race, luck: Stationary, days: Array) -> Array:
    """The slope of the as-of lag over ``days``, (1 + draws,): the record first, then draws less luck.

    ``luck`` holds as many races as ``race`` has draws.
    """
    slopes = slope(race.as_of(days), days)
    slopes[1:] -= luck.slopes(days)
    return slopes


def median_draws(matches: Matches, luck: Stationary, start: float, end: float) -> Array:
    """The median months to match of the steps in a span, (1 + draws,), draws over the ratio of luck."""
    medians = matches.median(start, end)
    first = max(start, matches.day[0, 0])
    medians[1:] /= luck.median_ratios(first, min(end, luck.end + 1))
    return medians


def weibull(months: Array, event: NDArray[np.bool_], weights: Array) -> tuple[Array, Array]:
    """Shape and scale of censored durations (n,) for each row of ``weights`` (draws, n), (draws,) each.

    Maximum likelihood over `SHAPES`; given the shape the scale is known in closed form.
    """
    powers = np.maximum(months, 0.05) ** SHAPES[:, None]
    events = np.maximum((weights * event).sum(axis=1, keepdims=True), 1e-9)
    spread = weights @ powers.T / events
    logs = ((weights * event) @ np.log(np.maximum(months, 0.05)))[:, None]
    height = events * (np.log(SHAPES) - np.log(spread)) + (SHAPES - 1) * logs
    best = height.argmax(axis=1)
    shape = SHAPES[best]
    return shape, spread[np.arange(len(best)), best] ** (1 / shape)


def slope(lag: Array, days: Array) -> Array:
    """The slope of each row of ``lag`` (draws, t) over ``days`` (t,), months a year; gaps left out.

    >>> slope(np.array([[1.0, np.nan, 3.0]]), np.array([0.0, 100.0, 365.25]))
    array([2.])
    """
    here = np.isfinite(lag)
    count = here.sum(axis=1, keepdims=True)
    x = np.where(here, days / 365.25, 0.0)
    y = np.where(here, lag, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = np.where(here, x - x.sum(axis=1, keepdims=True) / count, 0.0)
        return (x * y).sum(axis=1) / (x**2).sum(axis=1)


def month_starts(start: str, end: str) -> Array:
    """The first day of each month from ``start`` to ``end``, in days since 1970."""
    months = np.arange(np.datetime64(start, "M"), np.datetime64(end, "M") + 1).astype("datetime64[D]")
    kept = months[(months >= np.datetime64(start)) & (months <= np.datetime64(end))]
    return kept.astype(float)

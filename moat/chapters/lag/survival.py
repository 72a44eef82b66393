"""How long until a follower matches each step of the leader, as survival data.

A step is a leader's model above all before it; it is matched when a follower's model is at least as
able, and censored on the last day where none is.  Steps differ from draw to draw of the abilities,
so everything here works on all draws at once: ``counted`` says which steps a draw has.

One follower model often matches several steps, and these are one piece of evidence.  So the
hazard counts one event for each matching model, at the highest step that it reached; the lower
steps it passed leave the risk set on that day.  Counting every step as an event gives intervals
that miss the truth three times as often as they say (``tests/chapters/lag/test_survival.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from statsmodels.duration.survfunc import SurvfuncRight

from moat.chapters.lag.race import Race
from moat.errors import FrontierError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Newton steps of the proportional-hazards fit, and the largest change that ends them.
ROUNDS, SETTLED = 60, 1e-10
#: A log hazard ratio a year beyond this is no maximum: matches and dates separate.
FARTHEST = 8.0


@dataclass(frozen=True)
class Matches:
    """The leader's steps of every draw, each array (draws, steps); row 0 is the estimate.

    ``months`` runs from the step to the match or, where ``matched`` is false, to the end.  ``last``
    marks the highest step that one follower model matched.  Entries that are not ``counted`` fill up.
    """

    day: Array
    level: Array
    months: Array
    matched: Flags
    last: Flags
    counted: Flags

    @classmethod
    def of(cls, race: Race, least: float = 0.0) -> Matches:
        """The steps of a race: models more than ``least`` points above the step before them."""
        days = race.leaders.days
        level = race.leaders.best[:, np.append(days[1:] != days[:-1], True)]  # one step a day
        counted, above = np.zeros(level.shape, bool), race.floor
        for j in range(level.shape[1]):
            counted[:, j] = level[:, j] > above + least
            above = np.where(counted[:, j], level[:, j], above)
        if not counted[0].any():
            raise FrontierError("The leaders take no step in this race; lower the floor or wait longer.")
        first = np.argsort(~counted, axis=1, kind="stable")[:, : counted.sum(axis=1).max()]
        every = np.broadcast_to(np.unique(days), level.shape)
        level, counted, day = (np.take_along_axis(part, first, axis=1) for part in (level, counted, every))
        months, matched = race.to_match(level)
        met = np.where(counted & matched, race.followers.reached(level), np.inf)
        last = matched & counted & (met != np.hstack([met[:, 1:], np.full((len(met), 1), np.inf)]))
        return cls(day, level, months, matched & counted, last, counted)

    def between(self, start: float = -np.inf, end: float = np.inf) -> Flags:
        """The steps taken from day ``start`` up to, but not on, day ``end``."""
        return self.counted & (self.day >= start) & (self.day < end)

    def log_hazard_ratio(self, every_step: bool = False) -> tuple[Array, Array]:
        """`log_hazard_ratio` on the year of the step: slopes and standard errors, each (draws,).

        One event for each follower model, or for every step that is matched.
        """
        event = self.matched if every_step else self.last
        return log_hazard_ratio(self.months, event, self.day / 365.25, self.counted)

    def median(self, start: float = -np.inf, end: float = np.inf) -> Array:
        """Median months to match of the steps taken in this span, shape (draws,); see `median_months`."""
        return median_months(self.months, self.matched, self.between(start, end))

    def survival(self, start: float = -np.inf, end: float = np.inf) -> pd.DataFrame:
        """Kaplan-Meier by statsmodels on row 0: months, and the share in per cent matched by then."""
        here = self.between(start, end)[0]
        curve = SurvfuncRight(self.months[0][here], self.matched[0][here].astype(int))
        months = np.append(0.0, curve.surv_times)
        last = self.months[0][here].max()
        matched = 100 * (1 - np.append(1.0, curve.surv_prob))
        return pd.DataFrame({"months": np.append(months, last), "matched": np.append(matched, matched[-1])})

    def table(self, draw: int = 0) -> pd.DataFrame:
        """The steps of one draw: level, day, months, matched, last."""
        names = ("level", "day", "months", "matched", "last")
        return pd.DataFrame({name: getattr(self, name)[draw][self.counted[draw]] for name in names})


def log_hazard_ratio(months: Array, event: Flags, x: Array, counted: Flags) -> tuple[Array, Array]:
    """How the log hazard changes with ``x``, and its standard error, each shape (draws,).

    Proportional hazards, partial likelihood with Breslow's ties (Cox 1972), arrays (draws, steps):
    `statsmodels.PHReg` with one covariate, for all draws at once.  Missing where there is no
    maximum, as when the events come in perfect order of ``x``.

    >>> months, x = np.array([[5.0, 2.0, 3.0, 6.0]]), np.array([[0.0, 1.0, 2.0, 3.0]])
    >>> slope, error = log_hazard_ratio(months, months < 6, x, months > 0)
    >>> slope.round(3), error.round(3)
    (array([-0.341]), array([0.474]))
    """
    x = np.where(counted, x, 0.0)
    x = np.where(counted, x - x.sum(axis=1, keepdims=True) / counted.sum(axis=1, keepdims=True), 0.0)
    at_risk = ((months[:, None, :] >= months[:, :, None]) & counted[:, None, :]).astype(float)
    event = event & counted
    slope, curve = np.zeros(len(x)), np.ones(len(x))
    for _ in range(ROUNDS):
        lift = np.exp(np.clip(slope[:, None] * x, -50, 50)) * counted
        sums = at_risk @ np.stack([lift, lift * x, lift * x**2], axis=2)
        zero, one, two = np.moveaxis(sums, 2, 0)
        zero = np.maximum(zero, 1e-300)
        mean = one / zero
        pull = (event * (x - mean)).sum(axis=1)
        curve = (event * (two / zero - mean**2)).sum(axis=1)
        move = np.clip(pull / np.maximum(curve, 1e-9), -1, 1)
        slope = slope + move
        if np.abs(move).max() < SETTLED:
            break
    good = (np.abs(slope) < FARTHEST) & (curve > 1e-6)
    error = 1 / np.sqrt(np.where(good, curve, 1.0))
    return np.where(good, slope, np.nan), np.where(good, error, np.nan)


def median_months(months: Array, matched: Flags, counted: Flags) -> Array:
    """The Kaplan-Meier median of each draw; infinite where no half is matched in time.

    Arrays (draws, steps); the median of `statsmodels.SurvfuncRight`, for all draws at once.
    """
    order = np.argsort(np.where(counted, months, np.inf), axis=1, kind="stable")
    time, event, here = (np.take_along_axis(part, order, axis=1) for part in (months, matched, counted))
    same = (time[:, :, None] == time[:, None, :]) & here[:, None, :] & here[:, :, None]
    at_risk = ((time[:, None, :] >= time[:, :, None]) & here[:, None, :]).sum(axis=2)
    died = (same & event[:, None, :]).sum(axis=2)
    new = here & np.hstack([np.ones((len(time), 1), bool), time[:, 1:] != time[:, :-1]])
    factor = np.where(new, 1 - died / np.maximum(at_risk, 1), 1.0)
    gone = (np.cumprod(factor, axis=1) <= 0.5 + 1e-9) & here
    spot = gone.argmax(axis=1)
    return np.where(gone.any(axis=1), time[np.arange(len(time)), spot], np.inf)


def with_error(slopes: ArrayLike, errors: ArrayLike, seed: int = 0) -> Array:
    """Draws of a slope that carry its standard error too: row 0 stays, the rest get normal noise."""
    noise = np.random.default_rng(seed).standard_normal(len(np.asarray(slopes)))
    noise[0] = 0.0
    return np.asarray(slopes, float) + noise * np.where(np.arange(len(noise)) == 0, 0.0, errors)

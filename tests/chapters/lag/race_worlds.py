"""Races with a known answer: who leads by how much is decided here, and estimators have to find it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.chapters.lag.race import DAYS_PER_MONTH, Race, Staircase

WARM = 2.0


def copied(lag: float, *, step: float = 60.0, steps: int = 20, draws: int = 1) -> Race:
    """A follower that repeats each step of the leader exactly ``lag`` months later."""
    day, level = np.arange(steps) * step, np.arange(steps, dtype=float)
    level = np.tile(level, (draws, 1))
    sides = (Staircase.of(level, day), Staircase.of(level, day + lag * DAYS_PER_MONTH))
    return Race(*sides, day[-1], np.full(draws, -np.inf))


def chased(rng, *, years: float = 3.4, median: float = 8.0, drift: float = 0.0, draws: int = 0) -> Race:
    """Each step is followed after a random delay; the delays shrink by ``drift`` a year (in logs).

    The record starts after two years without one, so that the race has forgotten its beginning.
    """
    end = (years + WARM) * 365.25
    led = np.cumsum(rng.exponential(45.0, int(end / 20)))
    led = led[led <= end]
    level = np.cumsum(rng.exponential(1.5, len(led)))
    shrunk = np.exp(-drift * (led / 365.25 - WARM))
    delay = median * DAYS_PER_MONTH * rng.weibull(2.0, len(led)) / np.log(2) ** 0.5 * shrunk
    return _record(led, level, led + delay, level + 1e-6, end, draws)


def drifting(rng, *, years: float = 3.4, lag: float = 8.0, drift: float = 0.0, draws: int = 0) -> Race:
    """Two sides on one rising line, the follower ``lag`` months behind; nobody copies anybody."""
    end = (years + WARM) * 365.25
    led, followed = (np.sort(rng.uniform(0, end, rng.poisson(rate * end / 365.25))) for rate in (24, 18))
    behind = lag * DAYS_PER_MONTH * np.exp(-drift * (followed / 365.25 - WARM))
    one = 0.03 * led + rng.normal(0, 2.5, len(led))
    other = 0.03 * (followed - behind) + rng.normal(0, 2.5, len(followed))
    return _record(led, one, followed, other, end, draws)


def _record(led, level, followed, other, end, draws) -> Race:
    keep = followed <= end
    stairs = Staircase.of(np.tile(level, (draws + 1, 1)), led)
    chase = Staircase.of(np.tile(other[keep], (draws + 1, 1)), followed[keep])
    floor = level[led <= WARM * 365.25].max()
    return Race(stairs, chase, end, np.full(draws + 1, floor))


def answers(rng, models: int = 40, benchmarks: int = 14, noise: float = 0.06, share: float = 0.6):
    """Scores of models of known ability, on a share of the benchmarks each: (scores, ability)."""
    ability = pd.Series(np.linspace(0, 4, models), [f"m{i:02d}" for i in range(models)])
    difficulty = np.linspace(0, 4, benchmarks)
    expected = 1 / (1 + np.exp(-1.5 * (ability.to_numpy()[:, None] - difficulty)))
    seen = rng.uniform(size=expected.shape) < share
    seen[:, :4] |= seen.sum(axis=1, keepdims=True) < 4
    score = np.clip(expected + rng.normal(0, noise, expected.shape), 0, 1)
    row, column = np.nonzero(seen)
    names = {"model": ability.index[row], "benchmark": [f"b{j:02d}" for j in column]}
    return pd.DataFrame(names | {"performance": score[row, column]}), ability


def wrong(intervals, truth: float) -> float:
    """The share of intervals, rows of low and high, that miss ``truth``."""
    low, high = np.asarray(intervals, float).T
    return float(np.mean((low > truth) | (high < truth)))

"""Simulated markets in which the effect is known: how often does the event study find it?

Returns have a common factor, a factor of the group, and noise of each share; all three are
Student t with few degrees of freedom, and the two factors have volatility that clusters
(Bollerslev 1986).  Sizes are near those of chip makers in 2024.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from moat.chapters.market import cross_section, event_study

Array = NDArray[np.float64]
#: Daily standard deviations in per cent: market, group factor, one share.
MARKET, GROUP, SHARE = 0.8, 1.3, 2.0
#: Degrees of freedom; weights of the last square and of the last variance.
FREEDOM, SHOCK, MEMORY = 5, 0.08, 0.90
SIGNIFICANT = 0.05


def clustered(rng: np.random.Generator, days: int, worlds: int) -> Array:
    """Unit-variance GARCH(1, 1) noise with Student t shocks (day, world)."""
    shocks = stats.t.rvs(FREEDOM, size=(days, worlds), random_state=rng) / np.sqrt(FREEDOM / (FREEDOM - 2))
    noise, variance = np.empty((days, worlds)), np.ones(worlds)
    for day in range(days):
        noise[day] = np.sqrt(variance) * shocks[day]
        variance = (1 - SHOCK - MEMORY) + SHOCK * noise[day] ** 2 + MEMORY * variance
    return noise


def markets(
    rng: np.random.Generator, worlds: int, *, members: int = 8, days: int = 400
) -> tuple[Array, Array]:
    """Returns of the market (day, world) and of a group (day, world, member) in per cent."""
    market = MARKET * clustered(rng, days, worlds)
    group = GROUP * clustered(rng, days, worlds)
    beta = rng.uniform(0.8, 2.2, (worlds, members))
    own = stats.t.rvs(FREEDOM - 1, size=(days, worlds, members), random_state=rng) * SHARE / np.sqrt(2)
    return market, beta * market[:, :, None] + group[:, :, None] + own


@dataclass(frozen=True)
class Trials:
    """Whether each world's test said "fell": by rank among placebo days, and by the spread of members."""

    rank: NDArray[np.bool_]
    spread: NDArray[np.bool_]
    covered: NDArray[np.bool_]


def trial(
    shock: float, *, worlds: int, seed: int, placebos: int = event_study.PLACEBOS, members: int = 8
) -> Trials:
    """The test of a group on a day with a ``shock`` (percentage points) in each of ``worlds`` markets.

    ``spread`` is the t test that takes members as independent; ``covered`` says whether the interval
    of `event_study.effect` holds the shock.
    """
    rng = np.random.default_rng(seed)
    day = placebos - event_study.WINDOW[0] - event_study.WINDOW[1] + 1
    market, returns = markets(rng, worlds, members=members, days=day + 1)
    returns[day] += shock
    rank, spread, covered = [], [], []
    for world in range(worlds):
        days = event_study.placebo_days(day, count=placebos)
        table = pd.DataFrame(returns[:, world])
        found = event_study.fit(table, pd.Series(market[:, world]), [*days, day]).cumulative
        *quiet, value = found.mean(axis=1)
        rank.append(event_study.rank_p(value, quiet) < SIGNIFICANT)
        spread.append(stats.ttest_1samp(found[-1], 0.0, alternative="less").pvalue < SIGNIFICANT)
        interval = event_study.effect(value, quiet)
        covered.append(interval.low <= shock <= interval.high)
    return Trials(*(np.array(x) for x in (rank, spread, covered)))


def slopes(slope: float, *, worlds: int, seed: int, days: int = 80, shares: int = 96) -> dict[str, Array]:
    """Intervals of the run-up's slope in markets where the day also hits suppliers, unevenly.

    Each day pays a random reward for run-up and for being a supplier.  On the event suppliers fall by
    8 points on average with a spread of 6, whatever their run-up.  One array (world, low and high)
    for each of `cross_section.ERRORS`.
    """
    rng = np.random.default_rng(seed)
    found = {name: [] for name in cross_section.ERRORS}
    for _ in range(worlds):
        flag = (np.arange(shares) < 27).astype(float)
        gains = rng.normal(30 + 20 * flag, 40)
        chip = rng.normal(0.6 * flag, 0.4)
        score = (gains - gains.mean()) / gains.std(ddof=1)
        reward = rng.standard_t(FREEDOM, (2, days + 1)) * 0.4
        values = reward[0][:, None] * score + reward[1][:, None] * flag
        values = values + rng.standard_t(FREEDOM - 1, (days + 1, shares)) * SHARE / np.sqrt(2)
        values[-1] += slope * score + flag * rng.normal(-8, 6, shares)
        x = np.broadcast_to(np.stack([gains, chip, flag], axis=-1), (days + 1, shares, 3))
        done = cross_section.study(values, x)
        for name in cross_section.ERRORS:
            estimate = done.slope("run-up", errors=name)
            found[name].append((estimate.low, estimate.high))
    return {name: np.array(ends) for name, ends in found.items()}

"""What experts are worth against dense models: by the same size, by the best size, by the clock."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from moat.bench import gain
from moat.bench.experiments import plan
from moat.bench.flop import total_params
from moat.bench.gain import Multiplier
from moat.estimate import Estimate

#: Equivalence of losses was to mean: within a quarter of a per cent.
MARGIN = 0.0025
NAMES = {
    "dense": "dense",
    "bias": "experts, bias",
    "auxiliary": "experts, auxiliary loss",
    "none": "experts, no balancing",
    "wide": "dense, four times wider",
}


def reported(runs: pd.DataFrame) -> pd.DataFrame:
    """Reported runs that finished."""
    return runs[(runs["stage"] == "report") & (runs["status"] == "finished")].reset_index(drop=True)


def gains(runs: pd.DataFrame, arm: str, baseline: str = "dense") -> dict[int, Estimate]:
    """Paired gain of ``arm`` at each length that both have, over common seeds."""
    wide = runs[runs["arm"].isin([arm, baseline])].pivot(
        index=["steps", "seed"], columns="arm", values="loss"
    )
    both = wide.dropna().groupby(level="steps")
    return {steps: gain.paired(g[baseline], g[arm]) for steps, g in both if len(g) > 1}


def multipliers(
    technique: pd.DataFrame, baseline: pd.DataFrame, *, draws: int, seed: int
) -> list[Multiplier]:
    """Compute multiplier at each budget of ``technique``; both have columns flop and loss."""
    return [
        gain.multiplier(baseline, part, float(flop), draws=draws, seed=seed)
        for flop, part in technique.groupby("flop")
    ]


def as_table(groups: Mapping[str, list[Multiplier]]) -> pd.DataFrame:
    """One row a group and budget: group, flop, value, low, high, fitted, beyond."""
    rows = [
        (name, m.flop, m.interpolated.value, m.interpolated.low, m.interpolated.high, m.fitted, m.beyond)
        for name, found in groups.items()
        for m in found
    ]
    return pd.DataFrame(rows, columns=["group", "flop", "value", "low", "high", "fitted", "beyond"])


def time_ratio(runs: pd.DataFrame, arm: str, baseline: str = "dense") -> Estimate:
    """Time of ``arm`` over that of ``baseline`` for equal FLOP, over lengths that both have.

    The unit is the length: members of one job share its clock.  The machine was not idle, so
    this is rough; the interval says how rough.
    """
    cost = (runs["seconds"] / runs["flop"]).groupby([runs["arm"], runs["steps"]]).mean().unstack(0)
    logs = np.log(cost[arm] / cost[baseline]).dropna()
    mean = gain.paired(logs, np.zeros(len(logs)))
    ends = (float(np.exp(x)) for x in (mean.value, mean.low, mean.high))
    return Estimate(*ends, n=len(logs), method="geometric mean over lengths, t interval")


def busiest(runs: pd.DataFrame, arm: str) -> Estimate:
    """Load of the busiest expert over the mean, at the longest runs, over seeds."""
    own = runs[runs["arm"] == arm]
    loads = own.loc[own["steps"] == own["steps"].max(), "busiest"]
    mean = gain.paired(loads, np.zeros(len(loads)))
    return Estimate(mean.value, mean.low, mean.high, mean.n, "mean over seeds, t interval")


def verdict(largest: Estimate, growth: Estimate) -> str:
    """Experts are worth more than their compute, and no less as compute grows.

    Fixed beforehand: refuted where the multiplier's lower end at the largest budget is below
    one, or where the multiplier falls with compute (the whole interval of its slope below zero).

    >>> sure = Estimate(1.3, 1.1, 1.5, 3, "")
    >>> verdict(sure, Estimate(0.1, -0.1, 0.3, 3, "")), verdict(sure, Estimate(-0.2, -0.3, -0.1, 3, ""))
    ('not refuted', 'refuted')
    """
    return "refuted" if largest.low < 1 or growth.high < 0 else "not refuted"


def held_ratio() -> float:
    """All parameters of the arm "bias" over those of the dense arm, which a token uses in both."""
    arms = plan("experts", "cpu").arms
    return total_params(arms["bias"]) / total_params(arms["dense"])

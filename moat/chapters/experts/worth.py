"""What experts are worth against dense models: by the same size, by the best size, by the clock."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.bench.experiments import plan
from moat.bench.flop import total_params
from moat.stats import gain
from moat.stats.estimate import Estimate

#: Equivalence of losses was to mean: within a quarter of a per cent.
MARGIN = 0.0025
NAMES = {
    "dense": "dense",
    "bias": "experts, bias",
    "auxiliary": "experts, auxiliary loss",
    "none": "experts, no balancing",
    "wide": "dense, four times wider",
}


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

"""An arm against a baseline: gains by length, multipliers by budget, time for equal FLOP."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from moat.stats import gain
from moat.stats.estimate import Estimate
from moat.stats.gain import Multiplier


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


def repeated(fresh: pd.DataFrame, recorded: pd.DataFrame) -> str:
    """Whether runs made again reach the recorded losses, as words.

    Processors add up in another order, so losses differ in their last digits and, after some
    steps, in earlier ones.  Both tables are as `moat.bench.runs.table` gives them.
    """
    keys = ["arm", "steps", "seed", "stage"]
    pairs = fresh.merge(recorded, on=keys, suffixes=("", "_then"))
    if pairs.empty:
        return "have nothing recorded to agree with"
    far = (pairs["loss"] - pairs["loss_then"]).abs().max()
    # A run that diverged has no loss, and NaN is not below anything.
    return "agree to within three hundredths of a nat" if far < 0.03 else "do not agree"

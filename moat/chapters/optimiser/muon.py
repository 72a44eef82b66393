"""What Muon is worth against tuned Adam, and whether its gain adds to that of experts."""

from __future__ import annotations

import pandas as pd

from moat.bench.config import Config
from moat.bench.flop import muon_flop, run_flop
from moat.stats import gain
from moat.stats.estimate import Estimate

#: The multiplier that its authors found in compute-optimal training (arXiv:2502.16982, abstract).
CLAIMED = 2.0
NAMES = {
    "adam": "Adam, dense",
    "muon": "Muon, dense",
    "experts": "Adam, experts",
    "muon, experts": "Muon, experts",
}
#: What a reader calls the models of each budget.
PLACES = {"cpu": "small models", "gpu": "larger models"}


def verdict(largest: Estimate) -> str:
    """The claim of a factor of two is refuted at our scale where the whole interval lies below it.

    Fixed beforehand; ``largest`` is the multiplier at the largest budget.

    >>> verdict(Estimate(1.3, 1.1, 1.6, 3, "")), verdict(Estimate(1.8, 1.5, 2.2, 3, ""))
    ('refuted', 'not refuted')
    """
    return "refuted" if largest.high < CLAIMED else "not refuted"


def against(found: Estimate, low: float, high: float) -> str:
    """Where an interval lies relative to a published range: below, above, or overlapping it."""
    if found.high < low:
        return "lies below"
    return "lies above" if found.low > high else "overlaps"


def orthogonalising(config: Config) -> float:
    """Share of a run's FLOP that the Newton-Schulz iterations take.

    >>> round(orthogonalising(Config(optimiser="muon")), 3)
    0.102
    """
    return muon_flop(config) * config.steps / run_flop(config)


def interaction(
    adam: pd.DataFrame, muon: pd.DataFrame, experts: pd.DataFrame, both: pd.DataFrame
) -> Estimate:
    """What both together gain beyond the sum of what each gains alone, nats, paired by seed.

    Each table has columns seed and loss, runs of one length.  Zero: the gains add up.  Raises
    `RunError` for fewer than two seeds that all four have.
    """
    tables = {"adam": adam, "muon": muon, "experts": experts, "both": both}
    wide = pd.concat({k: t.set_index("seed")["loss"] for k, t in tables.items()}, axis=1).dropna()
    return gain.paired(wide["muon"] + wide["experts"], wide["adam"] + wide["both"])


def adds_up(found: Estimate) -> str:
    """The word for an interaction: its sign where the interval leaves no doubt."""
    if found.high < 0:
        return "add up to less than their sum"
    return "add up to more than their sum" if found.low > 0 else "are not told apart from adding up"

"""The gap in effective compute as spending, price, utilisation and algorithms.

All numbers are log10 of leader over follower.  Training compute is bought and used,

    compute = spending - price + use,

with the price of a FLOP at the chip's peak and the share of the peak that is used.  Algorithms
turn it into effective compute.  Their worth may depend on how much compute they are given, so

    effective = (1 + tilt) compute + skill,

where ``tilt`` is zero in the recipe of the first day, by which skill is measured.  With a tilt the
split of a change is not unique, and `parts` averages over orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from moat.errors import FrontierError
from moat.stats.estimate import Estimate, percentile_estimate
from moat.stats.shapley import Shares, State, shares

CAUSES = ("spending", "price", "utilisation", "algorithms")
#: Half of a normal's 90% interval in standard deviations.
REACH = 1.6448536269514722


def drawn(estimate: Estimate, draws: int, rng: np.random.Generator) -> np.ndarray:
    """The value and ``draws`` draws (1 + draws,) that have its 90% interval: two half normals.

    Each side has its own spread, so the end points are kept and the median is the value.

    >>> x = drawn(Estimate(6.0, 5.0, 9.0, 9, "demo", 0.9), 100_000, np.random.default_rng(0))
    >>> float(x[0]), [round(float(q), 1) for q in np.quantile(x[1:], [0.05, 0.5, 0.95])]
    (6.0, [5.0, 6.0, 9.0])
    """
    z = np.concatenate([[0.0], rng.standard_normal(draws)])
    below, above = (estimate.value - estimate.low) / REACH, (estimate.high - estimate.value) / REACH
    return estimate.value + np.where(z < 0, below, above) * z


def logged(estimate: Estimate) -> Estimate:
    """The estimate of a positive quantity as log10.  Raises `FrontierError` where it reaches zero."""
    if estimate.low <= 0:
        raise FrontierError(f"{estimate.method}: a ratio with {estimate.low:g} inside has no logarithm.")
    ends = np.log10([estimate.value, estimate.low, estimate.high]).tolist()
    return Estimate(*ends, n=estimate.n, method=estimate.method, level=estimate.level)


def between(low: float, high: float, draws: int, rng: np.random.Generator) -> np.ndarray:
    """The middle of bounds and ``draws`` uniform draws (1 + draws,): nothing is known in between."""
    return np.concatenate([[(low + high) / 2], rng.uniform(low, high, draws)])


@dataclass(frozen=True)
class Side:
    """One day: leader over follower in log10, one value a draw."""

    effective: np.ndarray
    compute: np.ndarray
    price: np.ndarray
    use: np.ndarray
    tilt: np.ndarray

    def state(self) -> dict[str, np.ndarray]:
        """Its four causes; algorithms are skill and tilt together, (2, draws)."""
        skill = self.effective - (1 + self.tilt) * self.compute
        spending = self.compute + self.price - self.use
        algorithms = np.stack(np.broadcast_arrays(skill, self.tilt))
        return dict(zip(CAUSES, (spending, self.price, self.use, algorithms), strict=True))


def effective(state: State) -> np.ndarray:
    """The gap in effective compute of four causes, log10."""
    skill, tilt = state["algorithms"]
    return (1 + tilt) * (state["spending"] - state["price"] + state["utilisation"]) + skill


def parts(then: Side, now: Side) -> Shares:
    """The change between two days by cause.

    With c the mean of the two gaps in compute and t the new tilt, each part of compute counts 1 + t/2
    times, and algorithms get the change of skill and t c.
    """
    return shares(effective, then.state(), now.state())


def estimates(found: Mapping[str, np.ndarray], n: int, method: str) -> dict[str, Estimate]:
    """Value (the first entry) and 90% interval (of the rest) of each part."""
    return {k: percentile_estimate(v[0], v[1:], n=n, method=method, level=0.9) for k, v in found.items()}

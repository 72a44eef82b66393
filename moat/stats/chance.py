"""What luck alone would give: how many of several rules fire when nothing is there.

The least favourable case is taken throughout: every quantity lies exactly on its threshold, so that
a rule with a 90% interval fires on one side with probability 5%.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

from moat.errors import EvidenceError


def counts(
    sizes: Sequence[int], error: float, *, correlation: float = 0.0, draws: int, seed: int
) -> np.ndarray:
    """(draws,): how many of ``sum(sizes)`` rules fire by luck, each with probability ``error``.

    Rules of one group share data: their luck has the given correlation (a normal copula with one
    common factor a group), groups are independent.  Raises `EvidenceError` outside 0 to 1.

    >>> lucky = counts([28], 0.05, draws=4000, seed=0)
    >>> bool(abs(lucky.mean() - 1.4) < 0.1)
    True
    """
    if not (0 <= error <= 1 and 0 <= correlation <= 1):
        raise EvidenceError(f"Error {error:g} and correlation {correlation:g} are shares, from 0 to 1.")
    rng = np.random.default_rng(seed)
    fired, bar = np.zeros(draws, int), stats.norm.isf(error)
    for size in sizes:
        common, own = rng.standard_normal((draws, 1)), rng.standard_normal((draws, size))
        luck = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
        fired += (luck > bar).sum(axis=1)
    return fired


def at_least(lucky: np.ndarray, found: int) -> float:
    """Probability of ``found`` or more, from `counts`; never exactly zero, as draws are finite."""
    return float((1 + np.sum(lucky >= found)) / (1 + len(lucky)))


def table(
    n: int,
    found: Mapping[str, int],
    *,
    errors: Sequence[float],
    correlations: Sequence[float],
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """One row for each error and correlation: expected count, 90% of counts, luck of each number found."""
    rows = []
    for error, together in product(errors, correlations):
        lucky = counts([n], error, correlation=together, draws=draws, seed=seed)
        low, high = np.quantile(lucky, [0.05, 0.95])
        row = {"error": error, "correlation": together, "expected": n * error, "low": low, "high": high}
        rows.append(row | {name: at_least(lucky, k) for name, k in found.items()})
    return pd.DataFrame(rows)

"""Where a law fits and where it does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def binned_median(
    x: ArrayLike, resid: ArrayLike, *, bins: int = 8, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> pd.DataFrame:
    """Median residual in bins of equal count, with bootstrap intervals.

    Columns x (median of the bin), value, low, high, n.  Resamples rows within each bin, so
    the bins' edges count as fixed.
    """
    x, resid = np.asarray(x, float), np.asarray(resid, float)
    rng = np.random.default_rng(seed)
    tail = (1 - level) / 2
    rows = []
    for members in np.array_split(np.argsort(x, kind="stable"), bins):
        sample = resid[members]
        medians = np.median(rng.choice(sample, (draws, len(sample))), axis=1)
        low, high = np.quantile(medians, [tail, 1 - tail])
        rows.append((np.median(x[members]), np.median(sample), low, high, len(members)))
    return pd.DataFrame(rows, columns=["x", "value", "low", "high", "n"])

"""Where a law fits and where it does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.stats.estimate import sample_estimate


def binned_median(
    x: ArrayLike, resid: ArrayLike, *, bins: int = 8, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> pd.DataFrame:
    """Median residual in bins of equal count, with bootstrap intervals.

    Columns x (median of the bin), value, low, high, n.  Resamples rows within each bin, so
    the bins' edges count as fixed.
    """
    x, resid = np.asarray(x, float), np.asarray(resid, float)
    rows = []
    for i, members in enumerate(np.array_split(np.argsort(x, kind="stable"), bins)):
        middle = sample_estimate(
            resid[members], np.median, draws=draws, seed=seed + i, what="median", level=level
        )
        rows.append((np.median(x[members]), middle.value, middle.low, middle.high, middle.n))
    return pd.DataFrame(rows, columns=["x", "value", "low", "high", "n"])

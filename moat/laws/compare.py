"""Fits side by side: one law on several choices of runs, or two readings of the same runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.errors import FitError
from moat.laws.fit import Fit
from moat.laws.law import Law


def fit_subsets(
    law: Law,
    data: pd.DataFrame,
    subsets: Mapping[str, NDArray[np.bool_]],
    *,
    draws: int,
    seed: int,
    **options: Any,
) -> dict[str, Fit]:
    """Fit each subset of rows with a seed of its own, so that their intervals are independent."""
    return {
        name: law.fit(data[mask].reset_index(drop=True), draws=draws, seed=seed + i, **options)
        for i, (name, mask) in enumerate(subsets.items())
    }


def side_by_side(fits: Mapping[str, Fit], quantities: Mapping[str, Callable]) -> pd.DataFrame:
    """Long table: choice, n, quantity, value, low, high, unfinished draws."""
    rows = []
    for choice, fit in fits.items():
        for quantity, function in quantities.items():
            estimate = fit.derive(function)
            rows.append(
                (choice, fit.nobs, quantity, estimate.value, estimate.low, estimate.high, fit.unfinished)
            )
    return pd.DataFrame(rows, columns=["choice", "n", "quantity", "value", "low", "high", "unfinished"])


def match_runs(left: pd.DataFrame, right: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The rows of ``right`` in the order of ``left``, paired by the nearest ``columns`` in log space.

    Raises `FitError` unless the pairing is one to one.

    >>> a, b = pd.DataFrame({"params": [1e8, 1e9]}), pd.DataFrame({"params": [1.001e9, 1.002e8]})
    >>> match_runs(a, b, ["params"])["params"].tolist()
    [100200000.0, 1001000000.0]
    """
    from scipy.spatial import KDTree  # slow to load, and only this needs it

    here, there = (np.log(frame[list(columns)].to_numpy(float)) for frame in (left, right))
    nearest = KDTree(there).query(here)[1]
    if len(left) != len(right) or len(np.unique(nearest)) < len(left):
        raise FitError("The two tables of runs do not match one to one; compare their sizes and columns.")
    return right.iloc[nearest].reset_index(drop=True)

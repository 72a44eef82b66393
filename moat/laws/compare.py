"""One law fitted to several choices of runs, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.laws.fit import Fit
from moat.laws.law import Law


def fit_subsets(
    law: Law, data: pd.DataFrame, subsets: Mapping[str, NDArray[np.bool_]], *, draws: int, seed: int, **options
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
            rows.append((choice, fit.nobs, quantity, estimate.value, estimate.low, estimate.high, fit.unfinished))
    return pd.DataFrame(rows, columns=["choice", "n", "quantity", "value", "low", "high", "unfinished"])

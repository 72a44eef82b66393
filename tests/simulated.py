"""Runs with a known answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import laws, sources

TRUTH = pd.Series({"E": 1.8, "A": 420.0, "B": 2600.0, "alpha": 0.34, "beta": 0.37})


def chance_band(rate: float, worlds: int) -> float:
    """Three binomial standard errors: how far the share seen in so many worlds may lie from its ``rate``."""
    return 3 * float(np.sqrt(rate * (1 - rate) / worlds))


def worlds(quick: int, all_of_them: int):
    """Few worlds always, which show a gross fault; in the slow tests as many as settle a rate."""
    return pytest.mark.parametrize("worlds", [quick, pytest.param(all_of_them, marks=pytest.mark.slow)])


def simulate(seed: int, *, noise: float = 0.004, rows: int | None = None) -> pd.DataFrame:
    """Runs of the real design with losses of a known law and Laplace noise in the log."""
    table = sources.load("chinchilla-points")[["params", "tokens"]]
    if rows:
        table = table.iloc[:: max(1, len(table) // rows)][:rows]
    rng = np.random.default_rng(seed)
    scatter = rng.laplace(scale=noise / np.sqrt(2), size=len(table)) if noise else 0.0
    loss = laws.Chinchilla().predict(TRUTH, table) * np.exp(scatter)
    return table.assign(loss=loss).reset_index(drop=True)

"""The same dense equivalents by other reasonable choices, for the grids of specifications."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from moat.chapters.sparse_experts.best_hyperparameters import NEAR, Best, best_settings
from moat.chapters.sparse_experts.equivalent import (
    Multipliers,
    dense_equivalents,
    finished,
    law_times,
    read_off,
    size_between,
)
from moat.chapters.sparse_experts.surface import fit_surface
from moat.laws.chinchilla import Chinchilla
from moat.laws.fit import Fit
from moat.laws.routed import Routed
from moat.stats.grid import as_grid

ROUTERS = ("S-Base", "RL-R", "Hash")
LOSSES = {"validation": "loss_validation", "C4": "loss_c4"}
SPARSE_CELL, DENSE_CELL = ["total_params", "params", "tokens"], ["params", "tokens"]


def routed_choices(
    curves: pd.DataFrame,
    fits: Mapping[str, tuple[Fit, Fit]],
    size: float,
    experts: int,
    *,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """The multiplier of ``experts`` at ``size`` by router, loss, seeds and way of reading.

    ``fits`` holds fits of `Routed` and `RoutedFloor` for each router, on all runs and the validation loss.
    Columns router, loss, seeds, reading, value, low, high.  Seed 42 lacks the dense model of 130M.
    """
    rows, options = [], {"draws": draws, "seed": seed}
    for router, (plain, floor) in fits.items():
        rows.append((router, "validation", "all", "law without floor", law_times(plain, size, experts)))
        rows.append((router, "validation", "all", "law with floor", law_times(floor, size, experts)))
        every = {loss: finished(curves, router, loss=column) for loss, column in LOSSES.items()}
        for loss, runs in every.items():
            found = read_off(runs, floor, **options)
            measured = found.estimate(found.row(experts=experts, params=size))
            rows.append((router, loss, "all", "between dense models", measured))
        some = every["validation"]
        for loss, seeds, runs in (("validation", "42", some[some["seed"] == 42]), ("C4", "all", every["C4"])):
            law = Routed().fit(runs, **options)
            rows.append((router, loss, seeds, "law without floor", law_times(law, size, experts)))
    return as_grid(rows, ["router", "loss", "seeds", "reading"])


def layout_choices(curves: pd.DataFrame, size: float, experts: int, router: str = "S-Base") -> pd.DataFrame:
    """Multipliers by share of routed layers and experts that see a token, read between dense models.

    With more than one expert a token goes through more parameters: the active size is that of the
    dense model widened alike.  Columns layers, chosen, value, low, high; repeats of the same
    settings give low and high, single runs none.
    """
    last = curves.loc[curves.groupby("hyper_id")["step"].idxmax()]
    dense = last[(last["router"] == "Dense")]
    plain = dense[dense["flop_increase"] == 1].groupby("params")["loss_validation"].mean()
    here = last[
        np.isclose(last["params"], size, rtol=5e-3)
        & (last["experts"] == experts)
        & (last["router"] == router)
    ]
    rows = []
    for (layers, chosen), part in here.groupby(["routing_frequency", "k"]):
        twin = dense[np.isclose(dense["params"], size, rtol=5e-3) & (dense["flop_increase"] == chosen)]
        active = twin["total_parameter_count"].iloc[0]
        times = size_between(part["loss_validation"], plain.index.to_numpy(float), plain.to_numpy()) / active
        ends = (times.min(), times.max()) if len(times) > 1 else (np.nan, np.nan)
        rows.append((f"{layers:.3g}", f"{chosen:.0f}", len(times), times.mean(), *ends))
    return pd.DataFrame(rows, columns=["layers", "chosen", "runs", "value", "low", "high"])


def step_choices(
    dense: pd.DataFrame, sparse: pd.DataFrame, cell: dict[str, float], *, draws: int, seed: int
) -> pd.DataFrame:
    """The multiplier of one sparse ``cell`` by settings, dense runs and form of the dense loss.

    Columns settings, dense runs, form, value, low, high.
    """
    mine = sparse[np.all([np.isclose(sparse[c], v, rtol=5e-3) for c, v in cell.items()], axis=0)]
    shared = dense["sequences"].isin(sparse["sequences"].unique())
    runs = {
        "all": dense,
        "batches of the sparse grid": dense[shared],
        "up to 60B tokens": dense[dense["tokens"] < 6e10],
    }
    runs |= {
        f"without {size / 1e6:.0f}M": dense[dense["params"] != size] for size in dense["params"].unique()
    }
    rows = []
    for name, some in runs.items():
        for settings, near in {"smoothed, 2%": NEAR, "smoothed, 1%": 0.01, "smoothed, 3%": 0.03}.items():
            if name != "all" and near != NEAR:
                continue
            found = _one(some, mine, near, draws, seed)
            rows.append((settings, name, "quadratic", found.estimate(0)))
    rows.append(
        ("lowest run", "all", "quadratic", _one(dense, mine, None, draws, seed).table["value"].iloc[0])
    )
    cells, goal = best_settings(dense, DENSE_CELL).table, best_settings(mine, SPARSE_CELL).table.iloc[0]
    for form, delta in (("Chinchilla, Huber", 1e-3), ("Chinchilla, least squares", np.inf)):
        p = Chinchilla().fit(cells, draws=0, delta=delta).params
        left = goal["loss"] - p["E"] - p["B"] * goal["tokens"] ** -p["beta"]
        times = (left / p["A"]) ** (-1 / p["alpha"]) / goal["params"]
        rows.append(("smoothed, 2%", "all", form, times))
    return as_grid(rows, ["settings", "dense runs", "form"])


def _one(dense: pd.DataFrame, sparse: pd.DataFrame, near: float | None, draws: int, seed: int) -> Multipliers:
    """Multipliers with runs within ``near`` smoothed, or of the lowest runs for None."""
    options = {"near": NEAR if near is None else near, "draws": draws}
    cells = best_settings(dense, DENSE_CELL, **options, seed=seed).table
    goal = best_settings(sparse, SPARSE_CELL, **options, seed=seed + 1000)
    if near is None:
        cells = cells.assign(loss=cells["lowest"])
        goal = Best(goal.table.assign(loss=goal.table["lowest"]), goal.draws)
    return dense_equivalents(goal, fit_surface(cells, draws=draws, seed=seed))

"""Dense equivalents: the size of the dense model that reaches a routed model's loss on as many tokens.

Three counts must not be mixed.  *Total* parameters are stored; *active* ones are those that a token
goes through; the *dense equivalent* is neither, it is measured.  A multiplier here is dense
equivalent over active.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

from moat.chapters.sparse_experts.best_hyperparameters import Best
from moat.chapters.sparse_experts.surface import Surface
from moat.errors import TooFewPoints
from moat.laws.fit import Fit
from moat.stats.estimate import Estimate, percentile_estimate


@dataclass(frozen=True)
class Multipliers:
    """``table``: one row a routed model, with value, low, high; ``draws`` (rows, draws)."""

    table: pd.DataFrame
    draws: NDArray
    method: str

    def estimate(self, row: int, level: float = 0.95) -> Estimate:
        """The multiplier of one row."""
        value, n = self.table["value"].iloc[row], int(self.table["n"].iloc[row])
        return percentile_estimate(value, self.draws[row], n=n, method=self.method, level=level)

    def row(self, **where: float) -> int:
        """The position of the one row with these values, to half a per cent."""
        hit = np.flatnonzero(
            np.all([np.isclose(self.table[c], v, rtol=5e-3) for c, v in where.items()], axis=0)
        )
        if len(hit) != 1:
            raise TooFewPoints(f"{len(hit)} rows have {where}; exactly one is needed.")
        return int(hit[0])

    def ratio(self, above: int, below: int) -> Estimate:
        """The multiplier of one row over that of another, draw by draw."""
        value = self.table["value"].iloc[above] / self.table["value"].iloc[below]
        n = int(self.table["n"].iloc[[above, below]].max())
        return percentile_estimate(value, self.draws[above] / self.draws[below], n=n, method=self.method)


def finished(
    curves: pd.DataFrame,
    router: str,
    *,
    frequency: float = 0.5,
    active: int = 1,
    loss: str = "loss_validation",
) -> pd.DataFrame:
    """The last point of each run of one router and of the dense models (`routed-curves`).

    Dense models with widened layers (a higher ``flop_increase``) are left out.
    """
    last = curves.loc[curves.groupby("hyper_id")["step"].idxmax()]
    same = (last["routing_frequency"] == frequency) & (last["k"] == active) & (last["router"] == router)
    dense = (last["router"] == "Dense") & (last["flop_increase"] == 1)
    kept = last[same | dense].dropna(subset=[loss])
    return kept.assign(
        loss=kept[loss], kind=np.where(kept["router"] == "Dense", "dense", "routed")
    ).reset_index(drop=True)


def size_between(loss: ArrayLike, params: NDArray, dense_loss: NDArray) -> NDArray:
    """Size of the dense model of equal loss, by monotone interpolation of logarithms.

    >>> round(float(size_between(2.0, np.array([1e8, 1e9, 1e10]), np.array([2.5, 2.0, 1.6]))) / 1e9, 6)
    1.0
    """
    order = np.argsort(dense_loss)
    curve = PchipInterpolator(np.log(dense_loss[order]), np.log(params[order]))
    return np.exp(curve(np.log(loss)))


def read_off(runs: pd.DataFrame, fit: Fit, *, draws: int, seed: int) -> Multipliers:
    """Multipliers without a law: each routed run's loss found between those of measured dense models.

    ``runs`` are those of `finished`.  Rows whose loss lies below that of the largest dense model are
    left out: nothing was measured there.  Draws give every run, routed or dense, a residual of
    ``fit`` (a law that follows the runs) drawn with replacement.
    """
    dense = runs[runs["kind"] == "dense"]
    sizes = np.sort(dense["params"].unique())
    member = (dense["params"].to_numpy()[None] == sizes[:, None]).astype(float)
    member /= member.sum(axis=1, keepdims=True)
    dense_loss = np.log(dense["loss"].to_numpy())
    low, high = np.exp([(member @ dense_loss).min(), (member @ dense_loss).max()])
    table = runs[(runs["kind"] == "routed") & runs["loss"].between(low, high)].reset_index(drop=True)
    rng = np.random.default_rng(seed)
    noise = rng.choice(fit.resid - fit.resid.mean(), (draws + 1, len(dense) + len(table)))
    noise[0] = 0.0
    logs = np.r_[dense_loss, np.log(table["loss"].to_numpy())] + noise
    found = [
        size_between(np.exp(one[len(dense) :]), sizes, np.exp(member @ one[: len(dense)])) for one in logs
    ]
    times = np.array(found).T / table["params"].to_numpy()[:, None]
    columns = ["params", "total_parameter_count", "experts"]
    method = f"monotone interpolation between dense models, {draws:,} draws of residuals"
    return _summarised(table[columns], times, len(dense) + len(table), method)


def change_with_size(found: Multipliers) -> Estimate:
    """By what factor the multiplier changes when the active size grows tenfold, experts held.

    The slope of its logarithm on that of the size, within each number of experts.
    """
    table = found.table
    x = np.log10(table["params"])
    x = (x - x.groupby(table["experts"]).transform("mean")).to_numpy()
    every = np.c_[table["value"], found.draws]
    factors = 10 ** ((x @ np.log10(every)) / (x @ x))
    return percentile_estimate(factors[0], factors[1:], n=len(table), method=found.method)


def law_times(fit: Fit, params: float, experts: float) -> Estimate:
    """The multiplier of ``experts`` at ``params`` by a fitted law of routed models."""
    return fit.derive(lambda p: fit.law.dense_equivalent(p, params, experts) / params)


def law_change(fit: Fit, experts: float) -> Estimate:
    """By what factor the law's multiplier changes for a tenfold active size: the same at any size."""
    size = fit.law.dense_equivalent
    return fit.derive(lambda p: size(p, 1e9, experts) / size(p, 1e8, experts) / 10)


def law_curve(fit: Fit, experts: float, params: NDArray) -> pd.DataFrame:
    """Multipliers along sizes: columns params, value, low, high."""
    found = [law_times(fit, size, experts) for size in params]
    table = pd.DataFrame([(e.value, e.low, e.high) for e in found], columns=["value", "low", "high"])
    return table.assign(params=params)


def dense_equivalents(sparse: Best, dense: Surface) -> Multipliers:
    """Multipliers from a surface of dense losses at the tokens of each cell of ``sparse``.

    ``sparse.table`` has columns total_params, params (active), tokens, loss.  ``inside`` says
    whether dense runs surround the equivalent; the others are extrapolations.
    """
    count = len(sparse.draws.T)
    rows = sparse.table
    sizes = np.array([
        np.r_[dense.size_at(loss, tokens), dense.size_at(drawn, tokens, drawn=True)[:count]]
        for loss, tokens, drawn in zip(rows["loss"], rows["tokens"], sparse.draws, strict=True)
    ])  # fmt: skip
    times = sizes / rows["params"].to_numpy(float)[:, None]
    inside = dense.inside(sizes[:, 0], rows["tokens"].to_numpy(float))
    method = f"quadratic surface of log loss, {count:,} draws of cells and runs"
    return _summarised(rows.assign(inside=inside), times, len(dense.cells), method)


def _summarised(rows: pd.DataFrame, times: NDArray, n: int, method: str) -> Multipliers:
    """``times`` (rows, 1 + draws): the estimate and its draws.  An infinite end stays infinite."""
    low, high = np.quantile(times[:, 1:], [0.025, 0.975], axis=1, method="nearest")
    table = rows.assign(value=times[:, 0], low=low, high=high, n=n, size=times[:, 0] * rows["params"])
    return Multipliers(table.reset_index(drop=True), times[:, 1:], method)

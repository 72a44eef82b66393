"""The best a model can do: the lowest loss over learning rates and batch sizes of a grid.

Two models are compared fairly when each has its best settings.  The lowest run of a grid is a
little lucky, and luckier on a finer grid; so the runs near the best are smoothed by a quadratic in
log rate and log batch, and its lowest value is taken.  Resampling the runs of each cell says how
well that is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.errors import TooFewPoints
from moat.laws.resample import bootstrap_counts
from moat.stats.estimate import Estimate, percentile_estimate

#: Runs within this share of the lowest loss are smoothed: the bowl is quadratic there.
NEAR = 0.02
#: A quadratic in two variables has six coefficients, and needs a few runs more.
COEFFICIENTS, MIN_RUNS = 6, 10


@dataclass(frozen=True)
class Best:
    """``table``: one row a cell, with its lowest loss; ``draws`` (cells, draws): the same by resampling."""

    table: pd.DataFrame
    draws: NDArray

    def at(self, **where: float) -> tuple[float, NDArray]:
        """Loss and draws of the one cell with these values."""
        rows = self.table
        hit = np.flatnonzero(np.all([np.isclose(rows[c], v, rtol=5e-3) for c, v in where.items()], axis=0))
        if len(hit) != 1:
            raise TooFewPoints(f"{len(hit)} cells have {where}; exactly one is needed.")
        return float(rows["loss"].iloc[hit[0]]), self.draws[hit[0]]


def best_settings(
    runs: pd.DataFrame, by: Sequence[str], *, near: float = NEAR, draws: int = 0, seed: int = 0
) -> Best:
    """The lowest smoothed loss of each cell.

    ``runs`` has columns lr, sequences, loss and those of ``by``, whose values name a cell.  The
    table has ``by``, loss, runs (how many were smoothed) and lowest (that of a single run).

    Raises `TooFewPoints` for a cell with fewer than `MIN_RUNS` runs near its lowest.
    """
    rows, drawn = [], []
    for i, (cell, part) in enumerate(runs.groupby(list(by), sort=True)):
        kept = part[part["loss"] <= part["loss"].min() * (1 + near)]
        if len(kept) < MIN_RUNS:
            raise TooFewPoints(f"The cell {cell} has {len(kept)} runs near its best; {MIN_RUNS} are needed.")
        counts = bootstrap_counts(np.arange(len(kept)), draws, seed + i).astype(float)
        values = lowest_of_bowl(kept, np.vstack([np.ones(len(kept)), counts]))
        rows.append((*cell, values[0], len(kept), part["loss"].min()))
        drawn.append(values[1:])
    return Best(pd.DataFrame(rows, columns=[*by, "loss", "runs", "lowest"]), np.array(drawn))


def lowest_of_bowl(runs: pd.DataFrame, weights: NDArray) -> NDArray:
    """The lowest value of a weighted quadratic through ``runs``, one for each row of ``weights``.

    Where the quadratic is no bowl, or its bottom lies outside the runs, the lowest fitted value at
    a run counts instead.
    """
    x, y = (np.log(runs[c].to_numpy(float)) for c in ("lr", "sequences"))
    x, y = x - x.mean(), y - y.mean()
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    normal = np.einsum("dn,ni,nj->dij", weights, basis, basis)
    right = np.einsum("dn,ni,n->di", weights, basis, runs["loss"].to_numpy(float))
    found = np.einsum("dij,dj->di", np.linalg.pinv(normal, hermitian=True), right)
    level, bx, by, xx, xy, yy = found.T
    turn = 4 * xx * yy - xy**2
    with np.errstate(divide="ignore", invalid="ignore"):
        at_x, at_y = (xy * by - 2 * yy * bx) / turn, (xy * bx - 2 * xx * by) / turn
        bottom = level + (bx * at_x + by * at_y) / 2
    bowl = (turn > 0) & (xx > 0)
    within = (x.min() <= at_x) & (at_x <= x.max()) & (y.min() <= at_y) & (at_y <= y.max())
    return np.where(bowl & within, bottom, (found @ basis.T).min(axis=1))


def gain(
    dense: Best, sparse: Best, params: float, active: float, tokens: tuple[float, float]
) -> tuple[Estimate, Estimate, Estimate]:
    """Loss of a dense model minus that of a sparse one on the same tokens, at two lengths, and its growth.

    ``params`` names the dense model, ``active`` the sparse one.
    """
    found = []
    for length in tokens:
        (one, a), (other, b) = dense.at(params=params, tokens=length), sparse.at(params=active, tokens=length)
        found.append(np.r_[one - other, a - b])
    found.append(found[1] - found[0])
    method = "difference of lowest smoothed losses, bootstrap of the runs of each cell"
    return tuple(
        percentile_estimate(x[0], x[1:], n=n, method=method) for x, n in zip(found, (2, 2, 4), strict=True)
    )


def shared_text(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Whether two grids of runs read the same text in the same order: their last batches tell.

    The loss of the very last batch leaves the smoothed loss by how hard that batch is.  Runs of
    equal batch and number of steps end on the same batch if they read the same text.  Both tables
    have columns sequences, iterations, loss, last; the result one row for each pair that both have,
    with the median excess of each.
    """
    key = ["sequences", "iterations"]
    excess = [t.assign(excess=t["last"] - t["loss"]).groupby(key)["excess"].median() for t in (one, other)]
    return pd.concat(excess, axis=1, keys=["one", "other"], join="inner").reset_index()

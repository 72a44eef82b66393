"""Loss over size and tokens without a law: a quadratic in the logarithms, and its inversion.

A scaling law earns its keep where it extrapolates.  Between runs a quadratic needs no belief in a
form, is linear in its coefficients, and says by the hull of its runs where it must not be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import Delaunay

from moat.errors import TooFewPoints

#: More cells than coefficients by this many at least: there must be residuals to resample.
COEFFICIENTS, SPARE = 6, 4


@dataclass(frozen=True)
class Surface:
    """``log L = c0 + c1 n + c2 d + c3 n^2 + c4 n d + c5 d^2``, n and d the centred logarithms.

    ``draws`` (draws, 6) holds the coefficients of a wild bootstrap.

    >>> cells = pd.DataFrame({"params": np.tile([1e8, 2e8, 4e8, 8e8], 3),
    ...                       "tokens": np.repeat([4e9, 1e10, 3e10], 4)})
    >>> cells["loss"] = 60 * cells["params"] ** -0.1 * cells["tokens"] ** -0.05
    >>> surface = fit_surface(cells)
    >>> round(float(surface.size_at(cells["loss"][6], 1e10) / 1e8), 3)
    4.0
    """

    cells: pd.DataFrame
    coefficients: NDArray
    draws: NDArray
    resid: NDArray
    centre: tuple[float, float]

    def size_at(self, loss: ArrayLike, tokens: float, *, drawn: bool = False) -> NDArray:
        """Parameters of the model that reaches ``loss`` on ``tokens``; infinite where none does.

        ``drawn``: one size a bootstrap draw, for ``loss`` of one value or one a draw.
        """
        c0, c1, c2, c3, c4, c5 = (self.draws if drawn else self.coefficients[None]).T
        d = np.log(tokens) - self.centre[1]
        offset = c0 + c2 * d + c5 * d * d - np.log(loss)
        slope = c1 + c4 * d
        turn = slope**2 - 4 * c3 * offset
        with np.errstate(invalid="ignore", over="ignore"):
            # The root on the falling branch, in the form that survives a vanishing curvature.
            n = 2 * offset / (-slope + np.sqrt(turn))
            size = np.exp(n + self.centre[0])
        size = np.where((turn >= 0) & (slope + 2 * c3 * np.nan_to_num(n) < 0), size, np.inf)
        return size if drawn else size.squeeze()

    def inside(self, params: ArrayLike, tokens: ArrayLike) -> NDArray[np.bool_]:
        """Whether the runs surround the point, on logarithmic axes."""
        params, tokens = np.broadcast_arrays(params, tokens)
        finite = np.isfinite(params)
        points = np.log(np.c_[np.where(finite, params, 1.0).ravel(), tokens.ravel()])
        return (self._hull.find_simplex(points, tol=1e-9) >= 0) & finite.ravel()

    @cached_property
    def _hull(self) -> Delaunay:
        return Delaunay(np.log(self.cells[["params", "tokens"]].to_numpy(float)))


def fit_surface(cells: pd.DataFrame, *, draws: int = 0, seed: int = 0) -> Surface:
    """Least squares of log loss over ``cells`` (params, tokens, loss).

    Draws keep the cells and give each its own residual with a random sign (wild bootstrap, Wu
    1986), enlarged by its leverage, so that noise of the losses and what the quadratic cannot
    follow are both in the interval.  Raises `TooFewPoints`.
    """
    if len(cells) < COEFFICIENTS + SPARE:
        raise TooFewPoints(f"A surface needs at least {COEFFICIENTS + SPARE} cells, not {len(cells)}.")
    logs = np.log(cells[["params", "tokens"]].to_numpy(float))
    centre = logs.mean(axis=0)
    n, d = (logs - centre).T
    basis = np.stack([np.ones_like(n), n, d, n * n, n * d, d * d], axis=1)
    fit = sm.OLS(np.log(cells["loss"].to_numpy(float)), basis).fit()
    leverage = fit.get_influence().hat_matrix_diag
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (draws, len(cells)))
    moved = fit.fittedvalues + signs * fit.resid / (1 - leverage)
    drawn = moved @ np.linalg.pinv(basis).T
    return Surface(cells.reset_index(drop=True), fit.params, drawn, fit.resid, tuple(centre))

"""Starting points for the one fit that must find the global minimum."""

from __future__ import annotations

import itertools

import numpy as np

from moat.laws.coordinates import PowerCoordinates
from moat.laws.engine import Array

#: Exponents tried, in natural units; published laws lie between 0.05 and 0.8.
EXPONENTS = np.linspace(0.05, 1.25, 16)
MAX_GRID = 4096
MAX_ROWS = 512
STARTS = 10


def grid_starts(coordinates: PowerCoordinates, loss: Array, *, exponents: int) -> Array:
    """The best points of a grid over the exponents, shape (starts, p).

    Given the exponents a law is linear in its coefficients, so each grid point is one
    small least-squares problem, weighted by 1 / loss^2 because
    log L - log m is close to (L - m) / L.  Shifts start at zero.
    """
    terms, count = coordinates.model.terms, len(coordinates.lift)
    per_axis = min(len(EXPONENTS), max(3, int(MAX_GRID ** (1 / max(exponents, 1)))))
    axis = EXPONENTS[np.linspace(0, len(EXPONENTS) - 1, per_axis).astype(int)]
    grid = np.array(list(itertools.product(axis, repeat=exponents)))
    slopes = np.zeros((len(grid), len(coordinates.spread)))
    slopes[:, :exponents] = grid
    slopes *= coordinates.spread

    rows = np.linspace(0, len(loss) - 1, min(len(loss), MAX_ROWS)).astype(int)
    basis = np.exp(np.einsum("knj,gj->gkn", terms[:, rows, count:], slopes))
    basis /= loss[rows]
    normal = np.einsum("gkn,gjn->gkj", basis, basis, optimize=True)
    right = basis.sum(axis=2)
    ridge = 1e-12 * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(count)
    coefficients = np.linalg.solve(normal + ridge, right[..., None])[..., 0]
    # A coefficient that least squares makes negative is put at a tenth of the loss instead.
    coefficients = np.where(coefficients > 0, coefficients, 0.1 * np.median(loss))
    misfit = ((np.einsum("gk,gkn->gn", coefficients, basis, optimize=True) - 1) ** 2).sum(axis=1)
    best = _spread(grid, misfit, STARTS)
    return np.hstack([np.log(coefficients[best]), slopes[best]])


def _spread(grid: Array, misfit: Array, wanted: int) -> list[int]:
    """The best points, no two of them neighbours on the grid: different basins get a start."""
    step = np.diff(np.unique(grid[:, 0])).max(initial=0.0) if grid.shape[1] else 0.0
    chosen: list[int] = []
    for candidate in np.argsort(misfit, kind="stable"):
        far = all(np.abs(grid[candidate] - grid[c]).max() > 1.5 * step for c in chosen)
        if far:
            chosen.append(int(candidate))
        if len(chosen) == wanted:
            break
    return chosen

"""Laws with one shape parameter: given it, the rest is linear and solved exactly.

A search over several parameters at once can stop in a valley; a search over one number cannot
hide.  The shape is looked for on a grid and refined by Brent's method in the best cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from moat.laws.errors import BadValues, FitError, LengthMismatch, TooFewPoints

GRID = 400


@dataclass(frozen=True)
class Separable:
    """``shape`` and the ``coefficients`` that go with it, the residual sum of squares, n."""

    shape: float
    coefficients: tuple[float, ...]
    rss: float
    n: int


def fit_separable(basis: Callable[[float], np.ndarray], y: ArrayLike, low: float, high: float) -> Separable:
    """Least squares of ``y`` (n,) on ``basis(shape)`` (n, k), the shape between ``low`` and ``high``.

    Raises `BadValues` for what is not finite, `TooFewPoints`, and `FitError` when the best
    shape lies at an end of its range: the data do not determine it.
    """
    y = np.asarray(y, float)
    width = basis(low).shape[1]
    if not np.isfinite(y).all():
        raise BadValues("Every value to be fitted must be a finite number; drop or mend the others first.")
    if len(y) <= width:
        raise TooFewPoints(
            f"{len(y)} points cannot determine {width + 1} parameters; give at least {width + 1}."
        )

    def rss(shape: float) -> float:
        return float(((y - basis(shape) @ _solve(basis(shape), y)) ** 2).sum())

    grid = np.linspace(low, high, GRID)
    best = int(np.argmin([rss(g) for g in grid]))
    if best in (0, GRID - 1):
        raise FitError(
            f"The best shape is at the end of its range [{low:g}, {high:g}]; widen it or add data."
        )
    bracket = (grid[best - 1], grid[best + 1])
    shape = float(optimize.minimize_scalar(rss, bounds=bracket, method="bounded", options={"xatol": 1e-12}).x)
    return Separable(shape, tuple(map(float, _solve(basis(shape), y))), rss(shape), len(y))


def _solve(basis: np.ndarray, y: np.ndarray) -> np.ndarray:
    scale = np.abs(basis).max(axis=0)
    return np.linalg.lstsq(basis / scale, y, rcond=None)[0] / scale


@dataclass(frozen=True)
class TiedLaw:
    """``loss = E + A / params^exponent + B / tokens^exponent`` (arXiv:2403.08540, equation 4).

    One exponent for both terms, so that over-training moves a curve without bending it.
    """

    E: float
    A: float
    B: float
    exponent: float
    n: int

    def predict(self, params: ArrayLike, tokens: ArrayLike) -> np.ndarray:
        """Loss in nats per token, shape of the inputs."""
        params, tokens = np.asarray(params, float), np.asarray(tokens, float)
        return self.E + self.A * params**-self.exponent + self.B * tokens**-self.exponent


def fit_tied(params: ArrayLike, tokens: ArrayLike, loss: ArrayLike) -> TiedLaw:
    """Plain least squares on the loss, as Gadre et al. 2024 do.

    >>> n, d = np.array([1e7, 8e7, 1.5e8, 4e8, 1e7]), np.array([2e8, 1.6e9, 3e9, 8e9, 3.4e9])
    >>> law = fit_tied(n, d, 1.8 + 100 * n**-0.27 + 200 * d**-0.27)
    >>> round(law.exponent, 6), round(law.E, 6)
    (0.27, 1.8)
    """
    params, tokens = np.asarray(params, float), np.asarray(tokens, float)
    if not len(params) == len(tokens) == len(np.asarray(loss)):
        raise LengthMismatch("params, tokens and loss must have one value per run each.")
    if not ((params > 0) & (tokens > 0)).all():
        raise BadValues("Every model needs a positive number of parameters and tokens.")
    fit = fit_separable(
        lambda x: np.column_stack([np.ones_like(params), params**-x, tokens**-x]), loss, 0.02, 1.5
    )
    return TiedLaw(*fit.coefficients, fit.shape, fit.n)


@dataclass(frozen=True)
class ErrorCurve:
    """``error = ceiling - k exp(-rate loss)`` (arXiv:2403.08540, equation 5): error follows loss."""

    ceiling: float
    k: float
    rate: float
    n: int

    def predict(self, loss: ArrayLike) -> np.ndarray:
        return self.ceiling - self.k * np.exp(-self.rate * np.asarray(loss, float))


def fit_error(loss: ArrayLike, error: ArrayLike) -> ErrorCurve:
    """Plain least squares on the error, a share.

    >>> x = np.linspace(2.5, 5.5, 6)
    >>> curve = fit_error(x, 0.86 - 2.2 * np.exp(-0.7 * x))
    >>> round(curve.rate, 6), round(curve.ceiling, 6)
    (0.7, 0.86)
    """
    loss = np.asarray(loss, float)
    fit = fit_separable(lambda x: np.column_stack([np.ones_like(loss), -np.exp(-x * loss)]), error, 0.02, 5.0)
    return ErrorCurve(*fit.coefficients, fit.shape, fit.n)

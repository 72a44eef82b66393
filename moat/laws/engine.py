"""Fit one law to many weightings of the same rows at once.

The objective is that of Hoffmann et al. 2022 (arXiv:2203.15556, section 3.3): the *sum* over
rows of the Huber function of the log residual, or of the plain residual where a law is fitted
on its own scale; an infinite zone makes it least squares.  A bootstrap draw is a row of
integer weights, so all draws share the rows and step together.

A `Model` gives the objective, gradient and Hessian of every draw.  `PowerSum`, here, is the
form of most laws: ``log m = log sum_k exp(X_k @ theta)``, where every term is log-linear in its
parameters, so ``E + A N^-alpha + B D^-beta`` is three terms with
``theta = (log E, log A, log B, alpha, beta)``.  `moat.laws.traced` differentiates any other.

The method is a damped Newton iteration with the full Hessian.  Most residuals of a
scaling fit lie outside the quadratic zone of the Huber function (delta 1e-3 against a
typical residual of 3e-3).  The problem is then nearly least absolute deviations:
Gauss-Newton loses its curvature and the true Hessian may be indefinite, so the damping
matrix must be positive definite by itself (`damping_matrix`).

``benchmarks/race.py`` times it; ``tests/laws/test_engine.py`` holds it against scipy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_STEPS = 200
#: A draw is finished when a Newton step promises less than this share of its objective.
TOLERANCE = 1e-13
#: What rounding leaves of one row's objective: no step can promise less and mean it.
ROUNDING = 1e-28
#: Elements of one work array: a dozen of them then stay in the processor's cache.
CHUNK_ELEMENTS = 60_000


class Model(Protocol):
    """A law on fixed rows: ``size`` coordinates, ``rows`` rows."""

    size: int
    rows: int

    def predict(self, theta: Array) -> Array:
        """The prediction, shape (n,), at one vector of coordinates."""

    def slopes(self, theta: Array) -> Array:
        """Derivatives of the log prediction, shape (n, p), at one vector of coordinates."""

    def derivatives(
        self, theta: Array, weights: Array, target: Array, delta: float, raw: bool
    ) -> tuple[Array, Array, Array]:
        """Objective (b,), gradient (b, p), upper triangle of the Hessian (b, p(p+1)/2)."""


@dataclass(frozen=True)
class Problem:
    """Rows and targets that all draws share.

    ``target`` holds log losses, or losses where ``raw``; its shape is (n,), or (draws, n) where
    each draw brings its own, as in a wild bootstrap.  ``weights`` has shape (draws, n).
    ``fixed`` names coordinates of theta that keep their starting value; ``low`` and ``high``,
    shape (p,), bound the others where they are given.
    """

    model: Model
    target: Array
    weights: NDArray
    delta: float
    fixed: tuple[int, ...] = ()
    raw: bool = False
    low: Array | None = None
    high: Array | None = None


@dataclass(frozen=True)
class Minimum:
    """Where each draw ended: theta (draws, p), objective (draws,), finished (draws,)."""

    theta: Array
    objective: Array
    finished: NDArray[np.bool_]


def residuals(model: Model, theta: Array, target: Array, raw: bool = False) -> Array:
    """Residuals, shape (n,), of one vector of coordinates, on the scale of ``target``."""
    fitted = model.predict(theta)
    return target - (fitted if raw else np.log(fitted))


def huber(residual: Array, delta: float) -> Array:
    """The Huber function, elementwise (Huber 1964)."""
    clipped = np.clip(residual, -delta, delta)
    return clipped * (residual - 0.5 * clipped)


def jacobian(model: Model, theta: Array, raw: bool = False) -> Array:
    """Derivatives of the prediction on the scale of the target, shape (n, p)."""
    slopes = model.slopes(theta)
    return slopes * model.predict(theta)[:, None] if raw else slopes


def damping_matrix(model: Model, theta: Array, target: Array, delta: float, raw: bool = False) -> Array:
    """``J' diag(min(1, 5 delta / |r|)) J`` at theta: positive definite, and scaled like H."""
    slope = jacobian(model, theta, raw)
    size = np.abs(residuals(model, theta, target, raw))
    influence = np.minimum(1.0, 5 * delta / np.maximum(size, 1e-300))
    return (slope * influence[:, None]).T @ slope


def minimise(problem: Problem, start: Array, damping: Array, steps: int = MAX_STEPS) -> Minimum:
    """Run every draw to its minimum from ``start``, shape (p,) or (draws, p), in at most ``steps``.

    ``damping`` is one matrix (p, p) for all draws, or one for each.
    A step that raises the objective, overflows, or meets a Hessian that is not positive
    definite is refused and retried with more damping, so the objective never rises.
    """
    state = _State(problem, start, damping)
    with np.errstate(all="ignore"):
        state.open()
        for _ in range(steps):
            if not len(state.active):
                break
            state.step()
    return Minimum(state.theta, state.objective, state.finished)


class _State:
    """Current point, derivatives and damping of every draw."""

    def __init__(self, problem: Problem, start: Array, damping: Array):
        draws = len(problem.weights)
        p = problem.model.size
        self.problem = problem
        self.upper = rows, columns = np.triu_indices(p)
        #: Entries of the Hessian that touch a held coordinate; they must not couple to a step.
        self.held = np.isin(rows, problem.fixed) | np.isin(columns, problem.fixed)
        self.held_diagonal = self.held & (rows == columns)
        self.damping = np.where(self.held, 0.0, damping[..., *self.upper])
        self.theta = np.broadcast_to(start, (draws, p)).astype(float)
        self.objective = np.empty(draws)
        self.gradient = np.empty((draws, p))
        self.hessian = np.empty((draws, len(rows)))
        self.floor = ROUNDING * problem.model.rows
        self.lam = np.full(draws, 0.1)
        self.finished = np.zeros(draws, bool)
        self.active = np.arange(draws)

    def open(self) -> None:
        self.objective, self.gradient, self.hessian = self._evaluate(self.theta, self.active)

    def step(self) -> None:
        now = self.active
        damping = self.damping if self.damping.ndim == 1 else self.damping[now]
        damped = self.hessian[now] + self.lam[now, None] * damping
        gradient = self._inward(now, damped)
        move, definite = _solve(damped, -gradient, self.upper)
        promised = -np.einsum("bp,bp->b", move, gradient)
        # Damping shortens the step by about 1 + lam; undo that before believing the promise.
        promised *= 1 + self.lam[now]
        settled = definite & (promised <= TOLERANCE * self.objective[now] + self.floor)
        self.finished[now[settled]] = True
        self._raise_damping(now[~definite])

        trying = definite & ~settled
        index = now[trying]
        if len(index):
            self._try(index, self.theta[index] + move[trying])
        self.active = now[~settled]

    def _inward(self, index: NDArray, damped: Array) -> Array:
        """The gradient without what points out of the bounds, and ``damped`` uncoupled from it.

        A coordinate at its bound that would leave it is held for this step (Bertsekas 1982).
        """
        gradient = self.gradient[index]
        if self.problem.low is None:
            return gradient
        theta = self.theta[index]
        out = (theta <= self.problem.low) & (gradient > 0) | (theta >= self.problem.high) & (gradient < 0)
        rows, columns = self.upper
        held = out[:, rows] | out[:, columns]
        damped[held] = 0.0
        damped[held & (rows == columns)] = 1.0
        return np.where(out, 0.0, gradient)

    def _try(self, index: NDArray, trial: Array) -> None:
        if self.problem.low is not None:
            trial = np.clip(trial, self.problem.low, self.problem.high)
        objective, gradient, hessian = self._evaluate(trial, index)
        better = objective <= self.objective[index]  # False where it is not finite
        won = index[better]
        self.theta[won] = trial[better]
        self.objective[won] = objective[better]
        self.gradient[won] = gradient[better]
        self.hessian[won] = hessian[better]
        lower = self.lam[won] / 10
        self.lam[won] = np.where(lower < 1e-6, 0.0, lower)
        self._raise_damping(index[~better])

    def _raise_damping(self, index: NDArray) -> None:
        self.lam[index] = np.maximum(5 * self.lam[index], 0.01)

    def _evaluate(self, theta: Array, index: NDArray) -> tuple[Array, Array, Array]:
        """Objective, gradient and Hessian of the draws ``index`` at ``theta``, in chunks."""
        problem = self.problem
        chunk = max(8, CHUNK_ELEMENTS // problem.model.rows)
        parts = []
        for first in range(0, len(index), chunk):
            rows = index[first : first + chunk]
            target = problem.target if problem.target.ndim == 1 else problem.target[rows]
            weights = problem.weights[rows].astype(float)
            here = theta[first : first + chunk]
            parts.append(problem.model.derivatives(here, weights, target, problem.delta, problem.raw))
        objective, gradient, hessian = (np.concatenate(p) for p in zip(*parts, strict=True))
        gradient[:, list(problem.fixed)] = 0.0
        hessian[:, self.held] = 0.0
        hessian[:, self.held_diagonal] = 1.0
        return objective, gradient, hessian


class PowerSum:
    """``sum_k exp(terms_k @ theta)`` on features ``terms`` of shape (K, n, p).

    Non-zero columns of the terms and of their pairwise products are laid out for GEMM.
    """

    def __init__(self, terms: Array):
        count, self.rows, self.size = terms.shape
        self.terms = terms
        first, second = np.triu_indices(self.size)
        self.columns = [np.flatnonzero(np.any(t != 0, axis=0)) for t in terms]
        self.linear = [np.ascontiguousarray(t[:, c]) for t, c in zip(terms, self.columns, strict=True)]
        self.constant = [bool(np.all(x == x[0])) for x in self.linear]
        self.pairs = []
        for k in range(count):
            for j in range(k, count):
                product = terms[k][:, first] * terms[j][:, second]
                if j != k:
                    product = product + terms[j][:, first] * terms[k][:, second]
                used = np.flatnonzero(np.any(product != 0, axis=0))
                self.pairs.append((k, j, used, np.ascontiguousarray(product[:, used])))

    def predict(self, theta: Array) -> Array:
        return np.exp(self.terms @ theta).sum(axis=0)

    def slopes(self, theta: Array) -> Array:
        weight = np.exp(self.terms @ theta)
        return np.einsum("ki,kip->ip", weight / weight.sum(axis=0), self.terms)

    def derivatives(
        self, theta: Array, weights: Array, target: Array, delta: float, raw: bool
    ) -> tuple[Array, Array, Array]:
        """With u_k the terms, m their sum, r the residual and psi = clip(r, -delta, delta):

        on the scale of m, grad = -sum_i w psi sum_k u_k x_k and
        H = sum_i w 1[|r| < delta] (sum_k u_k x_k)(sum_k u_k x_k)' - sum_k sum_i w psi u_k x_k x_k';
        on the scale of log m the same with s_k = u_k / m for u_k, and 1[...] + psi for 1[...].
        """
        share = self._terms(theta)
        total = sum(share[1:], share[0])
        residual = target - (total if raw else np.log(total))
        psi = np.clip(residual, -delta, delta)
        pull = weights * psi
        bend = weights * (psi == residual)
        residual -= 0.5 * psi
        objective = np.einsum("bi,bi->b", pull, residual)
        if not raw:
            bend += pull
            inverse = 1.0 / total  # a new array: with a single term, total is that term
            share = [s * inverse for s in share]
        pulls = [pull * s for s in share]
        bends = [bend * s for s in share]
        gradient = np.zeros_like(theta)
        for k, (columns, x) in enumerate(zip(self.columns, self.linear, strict=True)):
            gradient[:, columns] -= pulls[k] @ x
        hessian = np.zeros((len(theta), self.size * (self.size + 1) // 2))
        for k, j, used, x in self.pairs:
            coefficient = bends[k] * share[j]
            if k == j:
                coefficient -= pulls[k]
            hessian[:, used] += coefficient @ x
        return objective, gradient, hessian

    def _terms(self, theta: Array) -> list[Array]:
        """``exp(X_k theta)`` of each term: (b, n), or (b, 1) for a term without features."""
        values = []
        for columns, x, constant in zip(self.columns, self.linear, self.constant, strict=True):
            values.append(np.exp(theta[:, columns] @ (x[:1] if constant else x).T))
        return values


def _solve(upper: Array, right: Array, index: tuple[NDArray, NDArray]) -> tuple[Array, NDArray[np.bool_]]:
    """Solve (draws) small symmetric systems by LDL', vectorised over draws and columns.

    ``upper`` (draws, p(p+1)/2) holds the upper triangles.  Returns the solutions and
    whether each matrix was positive definite; where it was not, the solution is unused.
    """
    rows, columns = index
    draws, p = right.shape
    lower = np.empty((p, p, draws))
    lower[columns, rows] = upper.T
    pivots = np.empty((p, draws))
    definite = np.ones(draws, bool)
    for j in range(p):
        column = lower[j:, j]
        if j:
            column -= (lower[j:, :j] * lower[j, :j] * pivots[:j]).sum(axis=1)
        positive = column[0] > 0
        definite &= positive
        pivots[j] = np.where(positive, column[0], 1.0)
        column[1:] /= pivots[j]
    x = right.T.copy()
    for i in range(1, p):
        x[i] -= (lower[i, :i] * x[:i]).sum(axis=0)
    x /= pivots
    for i in reversed(range(p - 1)):
        x[i] -= (lower[i + 1 :, i] * x[i + 1 :]).sum(axis=0)
    return np.ascontiguousarray(x.T), definite

"""Fit one sum of power laws to many weightings of the same rows at once.

The model is ``log m = log sum_k exp(X_k @ theta)``: every term of a law is log-linear in
its parameters, so ``E + A N^-alpha + B D^-beta`` is three terms with
``theta = (log E, log A, log B, alpha, beta)``.  The objective is that of Hoffmann et al.
2022 (arXiv:2203.15556, section 3.3): the *sum* over rows of the Huber function of the log
residual.  A bootstrap draw is a row of integer weights, so all draws share the features
and step together.

The method is a damped Newton iteration with the full Hessian.  Most residuals of a
scaling fit lie outside the quadratic zone of the Huber function (delta 1e-3 against a
typical residual of 3e-3).  The problem is then nearly least absolute deviations:
Gauss-Newton loses its curvature and the true Hessian may be indefinite, so the damping
matrix must be positive definite by itself (`damping_matrix`).

``benchmarks/race.py`` times it; ``tests/laws/test_engine.py`` holds it against scipy.
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Problem:
    """Rows, features and targets that all draws share.

    ``terms`` has shape (K, n, p).  ``log_target`` has shape (n,), or (draws, n) where each
    draw brings its own losses, as in a residual bootstrap.  ``weights`` has shape
    (draws, n).  ``fixed`` names coordinates of theta that keep their starting value.
    """

    terms: Array
    log_target: Array
    weights: NDArray
    delta: float
    fixed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Minimum:
    """Where each draw ended: theta (draws, p), objective (draws,), finished (draws,)."""

    theta: Array
    objective: Array
    finished: NDArray[np.bool_]


def residuals(terms: Array, theta: Array, log_target: Array) -> Array:
    """Log residuals, shape (n,), of one parameter vector."""
    return log_target - np.log(np.exp(terms @ theta).sum(axis=0))


def huber(residual: Array, delta: float) -> Array:
    """The Huber function, elementwise (Huber 1964)."""
    clipped = np.clip(residual, -delta, delta)
    return clipped * (residual - 0.5 * clipped)


def jacobian(terms: Array, theta: Array) -> Array:
    """Derivatives of the log prediction, shape (n, p), at one parameter vector."""
    weight = np.exp(terms @ theta)
    return np.einsum("ki,kip->ip", weight / weight.sum(axis=0), terms)


def damping_matrix(terms: Array, theta: Array, log_target: Array, delta: float) -> Array:
    """``J' diag(min(1, 5 delta / |r|)) J`` at theta: positive definite, and scaled like H."""
    slope = jacobian(terms, theta)
    size = np.abs(residuals(terms, theta, log_target))
    influence = np.minimum(1.0, 5 * delta / np.maximum(size, 1e-300))
    return (slope * influence[:, None]).T @ slope


def minimise(problem: Problem, start: Array, damping: Array) -> Minimum:
    """Run every draw to its minimum from ``start``, shape (p,) or (draws, p).

    A step that raises the objective, overflows, or meets a Hessian that is not positive
    definite is refused and retried with more damping, so the objective never rises.
    """
    state = _State(problem, start, damping)
    with np.errstate(all="ignore"):
        state.open()
        for _ in range(MAX_STEPS):
            if not len(state.active):
                break
            state.step()
    return Minimum(state.theta, state.objective, state.finished)


class _State:
    """Current point, derivatives and damping of every draw."""

    def __init__(self, problem: Problem, start: Array, damping: Array):
        draws = len(problem.weights)
        p = problem.terms.shape[2]
        self.problem = problem
        self.features = _Features(problem.terms)
        rows, columns = self.features.upper
        #: Entries of the Hessian that touch a held coordinate; they must not couple to a step.
        self.held = np.isin(rows, problem.fixed) | np.isin(columns, problem.fixed)
        self.held_diagonal = self.held & (rows == columns)
        self.damping = np.where(self.held, 0.0, damping[self.features.upper])
        self.theta = np.broadcast_to(start, (draws, p)).astype(float)
        self.objective = np.empty(draws)
        self.gradient = np.empty((draws, p))
        self.hessian = np.empty((draws, len(self.damping)))
        self.floor = ROUNDING * problem.terms.shape[1]
        self.lam = np.full(draws, 0.1)
        self.finished = np.zeros(draws, bool)
        self.active = np.arange(draws)

    def open(self) -> None:
        self.objective, self.gradient, self.hessian = self._evaluate(self.theta, self.active)

    def step(self) -> None:
        now = self.active
        damped = self.hessian[now] + self.lam[now, None] * self.damping
        move, definite = _solve(damped, -self.gradient[now], self.features.upper)
        promised = -np.einsum("bp,bp->b", move, self.gradient[now])
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

    def _try(self, index: NDArray, trial: Array) -> None:
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
        chunk = max(8, CHUNK_ELEMENTS // problem.terms.shape[1])
        parts = []
        for first in range(0, len(index), chunk):
            rows = index[first : first + chunk]
            target = problem.log_target if problem.log_target.ndim == 1 else problem.log_target[rows]
            weights = problem.weights[rows].astype(float)
            here = theta[first : first + chunk]
            parts.append(_derivatives(self.features, here, weights, target, problem.delta))
        objective, gradient, hessian = (np.concatenate(p) for p in zip(*parts, strict=True))
        gradient[:, list(problem.fixed)] = 0.0
        hessian[:, self.held] = 0.0
        hessian[:, self.held_diagonal] = 1.0
        return objective, gradient, hessian


class _Features:
    """Non-zero columns of the terms and of their pairwise products, laid out for GEMM."""

    def __init__(self, terms: Array):
        count, _, p = terms.shape
        self.upper = np.triu_indices(p)
        first, second = self.upper
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

    def term_values(self, theta: Array) -> list[Array]:
        """``exp(X_k theta)`` of each term: (b, n), or (b, 1) for a term without features."""
        values = []
        for columns, x, constant in zip(self.columns, self.linear, self.constant, strict=True):
            values.append(np.exp(theta[:, columns] @ (x[:1] if constant else x).T))
        return values


def _derivatives(features: _Features, theta: Array, weights: Array, target: Array, delta: float):
    """Objective (b,), gradient (b, p), upper triangle of the Hessian (b, p(p+1)/2).

    With r the log residual, psi = clip(r, -delta, delta), s_k the share of term k in the
    prediction and g = sum_k s_k x_k the gradient of log m:
    grad = -sum_i w psi g;  H = sum_i w (1[|r| < delta] + psi) g g' - sum_k sum_i w psi s_k x_k x_k'.
    """
    share = features.term_values(theta)
    total = sum(share[1:], share[0])
    residual = target - np.log(total)
    psi = np.clip(residual, -delta, delta)
    inside = psi == residual
    pull = weights * psi
    residual -= 0.5 * psi
    objective = np.einsum("bi,bi->b", pull, residual)
    bend = weights * inside
    bend += pull

    inverse = 1.0 / total  # a new array: with a single term, total is that term
    share = [s * inverse for s in share]
    pulls = [pull * s for s in share]
    bends = [bend * s for s in share]
    gradient = np.zeros_like(theta)
    for k, (columns, x) in enumerate(zip(features.columns, features.linear, strict=True)):
        gradient[:, columns] -= pulls[k] @ x
    hessian = np.zeros((len(theta), len(features.upper[0])))
    for k, j, used, x in features.pairs:
        coefficient = bends[k] * share[j]
        if k == j:
            coefficient -= pulls[k]
        hessian[:, used] += coefficient @ x
    return objective, gradient, hessian


def _solve(upper: Array, right: Array, index) -> tuple[Array, NDArray[np.bool_]]:
    """Solve (draws) small symmetric systems by LDL', vectorised over draws.

    ``upper`` (draws, p(p+1)/2) holds the upper triangles.  Returns the solutions and
    whether each matrix was positive definite; where it was not, the solution is unused.
    """
    p = right.shape[1]
    entry = {(i, j): np.ascontiguousarray(upper[:, t]) for t, (i, j) in enumerate(zip(*index, strict=True))}
    lower: dict[tuple[int, int], Array] = {}
    pivots: list[Array] = []
    definite = np.ones(len(right), bool)
    for j in range(p):
        pivot = entry[j, j] - sum(lower[j, k] ** 2 * pivots[k] for k in range(j))
        definite &= pivot > 0
        pivots.append(np.where(pivot > 0, pivot, 1.0))
        for i in range(j + 1, p):
            below = entry[j, i] - sum(lower[i, k] * lower[j, k] * pivots[k] for k in range(j))
            lower[i, j] = below / pivots[j]
    x = [np.ascontiguousarray(right[:, i]) for i in range(p)]
    for i in range(p):
        x[i] = x[i] - sum(lower[i, k] * x[k] for k in range(i))
    for i in reversed(range(p)):
        x[i] = x[i] / pivots[i] - sum(lower[k, i] * x[k] for k in range(i + 1, p))
    return np.stack(x, axis=1), definite

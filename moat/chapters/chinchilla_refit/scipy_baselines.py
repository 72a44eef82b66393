"""What general-purpose optimisers make of the Huber objective when its scale is ill chosen.

The summed objective of a good fit is about 1e-3 and its mean about 4e-6.  Stopping rules
with absolute tolerances then stop far from the minimum and report success.  Only used to
show that; the fits of this book use `moat.laws.engine`.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from scipy import optimize
from tqdm import tqdm

from moat.laws.engine import Array


def grid_of_starts() -> Array:
    """The 4,500 starts of Hoffmann et al. 2022 (section D.2): log A, log B, log E, alpha, beta."""
    return np.array(
        list(
            itertools.product(
                np.arange(0, 30, 5), np.arange(0, 30, 5), np.arange(-1, 1.5, 0.5),
                np.arange(0, 2.5, 0.5), np.arange(0, 2.5, 0.5),
            )
        )
    )  # fmt: skip


class Objective:
    """Scaled Huber objective and gradient in (log A, log B, log E, alpha, beta), one at a time.

    `value` and `gradient` are for scipy, which asks for both at each point, one after the other: the
    pass over the runs that gives them is made once.  It is written for few calls of numpy, since
    with 240 runs a call costs more than its arithmetic.
    """

    def __init__(self, runs: pd.DataFrame, scale: float, delta: float = 1e-3):
        one, zero = np.ones(len(runs)), np.zeros(len(runs))
        log_n, log_d = np.log(runs["params"].to_numpy()), np.log(runs["tokens"].to_numpy())
        columns = [
            [one, zero, zero, -log_n, zero],
            [zero, one, zero, zero, -log_d],
            [zero, zero, one, zero, zero],
        ]
        self.terms = np.array([np.stack(c, axis=1) for c in columns])
        self.log_loss = np.log(runs["loss"].to_numpy())
        self.scale, self.delta = scale, delta
        self.at, self.found = b"", (0.0, np.empty(0))

    def __call__(self, theta: Array) -> tuple[float, Array]:
        weight = self.terms @ theta
        top = np.maximum.reduce(weight)
        weight -= top
        np.exp(weight, out=weight)
        total = np.add.reduce(weight)
        resid = self.log_loss - np.log(total)
        resid -= top
        psi = np.minimum(np.maximum(resid, -self.delta), self.delta)
        weight /= total
        weight *= psi
        gradient = np.einsum("kn,knp->p", weight, self.terms)
        resid -= 0.5 * psi
        resid *= psi
        return self.scale * np.add.reduce(resid), -self.scale * gradient

    def value(self, theta: Array) -> float:
        self._pass(theta)
        return self.found[0]

    def gradient(self, theta: Array) -> Array:
        self._pass(theta)
        return self.found[1]

    def _pass(self, theta: Array) -> None:
        if theta.tobytes() != self.at:
            self.at, self.found = theta.tobytes(), self(theta)


def descend(runs: pd.DataFrame, starts: Array, *, scale: float, method: str) -> pd.DataFrame:
    """Minimise ``scale`` times the sum from every start with scipy's defaults.

    Columns log_A, log_B, log_E, alpha, beta, objective (unscaled sum), success.
    """
    objective = Objective(runs, scale)
    rows = []
    for start in tqdm(starts, desc=f"{method}, scale {scale:g}", leave=False, disable=None):
        end = optimize.minimize(objective.value, start, jac=objective.gradient, method=method)
        rows.append((*end.x, end.fun / scale, bool(end.success)))
    names = ["log_A", "log_B", "log_E", "alpha", "beta", "objective", "success"]
    return pd.DataFrame(rows, columns=names)

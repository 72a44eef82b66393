"""Race the fit engine against scipy on the same bootstrap draws.

    .venv/bin/python benchmarks/race.py [DRAWS] [ROUNDS]

The peers take turns in every round, so a busy machine slows all alike: read the ratios.  A time
counts only beside the optimum it reached, so each row shows how far the objective lies above the
best one known for its draw.  All are warm: they start from the minimum on all runs.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time

import numpy as np
import pandas as pd
from scipy import optimize
from tqdm import tqdm

from moat import laws, sources
from moat.laws import engine
from moat.laws.design import design
from moat.laws.resample import bootstrap_counts

DELTA = 1e-3
#: A peer that fits draws one by one is timed on this many of them.
ONE_BY_ONE = 20


class Runs:
    """The kept Chinchilla runs, their features and the minimum on all of them."""

    def __init__(self):
        table = sources.load("chinchilla-points").sort_values("loss", ascending=False).iloc[5:]
        self.fit = laws.Chinchilla().fit(table, draws=0, delta=DELTA)
        self.features = design(self.fit.law, self.fit.data)
        self.target = self.fit.log_target
        self.start = self.features.coordinates(self.fit.params.to_numpy())[0]

    def model(self, theta):
        """Log residuals and their Jacobian."""
        terms = self.features.terms
        return engine.residuals(terms, theta, self.target), -engine.jacobian(terms, theta)

    def objective(self, theta, count) -> float:
        return float((count * engine.huber(self.model(theta)[0], DELTA)).sum())


def ours(runs: Runs, counts) -> np.ndarray:
    """All draws together, base fit included."""
    runs.fit.law.fit(runs.fit.data, draws=0, delta=DELTA)
    damping = engine.damping_matrix(runs.features.terms, runs.start, runs.target, DELTA)
    problem = engine.Problem(runs.features.terms, runs.target, counts, DELTA)
    return engine.minimise(problem, runs.start, damping).theta


def least_squares(runs: Runs, counts) -> np.ndarray:
    """scipy's trust region for robust least squares, exact Jacobian, repeated rows."""
    ends = []
    tight = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
    for count in counts:
        rows = np.repeat(np.arange(len(count)), count)

        def resid(theta, rows=rows):
            return runs.model(theta)[0][rows]

        def slope(theta, rows=rows):
            return runs.model(theta)[1][rows]

        end = optimize.least_squares(resid, runs.start, slope, loss="huber", f_scale=DELTA, **tight)
        ends.append(end.x)
    return np.array(ends)


def bfgs(runs: Runs, counts) -> np.ndarray:
    """scipy's BFGS with the exact gradient; the objective is scaled up for its stopping rule."""

    def value(theta, count):
        resid, slope = runs.model(theta)
        psi = count * np.clip(resid, -DELTA, DELTA)
        return 1e6 * (count * engine.huber(resid, DELTA)).sum(), 1e6 * slope.T @ psi

    return np.array(
        [optimize.minimize(value, runs.start, args=(c,), jac=True, method="BFGS").x for c in counts]
    )


PEERS = {"this engine": ours, "scipy least_squares": least_squares, "scipy BFGS": bfgs}


def main(draws: int = 4000, rounds: int = 5) -> None:
    runs = Runs()
    counts = bootstrap_counts(np.arange(len(runs.target)), draws, seed=0)
    best = np.array([runs.objective(t, c) for t, c in zip(ours(runs, counts), counts, strict=True)])
    rows = []
    for _ in tqdm(range(rounds), disable=None):
        for name, peer in PEERS.items():
            some = counts if peer is ours else counts[:ONE_BY_ONE]
            began = time.perf_counter()
            ends = peer(runs, some)
            seconds = (time.perf_counter() - began) / len(some)
            reached = np.array([runs.objective(t, c) for t, c in zip(ends, some, strict=True)])
            rows.append((name, 1000 * seconds, (reached / best[: len(some)] - 1).max()))
    table = pd.DataFrame(rows, columns=["peer", "ms a draw", "worst gap"])
    table = table.groupby("peer", sort=False).agg({"ms a draw": "median", "worst gap": "max"})
    table["times ours"] = table["ms a draw"] / table.loc["this engine", "ms a draw"]
    print(f"{len(runs.target)} runs, {draws:,} draws, {rounds} rounds, one thread")
    print(table.to_string(float_format="{:.3g}".format))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

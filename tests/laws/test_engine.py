"""The engine against slow obvious versions of the same thing."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import optimize

from moat import laws
from moat.laws import engine
from moat.laws.design import design
from moat.laws.resample import bootstrap_counts
from tests.simulated import TRUTH, simulate

LAW = laws.Chinchilla()


def objective(theta, features, target, weights, delta=1e-3):
    """The sum of Huber(log residual), written as in a textbook."""
    resid = target - np.log(np.exp(features.terms @ theta).sum(axis=0))
    size = np.abs(resid)
    return (weights * np.where(size <= delta, size**2 / 2, delta * (size - delta / 2))).sum()


def reference(features, target, weights, starts):
    """The best of many starts with scipy, polished by a method without derivatives."""
    best = None
    for start in starts:
        end = optimize.minimize(lambda t: 1e6 * objective(t, features, target, weights), start, method="BFGS")
        end = optimize.minimize(
            lambda t: 1e6 * objective(t, features, target, weights), end.x, method="Nelder-Mead",
            options={"xatol": 1e-10, "fatol": 1e-10, "maxiter": 20_000, "maxfev": 20_000},
        )  # fmt: skip
        best = end if best is None or end.fun < best.fun else best
    return best.fun / 1e6


@pytest.mark.parametrize("seed", [0, 1])
def test_the_minimum_is_at_most_that_of_scipy(seed):
    runs = simulate(seed, rows=60)
    features, target = design(LAW, runs), np.log(runs["loss"].to_numpy())
    fit = LAW.fit(runs, draws=0)
    middle = features.coordinates(fit.params.to_numpy())[0]
    rng = np.random.default_rng(seed)
    starts = [middle + rng.normal(0, 0.3, len(middle)) for _ in range(4)]
    best = reference(features, target, np.ones(len(runs)), starts)
    assert fit.objective <= best * (1 + 1e-7)


def test_the_objective_is_the_one_it_says():
    runs = simulate(3, rows=50)
    fit = LAW.fit(runs, draws=0)
    features, target = design(LAW, runs), np.log(runs["loss"].to_numpy())
    theta = features.coordinates(fit.params.to_numpy())[0]
    assert fit.objective == pytest.approx(objective(theta, features, target, np.ones(len(runs))), rel=1e-12)
    for step in np.vstack([np.eye(5), -np.eye(5)]) * 1e-3:
        assert objective(theta + step, features, target, np.ones(len(runs))) > fit.objective


def test_draws_together_are_the_draws_one_by_one():
    """Integer weights stand for repeated rows: refit the repeated rows from scratch."""
    runs = simulate(4, rows=60)
    fit = LAW.fit(runs, draws=6, seed=9)
    counts = bootstrap_counts(np.arange(len(runs)), 6, 9)
    for draw, count in zip(fit.replicates.itertuples(index=False), counts, strict=True):
        alone = LAW.fit(runs.loc[np.repeat(runs.index, count)], draws=0)
        np.testing.assert_allclose(list(draw), alone.params, rtol=1e-4)


def test_a_vanishing_zone_gives_least_absolute_deviations():
    """One power law is linear in the logs, so statsmodels' median regression has the answer."""
    runs = simulate(5, rows=80)
    law = laws.Law((laws.Term("A", (("alpha", "params"),)),))
    fit = law.fit(runs, delta=1e-10, draws=0)
    x = sm.add_constant(-np.log(runs["params"].to_numpy()))
    median = sm.QuantReg(np.log(runs["loss"].to_numpy()), x).fit(q=0.5, max_iter=20_000, p_tol=1e-10)
    absolute = np.abs(fit.resid).sum()
    assert absolute <= np.abs(median.resid).sum() * (1 + 1e-9)
    assert np.log(fit.params["A"]) == pytest.approx(median.params[0], rel=1e-4)
    assert fit.params["alpha"] == pytest.approx(median.params[1], rel=1e-3)


def test_a_held_coordinate_stays():
    runs = simulate(6, rows=60)
    features, target = design(LAW, runs), np.log(runs["loss"].to_numpy())
    start = features.coordinates(TRUTH.to_numpy())[0]
    damping = engine.damping_matrix(features.terms, start, target, 1e-3)
    problem = engine.Problem(features.terms, target, np.ones((3, len(runs))), 1e-3, fixed=(3,))
    end = engine.minimise(problem, start, damping)
    assert end.finished.all()
    assert (end.theta[:, 3] == start[3]).all()


def test_coordinates_and_natural_parameters_are_inverse():
    features = design(LAW, simulate(7, rows=40))
    there = features.coordinates(TRUTH.to_numpy())
    np.testing.assert_allclose(features.natural(there)[0], TRUTH, rtol=1e-12)

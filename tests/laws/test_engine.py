"""The engine against slow obvious versions of the same thing."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import optimize

from moat import laws
from moat.errors import FitError
from moat.laws import engine
from moat.laws.resample import bootstrap_counts
from tests.simulated import TRUTH, simulate

LAW = laws.Chinchilla()


def objective(theta, features, target, weights, delta=1e-3, raw=False):
    """The sum of Huber(log residual), written as in a textbook."""
    fitted = np.exp(features.model.terms @ theta).sum(axis=0)
    resid = target - (fitted if raw else np.log(fitted))
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
    features, target = LAW.coordinates(runs), np.log(runs["loss"].to_numpy())
    fit = LAW.fit(runs, draws=0)
    middle = features.inverse(fit.params.to_numpy())[0]
    rng = np.random.default_rng(seed)
    starts = [middle + rng.normal(0, 0.3, len(middle)) for _ in range(4)]
    best = reference(features, target, np.ones(len(runs)), starts)
    assert fit.objective <= best * (1 + 1e-7)


def test_the_objective_is_the_one_it_says():
    runs = simulate(3, rows=50)
    fit = LAW.fit(runs, draws=0)
    features, target = LAW.coordinates(runs), np.log(runs["loss"].to_numpy())
    theta = features.inverse(fit.params.to_numpy())[0]
    assert fit.objective == pytest.approx(objective(theta, features, target, np.ones(len(runs))), rel=1e-12)
    for step in np.vstack([np.eye(5), -np.eye(5)]) * 1e-3:
        assert objective(theta + step, features, target, np.ones(len(runs))) > fit.objective


class Wells:
    """No law but a landscape: along each skew axis a well at -1 and one at 1, and a hill between them."""

    rows = 1

    def __init__(self, axes: np.ndarray):
        self.axes, self.size = axes, len(axes)

    def derivatives(self, theta, weights, target, delta, raw):
        along = theta @ self.axes.T
        hessian = np.einsum("ki,bk,kj->bij", self.axes, 3 * along**2 - 1, self.axes)
        value = ((along**2 - 1) ** 2).sum(axis=1) / 4
        return value, (along**3 - along) @ self.axes, hessian[:, *np.triu_indices(self.size)]


def test_draws_on_a_hill_are_damped_and_those_in_a_well_are_not_held_up():
    """Systems of all draws are solved together, also where some of them are not definite."""
    rng = np.random.default_rng(0)
    for size, draws in ((1, 4), (3, 1), (5, 30), (9, 2)):
        axes = np.eye(size) + rng.normal(0, 0.3, (size, size)) / size
        place = np.full((draws, size), 1.2)
        place[1:2] = 0.2  # less than 1 / sqrt(3): on the hill
        wells = engine.Problem(Wells(axes), np.zeros(1), np.ones((draws, 1)), np.inf)
        start = place @ np.linalg.inv(axes).T
        found = engine.minimise(wells, start, axes.T @ axes, steps=25)
        assert found.finished.all()
        np.testing.assert_allclose(found.theta @ axes.T, np.ones((draws, size)), rtol=1e-8)
        # Newton's steps double the digits: only a wrong solution of a system needs more of them.
        soon = engine.minimise(wells, start, axes.T @ axes, steps=12).finished
        assert np.delete(soon, slice(1, 2)).all()


def test_fits_to_many_targets_are_the_fits_one_by_one():
    runs = simulate(11, rows=60)
    targets = runs["loss"].to_numpy() * np.exp(np.random.default_rng(0).normal(0, 0.003, (4, 60)))
    for law in (LAW, laws.Tied()):
        together = laws.fit_targets(law, runs, targets, delta=np.inf)
        for (_, found), loss in zip(together.iterrows(), targets, strict=True):
            alone = law.fit(runs.assign(loss=loss), delta=np.inf, draws=0)
            np.testing.assert_allclose(found, alone.params, rtol=1e-7)
    with pytest.raises(FitError, match="not followed together"):
        laws.fit_targets(LAW, runs, targets, delta=1e-3)


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
    law = laws.SumOfPowers((laws.Term("A", (("alpha", "params"),)),))
    fit = law.fit(runs, delta=1e-10, draws=0)
    x = sm.add_constant(-np.log(runs["params"].to_numpy()))
    median = sm.QuantReg(np.log(runs["loss"].to_numpy()), x).fit(q=0.5, max_iter=20_000, p_tol=1e-10)
    absolute = np.abs(fit.resid).sum()
    assert absolute <= np.abs(median.resid).sum() * (1 + 1e-9)
    assert np.log(fit.params["A"]) == pytest.approx(median.params[0], rel=1e-4)
    assert fit.params["alpha"] == pytest.approx(median.params[1], rel=1e-3)


def test_a_held_coordinate_stays():
    runs = simulate(6, rows=60)
    features, target = LAW.coordinates(runs), np.log(runs["loss"].to_numpy())
    start = features.inverse(TRUTH.to_numpy())[0]
    damping = engine.damping_matrix(features.model, start, target, 1e-3)
    problem = engine.Problem(features.model, target, np.ones((3, len(runs))), 1e-3, fixed=(3,))
    end = engine.minimise(problem, start, damping)
    assert end.finished.all()
    assert (end.theta[:, 3] == start[3]).all()


def test_coordinates_and_natural_parameters_are_inverse():
    features = LAW.coordinates(simulate(7, rows=40))
    there = features.inverse(TRUTH.to_numpy())
    np.testing.assert_allclose(features.natural(there)[0], TRUTH, rtol=1e-12)


def test_on_the_scale_of_the_loss_the_minimum_is_that_of_scipy():
    runs = simulate(8, rows=60)
    fit = LAW.fit(runs, scale="raw", delta=3e-3, draws=0)
    features, target = LAW.coordinates(runs), runs["loss"].to_numpy()
    theta = features.inverse(fit.params.to_numpy())[0]
    every = np.ones(len(runs))
    assert fit.objective == pytest.approx(
        objective(theta, features, target, every, 3e-3, raw=True), rel=1e-12
    )
    rng = np.random.default_rng(8)
    for _ in range(4):
        end = optimize.minimize(
            lambda t: 1e4 * objective(t, features, target, every, 3e-3, raw=True),
            theta + rng.normal(0, 0.2, 5),
            method="Nelder-Mead",
            options={"maxiter": 20_000, "maxfev": 20_000},
        )
        assert fit.objective <= end.fun / 1e4 * (1 + 1e-9)


def test_an_infinite_zone_is_least_squares():
    runs = simulate(9, rows=60)
    law = laws.SumOfPowers((laws.Term("A", (("alpha", "params"),)),))
    fit = law.fit(runs, delta=np.inf, draws=0)
    line = sm.OLS(np.log(runs["loss"].to_numpy()), sm.add_constant(-np.log(runs["params"].to_numpy()))).fit()
    # The last step may still promise a share `TOLERANCE` of the objective: so many standard errors.
    near = np.sqrt(engine.TOLERANCE * line.df_resid) * line.bse
    assert (np.abs([np.log(fit.params["A"]), fit.params["alpha"]] - line.params) <= near).all()
    assert fit.r_squared == pytest.approx(line.rsquared)


def test_bounds_hold_and_the_rest_is_optimal():
    """Held at its bound, a coordinate leaves the others at the minimum that holding it gives."""
    runs = simulate(10, rows=60)
    features, target = LAW.coordinates(runs), np.log(runs["loss"].to_numpy())
    start = features.inverse(TRUTH.to_numpy())[0]
    damping = engine.damping_matrix(features.model, start, target, 1e-3)
    free = engine.minimise(engine.Problem(features.model, target, np.ones((1, 60)), 1e-3), start, damping)
    low, high = np.full(5, -np.inf), np.full(5, np.inf)
    high[3] = start[3] = free.theta[0, 3] - 0.02
    bounded = engine.Problem(features.model, target, np.ones((1, 60)), 1e-3, low=low, high=high)
    held = engine.Problem(features.model, target, np.ones((1, 60)), 1e-3, fixed=(3,))
    ends = [engine.minimise(problem, start, damping) for problem in (bounded, held)]
    assert ends[0].finished.all()
    assert ends[0].theta[0, 3] == high[3]
    np.testing.assert_allclose(ends[0].objective, ends[1].objective, rtol=1e-9)

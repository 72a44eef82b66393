"""Likelihood, published constants, comparison of fits, optimisers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from moat import laws, sources
from moat.chapters.chinchilla_refit import likelihood, scipy_baselines
from tests.simulated import simulate

LAW = laws.Chinchilla()


def test_the_density_behind_the_likelihood_integrates_to_one():
    """With one residual and a given scale the likelihood is the density itself."""
    delta, scale = 0.5, 0.3
    inner = lambda r: np.where(abs(r) <= delta, r**2 / 2, delta * (abs(r) - delta / 2))
    mass = integrate.quad(lambda r: np.exp(-inner(r / scale)) / scale, -40, 40, points=[-0.15, 0.15])[0]
    resid = np.array([0.2, -0.1, 0.7, -0.4])
    best = likelihood.huber_likelihood(resid, delta)
    at = lambda s: sum(-inner(r / s) - np.log(s * mass) for r in resid)
    assert best.loglik == pytest.approx(at(best.scale), rel=1e-6)
    assert all(at(best.scale) >= at(best.scale * f) for f in (0.9, 1.1))


def test_likelihood_ratio_is_wilks():
    statistic, p = likelihood.likelihood_ratio(10.0, 10.0 - 3.841458820694124 / 2, df=1)
    assert statistic == pytest.approx(3.8414588)
    assert p == pytest.approx(0.05)


def test_published_constants_are_the_printed_ones():
    constants = sources.load("scaling-law-constants")
    printed = laws.published(constants, "Hoffmann et al. 2022")
    assert printed.to_dict() == {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}
    unrounded = laws.published(constants, "Hoffmann et al. 2022", laws.UNROUNDED)
    np.testing.assert_allclose(unrounded, printed, rtol=0.02)
    with pytest.raises(laws.FitError, match="lack E"):
        laws.published(constants, "Nobody 2020")


def test_subsets_are_fitted_with_seeds_of_their_own():
    runs = simulate(0)
    half = np.arange(len(runs)) % 2 == 0
    fits = laws.fit_subsets(LAW, runs, {"even": half, "odd": ~half}, draws=50, seed=3)
    assert {fit.seed for fit in fits.values()} == {3, 4}
    table = laws.side_by_side(fits, {"beta": lambda p: p["beta"]})
    assert table["choice"].tolist() == ["even", "odd"]
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()


def test_runs_that_do_not_match_one_to_one_are_refused():
    runs = simulate(0, rows=20)
    assert (
        laws.match_runs(runs, runs.iloc[::-1], ["params", "tokens"])["loss"].tolist() == runs["loss"].tolist()
    )
    for other in (runs.head(19), runs.assign(params=runs["params"].iloc[0], tokens=runs["tokens"].iloc[0])):
        with pytest.raises(laws.FitError, match="one to one"):
            laws.match_runs(runs, other, ["params", "tokens"])


def test_an_averaged_objective_misleads_an_optimiser_and_a_scaled_one_does_not():
    runs = simulate(1)
    fit = LAW.fit(runs, draws=0)
    starts = scipy_baselines.grid_of_starts()
    assert len(starts) == 4500
    ends = {
        scale: scipy_baselines.descend(runs, starts[::150], scale=scale, method="L-BFGS-B")
        for scale in (1 / len(runs), 1e6)
    }
    hits = {scale: (end["objective"] < fit.objective * (1 + 1e-6)).mean() for scale, end in ends.items()}
    assert hits[1e6] > hits[1 / len(runs)]
    assert min(end["objective"].min() for end in ends.values()) >= fit.objective * (1 - 1e-9)
    assert ends[1 / len(runs)]["success"].mean() > 0.9


def test_medians_in_bins_follow_the_curve():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, 800)
    table = laws.binned_median(x, x**2 + rng.normal(0, 0.01, 800), bins=4)
    assert table["n"].sum() == 800
    assert ((table["low"] <= table["x"] ** 2 + 0.01) & (table["high"] >= table["x"] ** 2 - 0.01)).all()

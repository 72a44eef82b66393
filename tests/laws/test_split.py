"""The tests of splits: quiet when one law holds, loud when two do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from moat import laws
from tests.simulated import TRUTH, simulate, worlds

LAW = laws.Chinchilla()


def family(runs):
    """Three halves of the runs that have nothing to do with each other."""
    rng = np.random.default_rng(0)
    large = (runs["params"] > runs["params"].median()).to_numpy()
    long = (runs["tokens"] > runs["tokens"].median()).to_numpy()
    return {"size": large, "length": long, "coin": rng.random(len(runs)) < 0.5}


def adjusted(runs, seed):
    fit = LAW.fit(runs, draws=0)
    return laws.split_tests(fit, family(runs), draws=39, seed=seed)["p_adjusted"]


@worlds(8, 40)
def test_one_law_is_seldom_rejected(worlds):
    """At a level of 10% the smallest adjusted p of a family rejects in about 10% of data sets."""
    rejected = [adjusted(simulate(100 + i), i).min() <= 0.10 for i in range(worlds)]
    assert sum(rejected) <= binom.isf(0.01, worlds, 0.1)  # of 40, 4 are expected and 9 allowed


def test_two_laws_are_found_and_the_right_split_is_the_strongest():
    runs = simulate(1)
    other = TRUTH.copy()
    other["beta"] = 0.30
    large = family(runs)["size"]
    noise = np.exp(np.random.default_rng(1).laplace(scale=0.003, size=len(runs)))
    runs["loss"] = np.where(large, LAW.predict(TRUTH, runs), LAW.predict(other, runs)) * noise
    fit = LAW.fit(runs, draws=0)
    table = laws.split_tests(fit, family(runs), draws=99)
    assert table["statistic"].idxmax() == "size"
    assert table.loc["size", "p_adjusted"] == pytest.approx(0.01)
    assert table.loc["coin", "p_adjusted"] > 0.05
    assert table.loc["size", "statistic"] > table.loc["size", "chance"]


@worlds(5, 20)
def test_noise_of_unequal_size_is_not_taken_for_a_second_law(worlds):
    """Small runs are read ten times worse; still one law, and any split must see that."""
    rejected = 0
    for i in range(worlds):
        runs = simulate(200 + i, noise=0.001)
        noisy = ~family(runs)["size"]
        runs.loc[noisy, "loss"] *= np.exp(np.random.default_rng(i).normal(0, 0.01, noisy.sum()))
        rejected += adjusted(runs, i).min() <= 0.10
    assert rejected <= binom.isf(0.003, worlds, 0.1)  # of 20, 2 are expected and 6 allowed


def test_random_splits_are_those_fitted_one_by_one():
    runs = simulate(4, rows=80)
    fit = LAW.fit(runs, draws=0)
    order = np.random.default_rng(5).permuted(np.tile(np.arange(80), (3, 1)), axis=1)
    slow = [
        fit.objective - sum(LAW.fit(runs[side], draws=0).objective for side in (row < 30, row >= 30))
        for row in order
    ]
    np.testing.assert_allclose(laws.random_splits(fit, 30, draws=3, seed=5), slow, rtol=1e-6)


def test_a_common_offset_is_found_by_the_nested_test():
    runs = simulate(2).assign(group=lambda t: (np.arange(len(t)) % 2).astype(float))
    shifted_runs = runs.assign(loss=runs["loss"] * np.exp(0.004 * runs["group"]))
    law = laws.SumOfPowers(LAW.terms, shifts=(("shift", "group"),))
    for data, there in ((runs, False), (shifted_runs, True)):
        null, full = LAW.fit(data, draws=0), law.fit(data, draws=0)
        _, p = laws.nested_test(null, full, draws=99)
        assert (p < 0.05) is there
    assert full.params["shift"] == pytest.approx(0.004, abs=0.001)


def test_wrong_requests_are_refused():
    runs = simulate(3)
    fit = LAW.fit(runs, draws=0)
    few = np.arange(len(runs)) < 8
    with pytest.raises(laws.TooFewPoints, match="'few'"):
        laws.split_tests(fit, {"few": few}, draws=9)
    single = laws.SumOfPowers(LAW.terms[:2]).fit(runs, draws=0)
    with pytest.raises(laws.FitError, match="does not contain"):
        laws.nested_test(fit, single, draws=9)

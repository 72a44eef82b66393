"""Intervals cover the truth at the rate they promise: 200 data sets with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from moat import laws
from tests.simulated import TRUTH, simulate

SETS, DRAWS = 200, 300


@pytest.fixture(scope="module")
def fits():
    return [laws.Chinchilla().fit(simulate(1000 + i), draws=DRAWS, seed=i) for i in range(SETS)]


def rate(intervals, truth: float) -> float:
    return float(np.mean([low <= truth <= high for low, high in intervals]))


@pytest.mark.parametrize("name", list(TRUTH.index))
def test_bootstrap_intervals_cover(fits, name):
    assert all(fit.status is laws.Status.CONVERGED for fit in fits)
    assert sum(fit.unfinished for fit in fits) < 0.001 * SETS * DRAWS
    assert 0.90 <= rate([fit.conf_int().loc[name] for fit in fits], TRUTH[name]) <= 0.99


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_profile_intervals_cover(fits, name):
    assert 0.90 <= rate([laws.profile(fit, name).interval for fit in fits], TRUTH[name]) <= 0.99


def test_the_best_ratio_is_covered(fits):
    law = laws.Chinchilla()
    ratio = lambda p: law.optimal(p, 1e24)["tokens_per_param"]
    found = [fit.derive(ratio) for fit in fits]
    assert 0.90 <= rate([(e.low, e.high) for e in found], ratio(TRUTH).item()) <= 0.99


def test_the_estimates_are_not_biased_by_much(fits):
    """The mean of 200 estimates lies within half a standard error of the truth."""
    table = np.array([fit.params.to_numpy() for fit in fits])
    bias = (table.mean(axis=0) - TRUTH.to_numpy()) / table.std(axis=0)
    assert (np.abs(bias[[0, 3, 4]]) < 0.5).all()

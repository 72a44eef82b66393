"""Intervals cover the truth at the rate they promise, on data sets with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from moat import laws
from tests.simulated import TRUTH, chance_band, simulate

SETS, DRAWS = 200, 300


@pytest.fixture(scope="module", params=[30, pytest.param(SETS, marks=pytest.mark.slow)])
def fits(request):
    return [laws.Chinchilla().fit(simulate(1000 + i), draws=DRAWS, seed=i) for i in range(request.param)]


def covered(intervals, truth: float) -> bool:
    """At 95%: of all sets nine to ninety-nine in a hundred; of fewer, what chance adds to that."""
    slack = chance_band(0.95, len(intervals)) - chance_band(0.95, SETS)
    rate = float(np.mean([low <= truth <= high for low, high in intervals]))
    return 0.90 - slack <= rate <= min(1.0, 0.99 + slack)


@pytest.mark.parametrize("name", list(TRUTH.index))
def test_bootstrap_intervals_cover(fits, name):
    assert all(fit.status is laws.Status.CONVERGED for fit in fits)
    assert sum(fit.unfinished for fit in fits) < 0.001 * len(fits) * DRAWS
    assert covered([fit.conf_int().loc[name] for fit in fits], TRUTH[name])


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_profile_intervals_cover(fits, name):
    assert covered([laws.profile(fit, name).interval for fit in fits], TRUTH[name])


def test_the_best_ratio_is_covered(fits):
    law = laws.Chinchilla()
    ratio = lambda p: law.optimal(p, 1e24)["tokens_per_param"]
    found = [fit.derive(ratio) for fit in fits]
    assert covered([(e.low, e.high) for e in found], ratio(TRUTH).item())


def test_the_estimates_are_not_biased_by_much(fits):
    """The mean of many estimates lies within half a standard error of the truth, and chance."""
    table = np.array([fit.params.to_numpy() for fit in fits])
    bias = (table.mean(axis=0) - TRUTH.to_numpy()) / table.std(axis=0)
    slack = 3 / np.sqrt(len(fits)) - 3 / np.sqrt(SETS)
    assert (np.abs(bias[[0, 3, 4]]) < 0.5 + slack).all()

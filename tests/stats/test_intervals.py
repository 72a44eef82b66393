"""Intervals against the same quantities by other routes of scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from moat.errors import RunError
from moat.stats import intervals
from moat.stats.estimate import share_interval


def test_the_interval_of_a_mean_is_that_of_a_one_sample_test():
    values = np.random.default_rng(0).normal(3, 2, 7)
    found = intervals.mean(values, method="", level=0.9)
    assert (found.low, found.high) == pytest.approx(
        tuple(stats.ttest_1samp(values, 0).confidence_interval(0.9)), rel=1e-12
    )
    half = intervals.half_width(stats.sem(values), len(values) - 1, 0.9)
    assert found.half_width == pytest.approx(half, rel=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.4, 0.8, 1.6])
def test_equal_is_what_two_one_sided_tests_say(shift):
    rng = np.random.default_rng(1)
    for _ in range(20):
        one, two = rng.normal(0, 0.7, 9), rng.normal(shift, 0.7, 9)
        paired = intervals.mean(one - two, method="", level=0.9)
        apart = intervals.difference(two, one, method="", level=0.9)
        p_paired, p_apart = ttost_paired(one, two, -1, 1)[0], ttost_ind(one, two, -1, 1, usevar="unequal")[0]
        assert (intervals.equivalence(paired, 1) == "equal") == (p_paired < 0.05)
        assert (intervals.equivalence(apart, 1) == "equal") == (p_apart < 0.05)


def test_shares_have_the_intervals_of_scipy():
    for how, name in (("wilson", "wilson"), ("beta", "exact")):
        for hits in (0, 7, 20):
            theirs = stats.binomtest(hits, 20).proportion_ci(0.9, method=name)
            assert share_interval(hits, 20, level=0.9, how=how) == pytest.approx(
                (100 * theirs.low, 100 * theirs.high), abs=1e-10
            )


def test_a_sum_of_symmetric_intervals_adds_variances():
    assert intervals.square_and_add([(1, -2, 4), (2, -2, 6)]) == (3, -2, 8)


def test_too_few_values_are_refused_in_the_words_of_the_caller():
    with pytest.raises(RunError, match="two seeds"):
        intervals.mean([1.0], method="", needs="Give two seeds.", error=RunError)
    with pytest.raises(RunError, match="two seeds"):
        intervals.difference([1.0, np.nan], [1.0, 2.0], method="", needs="Give two seeds.", error=RunError)

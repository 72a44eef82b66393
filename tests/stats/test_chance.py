"""What luck gives: binomial without correlation, all or nothing with full correlation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from moat.evidence import EvidenceError
from moat.stats import chance


def test_independent_rules_are_binomial():
    lucky = chance.counts([28], 0.05, draws=60_000, seed=0)
    for k in range(6):
        assert np.mean(lucky == k) == pytest.approx(stats.binom.pmf(k, 28, 0.05), abs=0.006)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6, 1.0])
def test_correlation_spreads_the_count_and_leaves_its_mean(correlation):
    lucky = chance.counts([28], 0.05, correlation=correlation, draws=60_000, seed=1)
    assert lucky.mean() == pytest.approx(1.4, abs=0.12)
    spread = lucky.var()
    alone = 28 * 0.05 * 0.95
    assert (spread > 1.5 * alone) if correlation else spread == pytest.approx(alone, rel=0.05)


def test_pairs_share_luck_as_the_normal_copula_says():
    lucky = chance.counts([2], 0.05, correlation=0.5, draws=200_000, seed=2)
    bar = stats.norm.isf(0.05)
    both = stats.multivariate_normal(cov=[[1, 0.5], [0.5, 1]]).cdf([-bar, -bar])
    assert np.mean(lucky == 2) == pytest.approx(both, rel=0.08)


def test_full_correlation_is_all_or_nothing_within_a_group_only():
    lucky = chance.counts([5, 3], 0.2, correlation=1.0, draws=20_000, seed=3)
    assert set(lucky) == {0, 3, 5, 8}
    assert np.mean(lucky == 8) == pytest.approx(0.04, abs=0.006)


def test_a_tail_is_never_zero():
    assert chance.at_least(np.array([0, 1, 2]), 2) == pytest.approx(0.5)
    assert chance.at_least(np.zeros(99), 5) == pytest.approx(0.01)
    assert chance.at_least(np.zeros(99), 0) == 1


@pytest.mark.parametrize(("error", "correlation"), [(1.2, 0.0), (-0.1, 0.0), (0.05, 1.5)])
def test_shares_are_shares(error, correlation):
    with pytest.raises(EvidenceError, match="from 0 to 1"):
        chance.counts([3], error, correlation=correlation, draws=10, seed=0)


def test_the_table_has_a_row_for_each_error_and_correlation():
    rows = chance.table(
        28, {"supported": 5}, errors=(0.05, 0.1), correlations=(0.0, 0.5), draws=20_000, seed=4
    )
    assert rows[["error", "correlation"]].values.tolist() == [[0.05, 0], [0.05, 0.5], [0.1, 0], [0.1, 0.5]]
    assert rows["expected"].tolist() == pytest.approx([1.4, 1.4, 2.8, 2.8])
    assert rows["supported"].iloc[0] == pytest.approx(stats.binom.sf(4, 28, 0.05), abs=0.003)
    assert (rows["low"] <= rows["expected"]).all()

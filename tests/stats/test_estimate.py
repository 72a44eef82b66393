import numpy as np
import pytest

from moat.errors import MoatError
from moat.stats.estimate import Estimate, percentile_estimate, sample_estimate, share_estimate


def test_an_estimate_must_be_finite_and_upright():
    with pytest.raises(MoatError, match="finite"):
        Estimate(float("nan"), 0, 1, n=3, method="m")
    with pytest.raises(MoatError, match="upside down"):
        Estimate(0.5, 1, 0, n=3, method="m")


def test_percentiles_are_those_of_the_replicates():
    found = percentile_estimate(50, np.arange(101), n=10, method="m", level=0.9)
    assert (found.low, found.high) == pytest.approx((5, 95))
    assert found.level == 0.9


def test_the_mean_of_a_sample_is_covered_at_its_rate():
    rng = np.random.default_rng(0)
    hits = 0
    for i in range(200):
        found = sample_estimate(rng.normal(3, 1, 60), np.mean, draws=300, seed=i, what="mean")
        hits += found.low <= 3 <= found.high
    assert 0.90 <= hits / 200 <= 0.99


def test_a_single_value_has_no_interval():
    with pytest.raises(MoatError, match="at least two"):
        sample_estimate([1.0], np.mean, draws=10, seed=0, what="mean")


def test_a_share_of_all_still_has_an_interval():
    found = share_estimate(np.ones(20, bool), method="share")
    assert found.value == 100
    assert 80 < found.low < 90
    assert found.high == 100

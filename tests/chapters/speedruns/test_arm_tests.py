"""Arms with seeds: the tests hold their level, equality can be denied, a price of loss is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import sources
from moat.chapters.speedruns import arm_tests
from moat.errors import FrontierError
from moat.stats.estimate import Estimate


def arm(rng, n, loss=3.28, sd=0.0013, time=80.0):
    return pd.DataFrame({"loss": rng.normal(loss, sd, n), "train_time": rng.normal(time, 0.1, n)})


def test_published_statistics_of_the_down_projection_are_found():
    """statistics.md in the folder of record 89: +0.0001230769 nats, Welch p 0.8587465."""
    runs = arm_tests.arms(sources.load("speedrun-runs"))
    folder = "2026-07-17_FP8DownProjection/"
    base, new = (runs[runs["arm"].str.startswith(folder + x)] for x in ("baseline", "this_pr"))
    assert (len(base), len(new)) == (13, 13)
    found = arm_tests.difference(base["loss"], new["loss"])
    assert found.value == pytest.approx(0.0001230769, abs=1e-9)
    welch, shuffled = arm_tests.p_value(base["loss"], new["loss"], draws=500, seed=0)
    assert welch == pytest.approx(0.8587465, abs=1e-6)
    assert shuffled > 0.6


def test_the_interval_of_a_difference_covers():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        found = arm_tests.difference(rng.normal(0, 1, 8), rng.normal(0.5, 2, 13))
        held += found.low <= 0.5 <= found.high
    assert 0.92 <= held / 400 <= 0.98


@pytest.mark.parametrize(
    ("shift", "margin", "word"),
    [(0.0, 0.0082, "equal"), (0.02, 0.0082, "worse"), (-0.02, 0.0082, "better"), (0.0, 1e-4, "undecided")],
)
def test_equivalence_has_four_words(shift, margin, word):
    rng = np.random.default_rng(2)
    base, new = arm(rng, 13), arm(rng, 13, loss=3.28 + shift)
    assert arm_tests.equivalent(base["loss"], new["loss"], margin) == word


def test_equivalence_is_rarely_claimed_at_the_margin():
    rng = np.random.default_rng(3)
    pairs = [(arm(rng, 8)["loss"], arm(rng, 8, loss=3.282)["loss"]) for _ in range(300)]
    said = [arm_tests.equivalent(x, y, 0.002) == "equal" for x, y in pairs]
    assert np.mean(said) <= 0.08


def test_a_slope_in_steps_is_recovered_and_needs_two_lengths():
    rng = np.random.default_rng(4)
    rows = []
    for pair, level in (("a", 4.7), ("b", 4.8)):
        for steps in (1400, 1480):
            loss = level - 0.2 * np.log(steps) + rng.normal(0, 0.0013, 12)
            rows.append(pd.DataFrame({"pair": pair, "steps": float(steps), "loss": loss}))
    both = pd.concat(rows)
    found = arm_tests.slope(both)
    assert found.low <= 0.2 <= found.high
    with pytest.raises(FrontierError, match="two numbers of steps"):
        arm_tests.slope(both[both["steps"] == 1400])


def test_worth_at_equal_loss_charges_for_the_loss():
    rng = np.random.default_rng(5)
    rate = Estimate(0.2, 0.18, 0.22, n=50, method="")
    base, new = arm(rng, 200), arm(rng, 200, loss=3.281, time=79.0)
    timed, equal = arm_tests.worth(base, new, rate, draws=2000, seed=0)
    assert timed.value == pytest.approx(100 * (80 / 79 - 1), abs=0.05)
    assert equal.value == pytest.approx(100 * np.expm1(np.log(80 / 79) - 0.001 / 0.2), abs=0.2)
    assert equal.half_width > timed.half_width


def test_spread_of_seeds_pools_arms_that_are_large_enough():
    rng = np.random.default_rng(6)
    arms = [pd.DataFrame({"arm": str(i), "loss": rng.normal(i, 0.002, 10)}) for i in range(30)]
    small = pd.DataFrame({"arm": ["x", "x"], "loss": [0.0, 9.0]})
    found = arm_tests.seed_spread(pd.concat([*arms, small]))
    assert found.n == 300
    assert found.low <= 0.002 <= found.high
    with pytest.raises(FrontierError, match="has 5 runs"):
        arm_tests.seed_spread(small)


def test_an_arm_of_one_run_is_refused():
    with pytest.raises(FrontierError, match="at least two runs"):
        arm_tests.difference([3.28], [3.27, 3.28])

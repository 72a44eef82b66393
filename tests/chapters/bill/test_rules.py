"""Rules on chips and cost, with made-up estimates on each side of every threshold."""

from __future__ import annotations

import pytest

from moat.chapters.bill import rules
from moat.chapters.premium import rules as premium_rules
from moat.evidence.claims import VERDICTS
from moat.stats.estimate import Estimate


def est(value, low=None, high=None):
    low, high = (value if end is None else end for end in (low, high))
    return Estimate(value, low, high, n=10, method="made up", level=0.9)


@pytest.mark.parametrize(
    ("chips", "hours", "stock", "word"),
    [
        (est(5), est(5), est(5), "supported"),
        (est(5), est(5), est(4.9), "partly"),
        (est(8), est(11), est(8, 4, 16), "partly"),
        (est(8), est(4), est(8, 4, 16), "partly"),
        (est(8), est(4), est(4), "refuted"),
        (est(1), est(2), est(3), "refuted"),
        (est(1), est(2), est(6, 4, 16), "refuted"),
    ],
)
def test_far_fewer_chips_needs_five_times_by_all_counts(chips, hours, stock, word):
    verdict = rules.c05({"chips": chips, "hours": hours, "stock": stock})
    assert verdict.word == word
    assert verdict.word in VERDICTS
    assert "of 3 counts" in verdict.reason


def test_a_fraction_is_below_a_half_for_every_rival():
    below, across, above = est(0.3, 0.2, 0.49), est(0.3, 0.2, 0.51), est(0.7, 0.51, 0.9)
    assert rules.c07_cost({"a": below, "b": below}).word == "supported"
    assert rules.c07_cost({"a": below, "b": across}).word == "partly"
    assert rules.c07_cost({"a": below, "b": above}).word == "partly"
    assert rules.c07_cost({"a": above}).word == "refuted"
    assert rules.c07_cost({}).word == "untestable"


def test_a_grid_that_disagrees_takes_the_verdict_back():
    below = est(0.3, 0.2, 0.4)
    assert rules.c07_cost({"a": below}, {"a": [0.3] * 8 + [0.6] * 2}).word == "supported"
    assert rules.c07_cost({"a": below}, {"a": [0.3] * 7 + [0.6] * 3}).word == "partly"
    assert rules.c07_cost({"a": below}, {"b": [0.6] * 10}).word == "supported"


def test_an_order_of_magnitude_is_below_a_fifth():
    assert rules.magnitude(est(0.1, 0.05, 0.19)).word == "supported"
    assert rules.magnitude(est(0.1, 0.05, 0.21)).word == "partly"
    assert rules.magnitude(est(0.3, 0.21, 0.4)).word == "refuted"


@pytest.mark.parametrize(
    ("share", "listed", "word"),
    [
        (est(40, 34, 46), 20, "supported"),
        (est(40, 20, 60), 20, "partly"),
        (est(20, 10, 30), 20, "refuted"),
        (est(40, 34, 46), 14, "untestable"),
    ],
)
def test_unproven_means_a_third_that_could_not_be_checked(share, listed, word):
    assert rules.c08(share, listed).word == word


def test_squeezing_the_chips_needs_1_3_times():
    assert rules.c18(est(1.5, 1.3, 1.7)).word == "supported"
    assert rules.c18(est(1.5, 1.29, 1.7)).word == "partly"
    assert rules.c18(est(1.1, 1.0, 1.29)).word == "refuted"
    assert rules.c18(est(1.5, 1.3, 1.7), [1.5] * 7 + [0.9] * 3).word == "partly"
    assert rules.c18(None).word == "untestable"


@pytest.mark.parametrize(
    ("fall", "grid", "word"),
    [
        (est(4, 2.5, 6), [3.0] * 9 + [1.0], "supported"),
        (est(4, 2.5, 6), [3.0] * 7 + [1.0] * 3, "partly"),
        (est(2.9, 2.5, 6), [3.0], "partly"),
        (est(4, 1.9, 6), [3.0], "partly"),
        (est(1.5, 1.1, 1.9), [1.0], "refuted"),
    ],
)
def test_a_smaller_budget_needs_a_fast_fall(fall, grid, word):
    verdict = premium_rules.c12a(fall, grid)
    assert verdict.word == word
    assert verdict.reason.startswith("training: ")

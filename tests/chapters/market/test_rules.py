"""Rules on the market's fall, with made-up estimates on each side of every threshold."""

from __future__ import annotations

import pytest

from moat.chapters.market import rules
from moat.evidence import EvidenceError
from moat.stats.estimate import Estimate


def est(value, low=None, high=None, level=0.9):
    low, high = (value if end is None else end for end in (low, high))
    return Estimate(value, low, high, n=10, method="made up", level=level)


@pytest.mark.parametrize(
    ("abnormal", "p", "grid", "word"),
    [
        (est(-3.1, -5, -1), 0.049, (), "supported"),
        (est(-2.9, -5, -1), 0.049, (), "partly"),
        (est(-3.1, -5, -1), 0.05, (), "partly"),
        (est(-1.0, -2.9, 1), 0.2, (), "refuted"),
        (est(-1.0, -3.1, 1), 0.2, (), "partly"),
        (est(-3.1, -5, -1), 0.049, [True] * 4 + [False], "supported"),
        (est(-3.1, -5, -1), 0.049, [True] * 3 + [False] * 2, "partly"),
        (est(-1.0, -2.9, 1), 0.2, [False] * 4 + [True], "refuted"),
        (est(-1.0, -2.9, 1), 0.2, [False] * 3 + [True] * 2, "partly"),
    ],
)
def test_a_group_falls_by_size_and_rank(abnormal, p, grid, word):
    assert rules.c13_group(abnormal, p, grid).word == word


def test_the_claim_needs_all_its_groups():
    yes, no = rules.c13_group(est(-9, -11, -7), 0.004), rules.c13_group(est(1, -1, 2), 0.8)
    assert rules.c13({"chips": yes, "power": yes}).word == "supported"
    assert rules.c13({"chips": yes, "makers": no}).word == "partly"
    assert rules.c13({}).word == "untestable"


@pytest.mark.parametrize(
    ("suppliers", "buyers", "word"),
    [
        ((est(-5), 0.01), (est(1), 0.9), "input-demand shock"),
        ((est(-5), 0.01), (est(-4), 0.01), "AI-value shock"),
        ((est(-5), 0.01), (est(-4), 0.06), "input-demand shock"),
        ((est(-2.9), 0.01), (est(-4), 0.01), "neither"),
        ((est(-2.9), 0.01), (est(1), 0.9), "neither"),
    ],
)
def test_who_fell_names_the_shock(suppliers, buyers, word):
    assert rules.mechanism(suppliers, buyers).word == word


@pytest.mark.parametrize(
    ("slope", "partial", "grid", "word"),
    [
        (est(-2, -3, -0.1), 0.2, (), "supported"),
        (est(-2, -3, 0.1), 0.2, (), "partly"),
        (est(-2, -3, 0.1), 0.049, (), "refuted"),
        (est(-2, -3, 0.1), 0.05, (), "partly"),
        (est(2, 0.1, 3), 0.2, (), "refuted"),
        (est(-2, -3, -0.1), 0.2, [-1] * 4 + [1], "supported"),
        (est(-2, -3, -0.1), 0.2, [-1] * 3 + [1] * 2, "partly"),
    ],
)
def test_ripe_needs_a_slope_below_zero(slope, partial, grid, word):
    assert rules.c01(slope, partial, grid).word == word


def test_only_intervals_of_nine_tenths_are_judged():
    with pytest.raises(EvidenceError, match="90%"):
        rules.c13_group(est(-9, -11, -7, level=0.95), 0.01)
    with pytest.raises(EvidenceError, match="90%"):
        rules.c01(est(-9, -11, -7, level=0.95), 0.5)

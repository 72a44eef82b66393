"""Rules on prices and demand, with made-up estimates on each side of every threshold."""

from __future__ import annotations

import pytest

from moat.chapters.prices import rules
from moat.stats.estimate import Estimate


def est(value, low=None, high=None):
    low, high = (value if end is None else end for end in (low, high))
    return Estimate(value, low, high, n=10, method="made up", level=0.9)


@pytest.mark.parametrize(
    ("fall", "grid", "word"),
    [
        (est(3.1, 2.1, 5), (), "supported"),
        (est(2.9, 2.1, 5), (), "partly"),
        (est(3.1, 1.9, 5), (), "partly"),
        (est(1.5, 1.0, 1.9), (), "refuted"),
        (est(1.5, 1.0, 2.1), (), "partly"),
        (est(3.1, 2.1, 5), [3, 4, 5, 6, 1], "supported"),
        (est(3.1, 2.1, 5), [3, 4, 5, 1, 1], "partly"),
        (est(1.5, 1.0, 1.9), [1, 1, 1, 3, 3], "partly"),
        (None, (), "untestable"),
    ],
)
def test_a_fall_is_fast_and_lasting(fall, grid, word):
    assert rules.falls(fall, grid).word == word


def test_the_short_end_of_a_lopsided_interval_keeps_its_digits():
    assert "7.8 [2.2, 27] against above 2" in rules.falls(est(7.81, 2.24, 27.3)).reason


def test_c12_needs_price_and_memory():
    yes, no, none = rules.falls(est(9, 5, 20)), rules.falls(est(1, 0.5, 1.5)), rules.falls(None)
    assert rules.c12(yes, {"weights": yes, "cache": none}).word == "supported"
    assert rules.c12(yes, {"weights": no}).word == "partly"
    assert rules.c12(no, {"weights": no}).word == "refuted"


@pytest.mark.parametrize(
    ("elasticity", "others", "word"),
    [
        (est(-1.1, -1.5, -0.1), (), "supported"),
        (est(-1.1, -1.5, 0.1), (), "partly"),
        (est(1.1, 0.1, 1.5), (), "refuted"),
        (est(-1.1, -1.5, -0.1), [-1.1, 0.3], "partly"),
        (None, (), "untestable"),
    ],
)
def test_a_lower_price_raises_use(elasticity, others, word):
    assert rules.c16_use(elasticity, others).word == word


@pytest.mark.parametrize(
    ("size", "word"),
    [
        (est(1.2, 1.01, 1.5), "supported"),
        (est(1.2, 0.99, 1.5), "partly"),
        (est(0.8, 0.5, 0.99), "refuted"),
        # Settles nothing around a point on the other side: counted as the dated note on claims says.
        (est(0.9, 0.6, 1.2), "partly"),
        (None, "untestable"),
    ],
)
def test_spending_rises_beyond_one(size, word):
    assert rules.c16_spending(size).word == word


def test_growth_of_chips_and_the_whole():
    assert rules.c16_chips(est(0.5, 0.2, 0.9)).word == "refuted"
    assert rules.c16_chips(est(0.5, 0.2, 1.1)).word == "partly"
    assert rules.c16_chips(est(2, 1.1, 3)).word == "supported"
    yes, no = rules.c16_use(est(-1, -2, -0.5)), rules.c16_chips(est(0.5, 0.2, 0.9))
    spending = rules.c16_spending(est(1.2, 0.9, 1.5))
    assert rules.c16(yes, spending, no).word == "partly"

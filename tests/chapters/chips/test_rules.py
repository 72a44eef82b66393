"""Rules on the chips, with made-up estimates on each side of every threshold."""

from __future__ import annotations

import pytest

from moat.chapters.chips import rules
from moat.evidence.claims import VERDICTS
from moat.stats.estimate import Estimate

CUT, WHOLE = {"rate": 1.0, "link": 0.44}, {"rate": 1.0, "link": 0.91}


def est(value, low=None, high=None):
    low, high = (value if end is None else end for end in (low, high))
    return Estimate(value, low, high, n=10, method="made up", level=0.9)


@pytest.mark.parametrize(
    ("ratio", "word"), [(0.89, "less"), (0.91, "equal"), (1.11, "equal"), (1.12, "more")]
)
def test_an_axis_is_less_advanced_when_worse_by_more_than_a_tenth(ratio, word):
    assert rules.axis(ratio) == word


@pytest.mark.parametrize(
    ("ratios", "after", "without", "word"),
    [
        (CUT, est(6, 5.1, 7), est(8, 7, 9), "supported"),
        (CUT, est(6, 4.9, 7), est(8, 7, 9), "partly"),
        (CUT, est(1, 0.1, 4.9), est(8, 7, 9), "partly"),
        (WHOLE, est(1, 0.1, 4.9), est(8, 7, 9), "refuted"),
        (WHOLE, est(6, 5.1, 7), est(8, 7, 9), "partly"),
        (CUT, est(1, 0.1, 2), est(4, 3, 4.9), "refuted"),
        (CUT, est(1, 0.1, 2), est(4, 3, 5.1), "partly"),
    ],
)
def test_less_advanced_needs_an_axis_and_lost_throughput(ratios, after, without, word):
    verdict = rules.c06(ratios, after, without)
    assert verdict.word == word
    assert verdict.word in VERDICTS


def test_the_reason_names_the_axis_and_a_falsifier_that_fired():
    assert "none, of 2 axes" in rules.c06(WHOLE, est(1), est(8)).reason
    assert "more than 10%: link, of 2" in rules.c06(CUT, est(1), est(8)).reason
    assert rules.c06(CUT, est(1), est(3)).reason.startswith("even without workarounds")


def test_a_grid_that_disagrees_takes_the_support_away():
    after, without = est(6, 5.1, 7), est(8, 7, 9)
    assert rules.c06(CUT, after, without, [6, 7, 8, 9, 4]).word == "supported"
    assert rules.c06(CUT, after, without, [6, 7, 8, 4, 4]).word == "partly"


def test_without_a_common_axis_there_is_nothing_to_judge():
    assert rules.c06({}, est(1), est(8)).word == "untestable"

"""Rules on spending, compute and access, with made-up estimates on each side of every threshold."""

from __future__ import annotations

import pytest

from moat.chapters.scissors import rules
from moat.chapters.verdict import rules as verdict_rules
from moat.errors import EvidenceError
from moat.evidence.claims import VERDICTS
from moat.stats.estimate import Estimate


def est(value, low=None, high=None, level=0.9):
    low, high = (value if end is None else end for end in (low, high))
    return Estimate(value, low, high, n=10, method="made up", level=level)


@pytest.mark.parametrize(
    ("estimate", "half_years", "word"),
    [
        (est(0.0, -0.1, 0.09), 6, "supported"),
        (est(0.0, -0.1, 0.11), 6, "partly"),
        (est(0.31, 0.11, 0.5), 6, "refuted"),
        (est(0.29, 0.11, 0.5), 6, "partly"),
        (est(0.31, 0.09, 0.5), 6, "partly"),
        (est(0.0, -0.1, 0.09), 5, "partly"),
        (est(0.5, 0.4, 0.6), 5, "partly"),
    ],
)
def test_spending_buys_lead_above_three_tenths(estimate, half_years, word):
    verdict = rules.c03({"runs": (estimate, half_years)})
    assert verdict.word == word in VERDICTS
    assert f"{half_years} half-years" in verdict.reason


def test_both_gauges_of_compute_must_agree():
    none, much = (est(0.0, -0.1, 0.05), 6), (est(0.6, 0.4, 0.8), 6)
    assert rules.c03({"runs": none, "chips": none}).word == "supported"
    assert rules.c03({"runs": none, "chips": much}).word == "partly"
    assert rules.c03({}).word == "untestable"
    assert rules.c03({"runs": none}, grid=[0.5] * 10).word == "partly"


@pytest.mark.parametrize(
    ("share", "ahead", "word"),
    [
        (est(60, 50, 70), est(9, 5, 12), "supported"),
        (est(60, 49, 70), est(9, 5, 12), "partly"),
        (est(60, 50, 70), est(9, 4.9, 12), "partly"),
        (est(30, 20, 49), est(2, 1, 4.9), "refuted"),
        (None, est(9, 5, 12), "supported"),
    ],
)
def test_the_american_model_needs_half_of_growth_and_five_times(share, ahead, word):
    assert rules.c14(share, ahead).word == word


def test_despite_needs_a_leap_and_a_loss_of_access():
    up, no, down, over = est(3, 1, 5), est(-3, -5, -1), est(-2, -3, -1), est(1, -1, 3)
    assert rules.c17({"V3": up, "R1": no}, down).word == "supported"
    assert rules.c17({"V3": no, "R1": no}, down).word == "refuted"
    assert rules.c17({"V3": no, "R1": over}, down).word == "partly"
    assert rules.c17({"V3": up}, up).word == "refuted"
    assert rules.c17({"V3": up}, over).word == "partly"
    assert rules.c17({"V3": up}, None).word == "untestable"


def test_more_even_counts_gauges_and_what_is_missing():
    less, same = est(-2, -3, -1), est(0, -1, 1)
    four = dict.fromkeys(("lag", "runs", "chips", "use"), less)
    assert verdict_rules.c28(four).word == "supported"
    assert verdict_rules.c28(four | {"use": same}).word == "supported"
    assert verdict_rules.c28(four | {"use": same, "chips": same}).word == "partly"
    assert verdict_rules.c28(four | dict.fromkeys(("use", "chips", "runs"), same)).word == "refuted"
    three = {k: v for k, v in four.items() if k != "use"}
    assert verdict_rules.c28(three).word == "supported"
    assert verdict_rules.c28(three | {"chips": same}).word == "partly"
    assert verdict_rules.c28(three | {"chips": same, "runs": same}).word == "partly"
    assert verdict_rules.c28(dict.fromkeys(three, same)).word == "refuted"
    assert "1 not measured" in verdict_rules.c28(three).reason
    assert verdict_rules.c28_words(1, 3) == ["refuted", "partly"]
    assert verdict_rules.c28_words(2, 4) == ["partly"]
    assert verdict_rules.c28({}).word == "untestable"


def test_intervals_of_another_level_are_refused():
    with pytest.raises(EvidenceError, match="90%"):
        verdict_rules.c28({"lag": est(1, 0, 2, level=0.95)})
    with pytest.raises(EvidenceError, match="90%"):
        rules.c03({"runs": (est(1, 0, 2, level=0.95), 6)})

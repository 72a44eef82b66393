"""Every rule, with made-up estimates on each side of its threshold."""

from __future__ import annotations

import pytest

from moat.chapters.lag import rules as lag_rules
from moat.chapters.premium import rules as premium_rules
from moat.evidence import EvidenceError, rules
from moat.evidence.claims import VERDICTS
from moat.stats.estimate import Estimate


def est(value, low, high, level=0.9):
    return Estimate(value, low, high, n=10, method="made up", level=level)


AGREE, SPLIT = [1.0] * 9 + [-1.0], [1.0] * 7 + [-1.0] * 3


@pytest.mark.parametrize(
    ("low", "high", "grid", "word"),
    [
        (0.1, 2.0, AGREE, "supported"),
        (0.1, 2.0, SPLIT, "partly"),
        (-0.1, 2.0, AGREE, "partly"),
        (-2.0, -0.1, [-1.0] * 8 + [1.0] * 2, "refuted"),
        (-2.0, -0.1, AGREE, "partly"),
        (-2.0, -0.1, [], "refuted"),
    ],
)
def test_the_general_rule(low, high, grid, word):
    verdict = rules.settle(est((low + high) / 2, low, high), low=0.0, grid=grid)
    assert verdict.word == word
    assert verdict.word in VERDICTS
    assert ("specifications" in verdict.reason) == bool(grid)


def test_only_ninety_per_cent_intervals_are_judged():
    for rule in (lambda e: rules.settle(e, low=0.0), lambda e: premium_rules.c07_quality(e, [])):
        with pytest.raises(EvidenceError, match="90% intervals, not on one of 95%"):
            rule(est(1, 0, 2, level=0.95))


def test_width_has_a_gap_between_its_thresholds():
    for value, word in ((10, "supported"), (20, "partly"), (23, "partly"), (30, "refuted")):
        widths = {"China": est(value, value - 1, value + 1)}
        assert lag_rules.c21(widths, [value] * 5).word == word
    both = {"China": est(10, 9, 11), "open": est(30, 29, 31)}
    verdict = lag_rules.c21(both, [])
    assert verdict.word == "partly"
    assert "China: supported" in verdict.reason
    assert "open: refuted" in verdict.reason


@pytest.mark.parametrize(
    ("slope", "days", "word"),
    [
        ((0, -1, 1), 0, "supported"),
        ((0, -1, 1), 3, "partly"),
        ((1, -1, 3), 0, "partly"),
        ((-4, -5, -3), 0, "refuted"),
        ((4, 3, 5), 0, "refuted"),
    ],
)
def test_keeping_pace(slope, days, word):
    verdict = lag_rules.c02(est(*slope), days, [slope[0]] * 10)
    assert verdict.word == word
    assert f"{days} days with a Chinese leader" in verdict.reason


def test_convergence_and_divergence_are_not_one_another():
    # A slope below, all other specifications above: outside both times, but no agreement.
    assert lag_rules.c02(est(-4, -5, -3), 0, [4.0] * 10).word == "partly"


def test_parity_allows_better_and_takes_parts_apart():
    equal, better, worse = est(0, -1, 1), est(5, 4, 6), est(-5, -6, -4)
    assert premium_rules.c04({"a": equal, "b": better}, {"a": better}).word == "supported"
    assert premium_rules.c04({"a": worse}, {"a": worse}).word == "refuted"
    assert premium_rules.c04({"a": equal, "d": worse}, {}).word == "partly"
    # 2.5 worse is outside the index margin and inside that of benchmarks.
    near = est(-2.5, -2.6, -2.4)
    assert premium_rules.c04({"a": near}, {}).word == "refuted"
    assert premium_rules.c04({}, {"a": near}).word == "supported"


@pytest.mark.parametrize(
    ("m", "grid", "word"),
    [
        ((3, 1.2, 6), [2.0] * 10, "supported"),
        ((3, 1.2, 6), [0.5] * 10, "partly"),
        ((1.8, 1.2, 3), [2.0] * 10, "partly"),
        ((1.2, 0.8, 1.9), [1.1] * 10, "refuted"),
        ((1.2, 0.5, 4), [1.1] * 10, "partly"),
        ((0.5, 0.3, 0.8), [0.5] * 10, "refuted"),
    ],
)
def test_beyond_the_trend(m, grid, word):
    assert premium_rules.c07_quality(est(*m), grid).word == word


def test_a_formidable_competitor_needs_twelve_months():
    assert lag_rules.c09(est(14, 12, 16)).word == "supported"
    assert lag_rules.c09(est(12, 11, 13)).word == "partly"
    assert lag_rules.c09(est(8, 5, 11)).word == "refuted"


def test_less_can_be_smarter():
    good, bad = (
        premium_rules.c15a(est(-1, -2, -0.1), [-1.0] * 5),
        premium_rules.c15a(est(1, 0.1, 2), [1.0] * 5),
    )
    assert (good.word, bad.word) == ("supported", "refuted")
    even, worse = est(0, -1, 1), est(-5, -6, -4)
    assert premium_rules.c15(good, 1, even, 5.0).word == "supported"
    assert premium_rules.c15(good, 0, even, 5.0).word == "partly"
    assert "c: partly" in premium_rules.c15(good, 1, even, 2.0).reason
    assert premium_rules.c15(bad, 0, worse, 5.0).word == "refuted"
    assert "c: untestable" in premium_rules.c15(good, 1, None, 5.0).reason


def test_controls_and_innovation_pass_two_gates():
    strong, weak, null = est(2, 1.2, 3), est(1.3, 1.1, 1.6), est(0.5, 0.3, 0.8)
    assert premium_rules.c19(strong, 14, True).word == "untestable"
    assert premium_rules.c19(strong, 15, False).word == "untestable"
    assert premium_rules.c19(None, 15, True).word == "untestable"
    assert premium_rules.c19(strong, 15, True).word == "supported"
    assert premium_rules.c19(weak, 15, True).word == "partly"
    assert premium_rules.c19(null, 15, True).word == "refuted"


def test_depth_and_the_lead():
    assert lag_rules.c22(est(1.5, 1.1, 2), [1.5] * 5).word == "supported"
    assert lag_rules.c22(est(1.1, 0.8, 1.5), [1.1] * 5).word == "partly"
    assert lag_rules.c22(est(0.5, 0.3, 0.8), [0.5] * 5).word == "refuted"
    assert lag_rules.c23(0.91).word == "supported"
    assert lag_rules.c23(0.9).word == "refuted"


def test_untestable_parts_are_set_aside_unless_all_are():
    none, good = rules.untestable("no data"), rules.Verdict("supported", "made up")
    assert rules.combine({"a": none, "b": good}).word == "supported"
    assert rules.combine({"a": none}).word == "untestable"

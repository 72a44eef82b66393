"""Rules on openness, adoption, people and money, with made-up estimates on each side of every threshold."""

from __future__ import annotations

import pytest

from moat.chapters.openness import rules
from moat.errors import EvidenceError
from moat.evidence.claims import VERDICTS
from moat.stats.estimate import Estimate


def est(value, low=None, high=None, level=0.9):
    low, high = (value if end is None else end for end in (low, high))
    return Estimate(value, low, high, n=10, method="made up", level=level)


@pytest.mark.parametrize(
    ("score", "least", "most", "replications", "word"),
    [
        (4, 4, 4, 1, "supported"),
        (4, 3, 4, 1, "partly"),
        (3, 3, 4, 1, "partly"),
        (3, 3, 3, 1, "refuted"),
        (5, 5, 6, 0, "refuted"),
    ],
)
def test_an_open_recipe_needs_four_criteria_and_someone_who_followed_it(
    score, least, most, replications, word
):
    verdict = rules.c10(score, least, most, replications)
    assert verdict.word == word in VERDICTS
    assert "not open source in the strict sense" in verdict.reason


def test_open_source_in_the_strict_sense_needs_all_six():
    assert "not open source" not in rules.c10(6, 6, 6, 1).reason


@pytest.mark.parametrize(
    ("rise", "published", "grid", "word"),
    [
        (est(20, 10.1, 40), (68.0, 12.0), [], "supported"),
        (est(19.9, 10.1, 40), (68.0, 12.0), [], "partly"),
        (est(20, 10, 40), (68.0, 12.0), [], "partly"),
        (est(20, 10.1, 40), (68.0, -1.0), [], "partly"),
        (est(20, 10.1, 40), (), [], "partly"),
        (est(20, 10.1, 40), (68.0,), [20] * 4 + [19], "supported"),
        (est(20, 10.1, 40), (68.0,), [20] * 3 + [19] * 2, "partly"),
        (est(2, -5, 9.9), (68.0,), [], "refuted"),
        (est(2, -5, 10.0), (68.0,), [], "partly"),
        (est(2, -5, 9.9), (68.0,), [15] * 3 + [5] * 2, "partly"),
    ],
)
def test_developers_need_a_clear_rise_and_agreement(rise, published, grid, word):
    assert rules.c11(rise, published, grid).word == word


@pytest.mark.parametrize(
    ("share", "word"),
    [(est(55, 45.1, 60), "supported"), (est(55, 45, 60), "partly"), (est(40, 30, 44.9), "refuted")],
)
def test_home_trained_needs_a_lower_bound_above_45(share, word):
    verdict = rules.c20(share)
    assert verdict.word == word
    assert "not reproduced" in verdict.reason


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (est(-25, -30, -20), "supported"),
        (est(-25, -30, -19.9), "partly"),
        (est(-10, -21, 0), "partly"),
        (est(-10, -19.9, 0), "refuted"),
        (est(10, 0, 20), "refuted"),
    ],
)
def test_less_dominated_means_twenty_points_less(change, word):
    verdict = rules.c24(change)
    assert verdict.word == word
    assert "a value judgement" in verdict.reason
    assert rules.c24(est(10, 0, 20), grid=[-25, -25, 10]).word == "partly"


def test_use_is_untestable_without_two_dates_of_all_models():
    assert rules.c25(est(20, 10, 30), dates=1, complete=True).word == "untestable"
    assert rules.c25(est(20, 10, 30), dates=26, complete=False).word == "untestable"
    assert rules.c25(None, dates=26, complete=True).word == "untestable"
    assert rules.c25(est(20, 10, 49), dates=2, complete=True).word == "supported"
    assert rules.c25(est(20, 10, 51), dates=2, complete=True).word == "partly"
    assert rules.c25(est(70, 51, 80), dates=2, complete=True).word == "refuted"


def test_adoption_needs_a_comparable_measure():
    verdict = rules.c26({"a": (18.0, False), "b": (-12.0, False)})
    assert verdict.word == "untestable"
    assert "-12 to +18" in verdict.reason
    assert rules.c26({}).word == "untestable"
    assert rules.c26({"a": (18.0, True), "b": (-12.0, False)}).word == "supported"
    assert rules.c26({"a": (-5.0, True), "b": (12.0, False)}).word == "refuted"
    assert rules.c26({"a": (18.0, True), "b": (-12.0, True)}).word == "partly"


@pytest.mark.parametrize(
    ("bounds", "word"),
    [((30, 60), "supported"), ((29.9, 60), "partly"), ((10, 29.9), "refuted"), ((10, 30), "partly")],
)
def test_investment_must_fall_by_thirty(bounds, word):
    assert rules.c27(*bounds).word == word


def test_another_level_is_refused():
    with pytest.raises(EvidenceError, match="90%"):
        rules.c11(est(20, 11, 30, level=0.95), (1.0,))
    with pytest.raises(EvidenceError, match="90%"):
        rules.c24(est(20, 11, 30, level=0.95))

"""The index: the published one again, known abilities, intervals that cover, clear errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import least_squares
from scipy.stats import spearmanr

from moat import sources
from moat.errors import FrontierError
from moat.index.bradley_terry import by_rank
from moat.index.item_response import ANCHORS, Index, ItemResponse, known_by
from tests.chapters.lag.race_worlds import answers
from tests.simulated import worlds

TOLERANCE = 0.3


def load(name):
    try:
        return sources.load(name)
    except sources.SourceUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def published():
    scores = load("eci-benchmarks")
    return scores, ItemResponse().fit(scores, draws=100)


def test_all_scores_are_the_published_ones(published):
    _, index = published
    theirs = load("eci-scores").set_index("model")["score"]
    assert len(theirs) == 222
    apart = (index.ability.reindex(theirs.index) - theirs).abs()
    assert apart.max() <= TOLERANCE, apart.nlargest(3)
    for model, score in {"DeepSeek-V3": 132.87, "DeepSeek-R1": 139.51, "Kimi K3": 157.01}.items():
        assert index.ability[model] == pytest.approx(score, abs=TOLERANCE)
    for model, score in ANCHORS.items():
        assert index.ability[model] == pytest.approx(score, abs=1e-9)


def test_all_difficulties_are_the_published_ones(published):
    _, index = published
    theirs = load("eci-difficulties").set_index("benchmark")["difficulty"]
    assert len(theirs) == 57
    assert (index.benchmarks["difficulty"].reindex(theirs.index) - theirs).abs().max() <= TOLERANCE


def test_the_intervals_are_as_wide_as_the_published_ones(published):
    _, index = published
    ends, theirs = index.conf_int(), load("eci-scores").set_index("model")
    ours = (ends["high"] - ends["low"]).median()
    assert ours == pytest.approx((theirs["high"] - theirs["low"]).median(), rel=0.25)
    assert index.unfinished <= 1  # of 100; one left out moves no median by what is told apart here


def test_one_benchmark_less_moves_the_index_but_not_the_anchors(published):
    scores, index = published
    less = ItemResponse().leave_one_out(scores)
    assert list(less.replicates.index) == list(index.benchmarks.index)
    moved = (less.replicates - index.ability).abs()
    assert moved[list(ANCHORS)].max().max() < 1e-9
    assert (moved.max(axis=1) > 0).mean() > 0.9
    assert moved.median(axis=1).max() < 2


def test_only_what_was_out_is_known(published):
    scores, _ = published
    dates = scores.groupby("model")["date"].first().astype("datetime64[s]")
    then = known_by(scores, dates, "2025-01-27")
    assert "DeepSeek-R1" in set(then["model"])
    assert "GPT-5" not in set(then["model"])
    assert (pd.to_datetime(then["benchmark_released"]) <= "2025-01-27").all()
    assert then.groupby("model").size().min() >= 4


#: Made-up worlds: abilities from 0 to 4, moved so that the first and the last model keep theirs.
MODEL = ItemResponse(ridge=0.01, unit="b00", anchors={"m00": 0.0, "m39": 4.0})


def test_it_is_the_least_squares_solution():
    """The slow, obvious version: all unknowns at once, by scipy."""
    scores, _ = answers(np.random.default_rng(1), models=40, benchmarks=6)
    index = MODEL.fit(scores, draws=0)
    model, models = pd.factorize(scores["model"], sort=True)
    test, tests = pd.factorize(scores["benchmark"], sort=True)
    share, (m, b) = scores["performance"].clip(1e-3, 1 - 1e-3), (len(models), len(tests))
    each = np.sqrt(MODEL.ridge / (m + 2 * b - 1))

    def residuals(x):
        ability, difficulty, slope = x[:m], x[m : m + b], np.append(1.0, x[m + b :])
        guess = 1 / (1 + np.exp(-slope[test] * (ability[model] - difficulty[test])))
        return np.concatenate([guess - share, each * ability, each * difficulty, each * slope])

    start = np.concatenate([np.zeros(m + b), np.ones(b - 1)])
    lowest = np.concatenate([np.full(m + b, -np.inf), np.full(b - 1, 0.1)])
    found = least_squares(residuals, start, bounds=(lowest, np.inf), xtol=1e-12, ftol=1e-12).x[:m]
    scaled = 4 * (found - found[0]) / (found[-1] - found[0])
    assert np.abs(scaled - index.ability.to_numpy()).max() < 2e-3


@worlds(8, 25)
def test_abilities_are_recovered_and_intervals_cover(worlds):
    rows, errors = [], []
    for world in range(worlds):
        scores, ability = answers(np.random.default_rng(world))
        index = MODEL.fit(scores, draws=100, seed=world)
        inner = ability.index[1:-1]
        errors.append((index.ability - ability)[inner].mean())
        ends = index.conf_int().loc[inner]
        rows.append(((ends["low"] > ability[inner]) | (ends["high"] < ability[inner])).mean())
    assert abs(np.mean(errors)) < 0.05 * np.sqrt(25 / worlds)
    assert 0.05 < np.mean(rows) < 0.2  # 10% is the rate; few benchmarks make it a little more


def test_a_difference_is_drawn_jointly():
    scores, _ = answers(np.random.default_rng(3))
    index = MODEL.fit(scores, draws=200)
    gap = index.difference("m30", "m10")
    assert gap.low < 20 * 4 / 39 < gap.high
    assert gap.value == pytest.approx(index.ability["m30"] - index.ability["m10"])


def test_who_beats_whom_gives_nearly_the_same_order_and_ignores_sizes(published):
    scores, index = published
    ranks = by_rank(scores, draws=0)
    assert spearmanr(ranks.ability, index.ability[ranks.ability.index]).statistic > 0.98
    # Places instead of scores: a power could make a tie of two scores that differ in their last bit.
    place = scores.groupby("benchmark")["performance"].rank(method="dense")
    bent = scores.assign(performance=(place / len(scores)) ** 2)
    assert by_rank(bent, draws=0).ability.equals(ranks.ability)


def test_games_alone_recover_the_order():
    scores, ability = answers(np.random.default_rng(5), noise=0.02, share=0.9)
    index = by_rank(scores, draws=20)
    assert spearmanr(index.ability, ability).statistic > 0.98
    assert index.unfinished <= 1
    assert index.abilities(["m00", "m39"]).shape == (21 - index.unfinished, 2)


def test_faults_are_named():
    scores, _ = answers(np.random.default_rng(0))
    cases = [
        (scores.drop(columns="benchmark"), "no column 'benchmark'"),
        (scores.assign(performance=scores["performance"] * 100), "shares in"),
        (pd.concat([scores, scores.head(1)]), "two scores"),
        (scores[scores["benchmark"] != "b00"], "unit of slopes"),
        (scores[scores["model"] != "m39"], "m39 is missing"),
    ]
    for table, words in cases:
        with pytest.raises(FrontierError, match=words):
            MODEL.fit(table, draws=0)
    for table, words in (cases[0], cases[2]):
        with pytest.raises(FrontierError, match=words):
            by_rank(table, draws=0)
    index = MODEL.fit(scores, draws=0)
    with pytest.raises(FrontierError, match="no model 'GPT-9'"):
        index.abilities(["GPT-9"])
    with pytest.raises(FrontierError, match="no bootstrap draws"):
        index.conf_int()
    given = Index.given(pd.Series({"a": 1.0, "b": 2.0}))
    assert given.abilities(["b"]).tolist() == [[2.0]]

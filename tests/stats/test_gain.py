"""Estimators on simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat.errors import RunError
from moat.stats import gain
from moat.stats.estimate import Estimate

BUDGETS = 1e11 * 2.0 ** np.arange(5)


def curve(flop):
    return 1.5 + 0.5 * (flop / 1e11) ** -0.25


def simulated(rng, truth, sd=0.01, n=3, at=4e11):
    base = pd.DataFrame({"flop": np.repeat(BUDGETS, n)})
    base["loss"] = curve(base["flop"]) + rng.normal(0, sd, len(base))
    own = pd.DataFrame({"flop": at, "loss": curve(truth * at) + rng.normal(0, sd, n)})
    return base, own


def test_the_multiplier_finds_the_truth_and_its_interval_covers():
    rng = np.random.default_rng(0)
    hits, values = [], []
    for i in range(150):
        base, own = simulated(rng, truth=1.5)
        found = gain.multiplier(base, own, 4e11, draws=300, seed=i).interpolated
        hits.append(found.low <= 1.5 <= found.high)
        values.append(found.value)
    assert 0.90 <= np.mean(hits) <= 1.0
    assert np.median(values) == pytest.approx(1.5, abs=0.08)


def test_without_noise_both_ways_agree():
    base, own = simulated(np.random.default_rng(0), truth=1.5, sd=1e-9)
    found = gain.multiplier(base, own, 4e11, draws=50)
    assert found.interpolated.value == pytest.approx(1.5, rel=0.03)
    assert found.fitted == pytest.approx(1.5, rel=0.01)
    assert not found.beyond


def test_a_loss_below_every_baseline_is_flagged():
    base, own = simulated(np.random.default_rng(0), truth=8.0, sd=1e-9)
    assert gain.multiplier(base, own, 4e11, draws=50).beyond


def test_growth_has_the_sign_of_the_truth():
    rng = np.random.default_rng(1)
    found = []
    for at, truth in ((2e11, 1.1), (4e11, 1.3), (8e11, 1.7)):
        base, own = simulated(rng, truth, sd=0.001, at=at)
        found.append(gain.multiplier(base, own, at, draws=200))
    slope = gain.growth(found)
    assert slope.low > 0
    assert slope.value == pytest.approx(np.log(1.7 / 1.1) / np.log(4), abs=0.1)


def test_a_paired_interval_covers_at_its_rate():
    rng = np.random.default_rng(2)
    hits = []
    for _ in range(2000):
        shared = rng.normal(0, 0.1, 4)
        found = gain.paired(shared + rng.normal(0.02, 0.01, 4), shared + rng.normal(0, 0.01, 4))
        hits.append(found.low <= 0.02 <= found.high)
    assert np.mean(hits) == pytest.approx(0.95, abs=0.015)


def test_equivalence_errs_at_most_at_its_rate_on_the_margin():
    rng = np.random.default_rng(3)
    words = [gain.equivalence(rng.normal(0.01, 0.005, 6), np.zeros(6), 0.01) for _ in range(2000)]
    assert np.mean([w == "equal" for w in words]) == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize(
    ("shift", "word"), [(0.0, "equal"), (-0.1, "worse"), (0.1, "better"), (0.009, "undecided")]
)
def test_equivalence_has_four_answers(shift, word):
    wiggle = np.array([-1, 0, 1, 0]) * 2e-3
    assert gain.equivalence(shift + wiggle, np.zeros(4), 0.01) == word


def test_the_interval_of_a_quotient_covers_at_its_rate():
    rng = np.random.default_rng(3)
    seen = np.exp(rng.normal(np.log([3.0, 2.0]), [0.2, 0.1], size=(2000, 2)))
    width = np.exp(1.645 * np.array([0.2, 0.1]))
    hits = 0
    for pair in seen:
        one, two = (Estimate(x, x / w, x * w, 9, "", 0.9) for x, w in zip(pair, width, strict=True))
        ratio = gain.quotient(one, two)
        hits += ratio.low <= 1.5 <= ratio.high
    assert 0.88 < hits / len(seen) < 0.92
    with pytest.raises(RunError, match="needs positive intervals"):
        gain.quotient(one, Estimate(1.0, -1.0, 2.0, 9, "", 0.9))


def test_noise_that_breaks_the_fall_is_ironed_out():
    def found(losses, wanted):
        base = pd.DataFrame(
            {"flop": np.repeat(np.exp(np.arange(len(losses))), 2), "loss": np.repeat(losses, 2)}
        )
        own = pd.DataFrame({"flop": 1.0, "loss": [wanted, wanted]})
        return np.log(gain.multiplier(base, own, 1.0, draws=9).interpolated.value)

    assert found([3.0, 2.0, 2.1, 1.0], 2.0) == pytest.approx(1.0)
    assert found([3.0, 2.0, 1.0], 0.5) == pytest.approx(2.5)


def test_the_envelope_takes_the_best_size_of_each_budget():
    runs = pd.DataFrame(
        {"budget": [1, 1, 2, 2], "arm": list("abab"), "flop": [1.0, 1.1, 2.0, 2.2], "loss": [3, 4, 2, 1]}
    )
    assert list(gain.envelope(runs)["arm"]) == ["a", "b"]


def test_too_little_is_refused_in_one_sentence():
    with pytest.raises(RunError, match="two seeds"):
        gain.paired([1.0], [1.0])
    with pytest.raises(RunError, match="three baseline budgets"):
        gain.multiplier(pd.DataFrame({"flop": [1.0], "loss": [1.0]}), pd.DataFrame({"loss": [1.0]}), 1.0)

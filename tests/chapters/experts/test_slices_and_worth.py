"""What the chapters isoflop and experts compute, on runs with a known law."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat.bench import compare
from moat.chapters.experts import worth
from moat.chapters.isoflop import slices
from moat.stats import gain
from moat.stats.estimate import Estimate

FLOOR = 2.5


def sweep(sd=0.0, span=1e3, seed=0, steps=2):
    """Runs of loss = 2.5 + 5 / N^0.35 + 20 / D^0.35 on slices of C = 7 N D."""
    rng = np.random.default_rng(seed)
    rows = []
    for budget in 1e10 * 2.0 ** np.arange(np.log2(span)):
        best = 0.3 * np.sqrt(budget / 7)
        for arm, factor in zip("abcdef", np.geomspace(0.1, 1.0, 6), strict=True):
            size = best * factor
            tokens = budget / (7 * size)
            loss = FLOOR + 5 * size**-0.35 + 20 * tokens**-0.35
            for s in range(steps):
                noisy = loss + rng.normal(0, sd)
                rows.append((arm, "report", "finished", budget, size, tokens, s, noisy, 0.0))
    columns = ["arm", "stage", "status", "flop", "params", "tokens", "seed", "loss", "oracle"]
    return pd.DataFrame(rows, columns=columns)


def test_slices_are_found_from_counted_flop():
    runs = sweep()
    runs["flop"] *= np.random.default_rng(0).uniform(0.99, 1.01, len(runs))
    found = slices.reported(runs)
    assert found["budget"].nunique() == 10
    assert (found["flop"] / found["budget"]).between(0.97, 1.03).all()


def test_the_luck_of_the_sample_is_taken_off():
    runs = sweep().assign(oracle=2.6)
    assert slices.reported(runs, 2.5)["loss"].to_numpy() == pytest.approx(runs["loss"].to_numpy() - 0.1)


def test_tuning_and_diverged_runs_are_left_out():
    runs = sweep()
    runs.loc[0, "stage"], runs.loc[1, "status"] = "tune", "diverged"
    assert len(slices.reported(runs)) == len(runs) - 2


def test_the_floor_is_found_where_the_law_is_exact():
    runs = slices.reported(sweep(sd=1e-6))
    assert slices.without_each(runs) == pytest.approx(FLOOR, abs=1e-2)
    known = slices.known_floor(runs, FLOOR, draws=0)
    assert known.params["alpha"] == pytest.approx(0.35, abs=1e-2)
    assert slices.spread_over_fit(runs, known, FLOOR) < 1e-4


def test_the_best_points_follow_the_slices():
    best = slices.best_points(slices.reported(sweep()))
    slope = np.polyfit(np.log(best["budget"]), np.log(best["params"]), 1)[0]
    assert slope == pytest.approx(0.5, abs=0.05)


def test_a_wider_sweep_cures_the_floor():
    runs = slices.reported(sweep(sd=0.01, span=2**5))
    table = slices.cure(runs, FLOOR, (16, 4096), noise=0.01, simulations=25)
    width = table["high"] - table["low"]
    assert width.iloc[1] < width.iloc[0] / 2
    assert slices.wider(runs, 16)["params"].nunique() > 6


def test_cured_needs_a_lasting_success():
    table = pd.DataFrame({"span": [1, 2, 3], "low": [1.99, 1.0, 1.99], "high": [2.01, 3.0, 2.01]})
    assert slices.cured(table, 2.0, 0.1) == 3
    assert np.isnan(slices.cured(table, 9.0, 0.1))


def arms(shift=0.05):
    rng = np.random.default_rng(0)
    rows = []
    for steps in (100, 200, 400, 800):
        for seed in range(4):
            luck = rng.normal(0, 0.01)
            for arm, less in (("dense", 0.0), ("bias", shift)):
                loss = 2 - 0.1 * np.log(steps / 100) - less + luck + rng.normal(0, 0.001)
                seconds = steps * (1.25 if arm == "bias" else 1.0)
                rows.append((arm, "report", "finished", steps, seed, steps * 1e9, loss, seconds, 1.1))
    names = ["arm", "stage", "status", "steps", "seed", "flop", "loss", "seconds", "busiest"]
    return pd.DataFrame(rows, columns=names)


def test_gains_are_paired_by_seed():
    found = compare.gains(compare.reported(arms()), "bias")
    assert set(found) == {100, 200, 400, 800}
    for each in found.values():
        assert each.value == pytest.approx(0.05, abs=2e-3)
        assert each.half_width < 5e-3


def test_the_multiplier_of_experts_and_its_table():
    runs = arms()
    dense, own = (runs[runs["arm"] == arm] for arm in ("dense", "bias"))
    found = compare.multipliers(own, dense, draws=100, seed=0)
    table = compare.as_table({"x": found})
    assert table["value"].to_numpy() == pytest.approx(np.exp(0.5), rel=0.1)
    assert list(table["beyond"]) == [False, False, False, True]
    assert gain.growth(found).low < 0 < gain.growth(found).high


def test_time_and_balance():
    runs = arms()
    assert compare.time_ratio(runs, "bias").value == pytest.approx(1.25)
    assert worth.busiest(runs, "bias").value == pytest.approx(1.1)
    assert worth.held_ratio() == pytest.approx(2.81, abs=0.01)


@pytest.mark.parametrize(
    ("low", "slope", "word"),
    [(1.1, (-0.1, 0.2), "not refuted"), (0.9, (0.1, 0.2), "refuted"), (1.1, (-0.3, -0.1), "refuted")],
)
def test_the_verdict_of_experts(low, slope, word):
    largest = Estimate(low + 0.2, low, low + 0.4, 3, "")
    growth = Estimate(sum(slope) / 2, *slope, 3, "")
    assert worth.verdict(largest, growth) == word


def test_runs_made_again_are_held_against_the_recorded_ones():
    recorded = arms()
    near, far = (recorded.assign(loss=recorded["loss"] + shift) for shift in (0.02, 0.04))
    assert compare.repeated(near, recorded).startswith("agree")
    assert compare.repeated(far, recorded) == "do not agree"
    assert compare.repeated(recorded.assign(loss=np.nan), recorded) == "do not agree"
    assert "nothing recorded" in compare.repeated(recorded, recorded.head(0))

"""Ledgers, students and the rule, on numbers whose answers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat.bench import compare
from moat.chapters.distillation import ledgers
from moat.chapters.distillation.ledgers import Bill
from moat.errors import RunError
from moat.stats.estimate import Estimate
from moat.stats.gain import Multiplier
from tests.simulated import chance_band, worlds

CHARGED = Bill(student=1.0, passes=0.5, teacher=12.0)


def multiplier(value=2.5, low=2.0, high=3.0):
    return Multiplier(1.0, Estimate(value, low, high, 3, "demo"), value, False, np.array([value]))


def test_ledgers_add_up():
    assert CHARGED.ledgers == {"teacher free": 1.0, "passes charged": 1.5, "training charged": 13.5}
    found = ledgers.by_ledger(multiplier(), CHARGED)
    assert found["teacher free"].value == 2.5
    assert found["passes charged"].value == pytest.approx(2.5 / 1.5)
    assert found["training charged"].low == pytest.approx(2.0 / 13.5)


@pytest.mark.parametrize(("stored", "fixed", "each"), [(True, 12.5, 1.5), (False, 12.0, 1.0)])
def test_students_who_pay_are_those_at_which_the_worth_is_one(stored, fixed, each):
    found = ledgers.needed(multiplier(), CHARGED, stored=stored)
    assert found.value == pytest.approx(fixed / each)
    assert found.low < found.value < found.high
    at = ledgers.worth(multiplier(), CHARGED, np.array([1.0, found.value]), stored=stored)
    assert at["value"].iloc[1] == pytest.approx(1.0)
    assert at["value"].iloc[0] == pytest.approx(2.5 / 13.5)
    # The ends swap: the most students are needed where each saves least.
    least = ledgers.worth(multiplier(), CHARGED, np.array([found.high]), stored=stored)
    assert least["low"].item() == pytest.approx(1.0)


def test_some_teachers_no_number_of_students_pays_for():
    assert ledgers.needed(multiplier(0.9, 0.8, 0.95), CHARGED, stored=True) == "no number"
    assert ledgers.needed(multiplier(1.4, 1.3, 1.45), CHARGED, stored=False) == "no number"
    unsettled = ledgers.needed(multiplier(1.1, 0.9, 1.25), CHARGED, stored=True)
    assert unsettled == "at least 50, if any"


def test_what_it_costs_and_what_it_saves_are_all_of_it():
    free = multiplier(2.5, 2.0, 4.0).interpolated
    cost, saved = ledgers.cost(free), ledgers.saved(free)
    assert (cost.value, cost.low, cost.high) == (40.0, 25.0, 50.0)
    assert (saved.value, saved.low, saved.high) == (60.0, 50.0, 75.0)


def runs(shift, sd=0.004, seed=0, seeds=3):
    """Scratch runs of loss 3 - 0.2 ln(steps), and "laws" lower by ``shift``."""
    rng = np.random.default_rng(seed)
    rows = []
    for arm, lengths in (("scratch", (75, 150, 300, 600, 1200)), ("laws", (150, 300, 600))):
        for steps in lengths:
            for s in range(seeds):
                less = shift if arm == "laws" else 0.0
                loss = 3 - 0.2 * np.log(steps) - less + rng.normal(0, sd)
                taught = (0.5 * steps, 12_000.0) if arm == "laws" else (0.0, np.nan)
                rows.append((arm, steps, s, float(steps), loss, *taught))
    columns = ["arm", "steps", "seed", "flop", "loss", "passes", "teacher_flop"]
    return pd.DataFrame(rows, columns=columns)


def longest(table, draws=400):
    laws, scratch = (table[table["arm"] == a] for a in ("laws", "scratch"))
    return compare.multipliers(laws, scratch, draws=draws, seed=0)[-1]


def test_a_known_multiplier_comes_back_on_every_ledger():
    table = runs(shift=0.2 * np.log(1.6), sd=1e-6)
    charged = ledgers.bill(table, "laws", 600)
    assert (charged.student, charged.passes, charged.teacher) == (600.0, 300.0, 12_000.0)
    found = ledgers.by_ledger(longest(table), charged)
    expected = {"teacher free": 1.6, "passes charged": 1.6 / 1.5, "training charged": 1.6 * 600 / 12_900}
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, rel=1e-3)
    assert ledgers.needed(longest(table), charged, stored=False).value == pytest.approx(12_000 / 60, rel=0.02)


def test_the_tuning_runs_alone_give_the_same_answer_without_noise():
    table = runs(shift=0.2 * np.log(1.6), sd=0.0).assign(stage="report", status="finished")
    tried = table[table["steps"].isin((300, 600)) & (table["seed"] == 0)]
    worse = tried.assign(loss=tried["loss"] + 0.3)
    # Another held-out half: all losses are shifted, and differences are not.
    trials = pd.concat([tried, worse]).assign(stage="tune", loss=lambda t: t["loss"] + 0.05)
    found = ledgers.rough(pd.concat([table, trials], ignore_index=True)).set_index("steps")
    assert list(found.index) == [300, 600]
    assert found["gain"].to_numpy() == pytest.approx(0.2 * np.log(1.6))
    assert found["teacher free"].to_numpy() == pytest.approx(1.6)
    assert found.loc[600, "passes charged"] == pytest.approx(1.6 / 1.5)


def everything(shift=0.1):
    table = runs(shift=shift).assign(stage="report", status="finished")
    trials = table[table["steps"].isin((300, 600)) & (table["seed"] == 0)].assign(stage="tune")
    return pd.concat([table, trials], ignore_index=True)


def test_every_reading_is_in_the_grid_once():
    table = everything(0.2 * np.log(1.6))
    study = ledgers.study(table, draws=100, seed=0)
    scratch = study.runs[study.runs["arm"] == "scratch"]
    # Text that does with half the compute: every lesson is worth half as much.
    best = study.against(scratch.assign(flop=scratch["flop"] / 2), draws=100, seed=0)
    grid = ledgers.specifications(study, best, {"CPU": ledgers.rough(table)})
    # Three lengths over two baselines in two inversions, two lengths of tuning runs; three ledgers.
    assert len(grid) == 3 * (3 * 2 * 2 + 2)
    assert not grid.duplicated(["lesson", "steps", "ledger", "reading"]).any()
    free = grid[grid["ledger"] == "teacher free"].set_index("reading")["value"]
    halved = free.index.str.startswith("best")
    assert free[~halved].to_numpy() == pytest.approx(1.6, rel=0.15)
    assert free[halved].to_numpy() == pytest.approx(0.8, rel=0.15)
    assert ledgers.above_text(grid, ("laws",), "teacher free") == "8 of 14"
    assert ledgers.above_text(grid, ("laws",), "training charged") == "0 of 14"
    assert ledgers.above_text(grid, ("samples",), "teacher free") == "0 of 0"


def test_benches_agree_by_the_side_of_one():
    more, less = (ledgers.rough(everything(shift)) for shift in (0.1, -0.1))
    assert ledgers.same_side(more, more) == "3 of 3"
    # Free and with passes charged, one lies above and the other below; training outweighs both.
    assert ledgers.same_side(more, less) == "1 of 3"


def test_a_rough_worth_is_not_carried_beyond_the_curve():
    table = runs(shift=2.0, sd=0.0).assign(stage="report", status="finished")
    trials = table[table["steps"] == 600].assign(stage="tune")
    found = ledgers.rough(pd.concat([table, trials], ignore_index=True))
    assert np.isnan(found["teacher free"]).all()


@worlds(20, 80)
def test_the_interval_of_the_students_covers(worlds):
    truth = 12_300 / (0.6 * 600)
    inside = []
    for seed in range(worlds):
        table = runs(shift=0.2 * np.log(1.6), seed=seed)
        found = ledgers.needed(longest(table, 200), ledgers.bill(table, "laws", 600), stored=True)
        inside.append(found.low <= truth <= found.high)
    # The rate is 0.9 to 0.97 here, as seeds are few; fewer worlds leave it to chance by so much more.
    slack = chance_band(0.9, worlds) - chance_band(0.9, 80)
    assert 0.88 - slack <= np.mean(inside) <= min(1.0, 0.99 + slack)


def test_a_bill_needs_a_teacher():
    with pytest.raises(RunError, match="no single bill"):
        ledgers.bill(runs(0.1), "scratch", 600)
    with pytest.raises(RunError, match="no single bill"):
        ledgers.bill(runs(0.1), "laws", 75)


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.01, 0.2, "not refuted"), (-0.1, 0.1, "undecided"), (-0.2, -0.1, "refuted")]
)
def test_the_rule_on_each_side(low, high, word):
    assert ledgers.verdict(Estimate((low + high) / 2, low, high, 3, "")) == word

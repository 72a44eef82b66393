"""Variance shared out among choices: known answers, missing combinations, no variance."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest

from moat.chapters.multiverse import choices
from moat.chapters.multiverse.choices import REST
from tests.chapters.multiverse.test_agreement import grid

FULL = pd.DataFrame(list(product("abc", "xy", "pq")), columns=["dates", "form", "runs"])
EFFECT = {"a": 0.0, "b": 1.0, "c": 5.0, "x": 0.0, "y": 2.0, "p": 0.0, "q": 0.0}


def additive(table: pd.DataFrame) -> np.ndarray:
    return sum(table[c].map(EFFECT).to_numpy() for c in table)


def test_the_parts_of_an_additive_grid_are_recovered():
    share = choices.shares(FULL, additive(FULL))
    parts = {"dates": np.var([0, 1, 5]), "form": np.var([0, 2]), "runs": 0.0}
    for name, variance in parts.items():
        assert share[name] == pytest.approx(variance / sum(parts.values()), abs=1e-12)
    assert share[REST] == pytest.approx(0, abs=1e-12)


def test_full_grids_give_one_way_eta_squared_and_leave_what_acts_together():
    values = additive(FULL) + 3 * ((FULL["form"] == "y") & (FULL["runs"] == "q"))
    share, alone = choices.shares(FULL, values), choices.one_way(FULL, values)
    np.testing.assert_allclose(share[list(FULL)], alone[list(FULL)], atol=1e-12)
    assert share[REST] > 0.02
    assert share.sum() == pytest.approx(1)


def explained(table: pd.DataFrame, names: tuple[str, ...], values: np.ndarray) -> float:
    design = np.hstack([np.ones((len(table), 1)), *[pd.get_dummies(table[n], dtype=float) for n in names]])
    fitted = design @ np.linalg.pinv(design) @ values
    return 1 - np.sum((values - fitted) ** 2) / np.sum((values - values.mean()) ** 2)


def test_missing_combinations_are_averaged_over_all_orders():
    """Against the definition: every order of the choices, one after the other."""
    rng = np.random.default_rng(0)
    table = FULL.drop(index=[0, 3, 5, 10]).reset_index(drop=True)
    values = additive(table) + rng.normal(size=len(table))
    slow = dict.fromkeys(table, 0.0)
    for order in permutations(table):
        for k, name in enumerate(order):
            slow[name] += (explained(table, order[: k + 1], values) - explained(table, order[:k], values)) / 6
    share = choices.shares(table, values)
    for name in table:
        assert share[name] == pytest.approx(slow[name], abs=1e-10)
    assert share.sum() == pytest.approx(1)
    assert not np.allclose(share[list(table)], choices.one_way(table, values)[list(table)])


def test_where_nothing_varies_nothing_is_shared():
    assert (choices.shares(FULL, np.full(len(FULL), 1 / 3)) == 0).all()


def test_movers_say_from_where_to_where_on_the_scale_of_the_grid():
    table = grid().table.assign(value=[1.0, 1.0, 10.0, 10.0])
    moved = choices.movers(grid(table=table, scale="log")).set_index("choice")
    assert moved.loc["dates", ["share", "span"]].tolist() == pytest.approx([1, 10])
    assert moved.loc["dates", ["lowest", "highest"]].tolist() == ["a", "b"]
    assert moved.loc["form", "span"] == pytest.approx(1)
    linear = choices.movers(grid(table=table)).set_index("choice")
    assert linear.loc["dates", "span"] == pytest.approx(9)


def test_choices_that_recur_are_summed_up_by_name():
    table = grid().table
    bound = [grid(table=table.assign(value=v)) for v in ([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 2, 3])]
    bound += [grid(claim="", table=table)]
    found = choices.recurring(bound).set_index("choice")
    assert found["grids"].tolist() == [3, 3]
    assert found.loc["dates", ["median", "largest"]].tolist() == pytest.approx([0.8, 1.0])
    assert found.loc["form", ["median", "largest"]].tolist() == pytest.approx([0.2, 1.0])
    assert choices.recurring(bound, least=4).empty


def test_a_grid_is_balanced_when_every_combination_is_there_once():
    assert choices.balanced(grid())
    assert not choices.balanced(grid(table=grid().table.iloc[:3]))


def test_spread_is_measured_in_intervals():
    table = pd.DataFrame({"form": [f"{i}" for i in range(101)], "value": np.arange(101.0)})
    table = table.assign(low=table["value"] - 10, high=table["value"] + 10)
    assert choices.spread_over_noise(grid(table=table)) == pytest.approx(90 / 20)
    ratios = 10 ** table[["value", "low", "high"]]
    assert choices.spread_over_noise(grid(table=table.assign(**ratios), scale="log")) == pytest.approx(4.5)
    assert np.isnan(choices.spread_over_noise(grid(table=table.assign(low=np.nan, high=np.nan))))


def test_the_leading_choice_is_named_for_grids_with_a_claim_only():
    table = grid().table.assign(value=[1.0, 2.0, 11.0, 12.0])
    tops = choices.leading([grid(table=table), grid(claim="", table=table), grid(claim="C02", scale="log")])
    assert tops[["claim", "choice", "balanced", "log"]].values.tolist() == [
        ["C02", "dates", True, True],
        ["C21", "dates", True, False],
    ]

"""Lists of prices, bills, a day of serving, readings of demand and the test for a break."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from moat.chapters.prices import demand, memory, replication, structural_break, task_costs
from moat.chapters.prices import grid as price_grid
from moat.chapters.prices import panel as token_prices
from moat.errors import FrontierError
from moat.index.item_response import Index
from moat.stats.estimate import Estimate


@pytest.fixture
def lists():
    old = pd.DataFrame({
        "name": ["a-old", "a-old", "b"], "price": [9.0, 6.0, 2.0],
        "date": ["2024-01-01", "2024-06-01", "2024-08-12"],
    })  # fmt: skip
    vendor = pd.DataFrame({
        "name": ["C", "C", "A"], "input": [1.0, 0.5, 99.0], "output": [5.0, 2.5, 99.0],
        "from_date": [None, "2025-03-01", None],
    })  # fmt: skip
    arena = pd.DataFrame({"name": ["d"], "input": [2.0], "output": [2.0]})
    names = pd.DataFrame(
        [
            ("epoch-token-prices", "a-old", "A", "high"),
            ("epoch-token-prices", "b", "B", "high"),
            ("vendor-prices", "C", "C", "high"),
            ("vendor-prices", "A", "A", "high"),
            ("arena-prices", "d", "D", "low"),
        ],
        columns=["prices", "listed", "model", "confidence"],
    )
    raw = {"epoch-token-prices": old, "vendor-prices": vendor, "arena-prices": arena, "price-names": names}
    models = pd.DataFrame({
        "model": list("ABCD"), "lab": list("wxyz"), "country": "US", "weights": "closed", "score": 120.0,
        "released": pd.to_datetime(["2023-12-20", "2024-02-01", "2025-01-10", "2025-02-01"]),
        "multi_sample": False,
    })  # fmt: skip
    return raw, models


def test_the_first_list_speaks_and_later_prices_need_a_day(lists):
    panel = token_prices.panel(*lists)
    assert panel["model"].tolist() == ["A", "B", "A", "C", "D", "C"]
    assert panel["price"].tolist() == [9.0, 2.0, 6.0, 2.0, 2.0, 1.0]
    assert panel["launch"].tolist() == [True, True, False, True, True, False]
    # A launch price counts from the release, whatever day the list was made.
    assert panel["date"].dt.strftime("%Y-%m-%d").tolist()[:3] == ["2023-12-20", "2024-02-01", "2024-06-01"]


def test_a_new_blend_leaves_out_lists_that_cannot_give_it(lists):
    panel = token_prices.panel(*lists, share=0.0)
    assert set(panel["prices"]) == {"vendor-prices", "arena-prices"}
    assert panel.loc[panel["model"] == "C", "price"].tolist() == [5.0, 2.5]


def test_names_that_fit_nothing_are_told(lists):
    raw, models = lists
    with pytest.raises(FrontierError, match="no model 'B'"):
        token_prices.panel(raw, models[models["model"] != "B"])
    odd = raw["price-names"].replace({"listed": {"d": "gone"}})
    with pytest.raises(FrontierError, match="no listing 'gone'"):
        token_prices.panel(raw | {"price-names": odd}, models)


def test_published_falls_return_and_our_selection_is_compared():
    raw = pd.DataFrame({
        "name": ["p", "q", "r", "s", "t"], "price": [8.0, 4.0, 4.0, 2.0, 1.0], "mmlu": [80.0, 85, 90, 81, 79],
        "date": ["2023-01-01", "2023-07-01", "2023-08-01", "2024-01-01", "2024-02-01"],
    })  # fmt: skip
    chosen = replication.select(raw, "MMLU", 80.0, "2023-01-01")
    assert chosen["name"].tolist() == ["p", "q", "s"]
    points = chosen.assign(bench="MMLU", threshold_model="p", score=80.0, range="[80, 100]")
    fall = replication.fall(points["date"], points["price"])
    falls = pd.DataFrame({
        "bench": ["MMLU"], "threshold_model": ["p"], "range": ["[80, 100]"], "n": [3],
        "start": ["2023-01-01"], "end": ["2024-01-01"], "fall": [fall.value],
        "interval": [f"[{fall.low}, {fall.high}]"],
    })  # fmt: skip
    row = replication.again(points, falls, raw).iloc[0]
    assert row["value"] == row["published"] == pytest.approx(row["reselected"])
    assert row["agrees"]
    fewer = replication.again(points[points["name"] != "q"].iloc[[0, 1, 1]], falls, raw).iloc[0]
    assert not fewer["agrees"]
    assert fewer["added"] == "q"
    with pytest.raises(FrontierError, match="A benchmark is one of"):
        replication.select(raw, "SAT", 80.0, "2023-01-01")


def test_bills_have_one_owner_and_the_frontier_nobody_above():
    runs = pd.DataFrame({
        "model": ["o1 (high)", "DeepSeek R1", "DeepSeek R1 + claude", "gpt-x", "Grok"],
        "date": ["2024-12-21", "2025-01-20", "2025-01-23", "2025-02-01", "2025-03-01"],
        "passed": [60.0, 57, 64, 50, 70], "cost": [186.0, 5.4, 13.3, 6.0, np.nan],
    })  # fmt: skip
    bills = task_costs.bills(runs)
    assert bills["lab"].tolist() == ["OpenAI", "DeepSeek", "OpenAI"]
    assert task_costs.frontier(bills, "2025-12-31")["model"].tolist() == ["DeepSeek R1", "o1 (high)"]
    assert task_costs.cheapest(bills, (50,))["cost"].tolist() == [186.0, 5.4]
    with pytest.raises(FrontierError, match="Nobody told whose"):
        task_costs.bills(runs.assign(model="Quasar Alpha"))


def test_a_day_of_serving_adds_up():
    items = {
        "nodes": 1.0, "GPUs a node": 8.0, "rent": 2.0, "input that hit the cache": 1e6, "input": 3e6,
        "output": 1e6, "price of cached input": 1.0, "price of other input": 2.0, "price of output": 100.0,
    }  # fmt: skip
    table = pd.DataFrame({"item": list(items), "value": list(items.values())})
    day = task_costs.day(table)
    assert (day.cost, day.revenue) == (384.0, 105.0)
    assert day.break_even == pytest.approx(105 / 192)
    assert day.cost_per_million == 96.0
    with pytest.raises(FrontierError, match="no item 'price of cached input of V3'"):
        task_costs.day(table, " of V3")


def test_a_reading_turns_its_interval_round():
    fall = Estimate(10.0, 4.0, 100.0, n=9, method="made up", level=0.9)
    e = demand.reading(100.0, fall)
    assert (e.low, e.value) == pytest.approx((1.0, 2.0))
    assert e.high == pytest.approx(math.log(100) / math.log(4))
    with pytest.raises(FrontierError, match="use that grew"):
        demand.reading(0.5, fall)
    row = pd.Series({"value": -1.11, "standard_error": 0.22, "n": 32539, "paper": "P"})
    size = demand.size(demand.published(row))
    assert (size.low, size.value, size.high) == pytest.approx((0.748, 1.11, 1.472), abs=1e-3)


@pytest.fixture(scope="module")
def straight():
    return 0.6 * np.arange(15) / 4 + np.random.default_rng(5).normal(0, 0.03, 15)


def test_a_break_is_found_where_it_is(straight):
    time = np.arange(15) / 4
    broken = straight - 0.5 * np.where(np.arange(15) >= 9, time - time[9], 0)
    found = structural_break.broken(broken[None], 9, worlds=1000)
    assert found.change.low <= -0.5 <= found.change.high
    assert found.change.high < 0
    assert found.chow_p < 0.1
    assert abs(found.worst_at - 9) <= 2


def test_breaks_are_seldom_found_where_there_is_none():
    rng, found = np.random.default_rng(1), []
    for _ in range(150):
        series = 0.6 * np.arange(15) / 4 + rng.normal(0, 0.05, 15)
        e = structural_break.broken(series[None], 11, worlds=300)
        found.append((e.change.low > 0 or e.change.high < 0, e.chow_p < 0.1, e.worst_p < 0.1))
    assert np.mean(found, axis=0) == pytest.approx([0.1, 0.1, 0.1], abs=0.09)


def test_power_grows_with_the_fall(straight):
    powers = [structural_break.power(straight, 11, fall) for fall in (1.0, 0.95, 0.9)]
    assert powers[0] == pytest.approx(10, abs=3)
    assert powers[0] < powers[1] < powers[2]


def test_a_break_needs_quarters_and_a_stock_that_grows(straight):
    with pytest.raises(FrontierError, match="4 quarters on each side"):
        structural_break.broken(straight[None], 13)
    with pytest.raises(FrontierError, match="shrinks"):
        structural_break.additions(np.array([[3.0, 2.0, 4.0]]))
    assert structural_break.additions(np.array([[1.0, 2, 12], [1, 2, 1]])).tolist() == [[0.0, 1.0]]


def test_caches_are_those_of_scored_models():
    shapes = pd.DataFrame({"model": ["A", "B"], "layers": 10, "cache_per_layer": 100, "cache_bits": 16})
    models = pd.DataFrame({
        "model": ["A", "C"], "score": 120.0, "weights": "open", "multi_sample": False, "lab": "x",
        "params": 7e9, "params_active": [np.nan, 1e9], "released": ["2024-01-01", "2024-02-01"],
    })  # fmt: skip
    kept = memory.caches(shapes, models)
    assert kept["cache"].tolist() == [2000.0]
    assert memory.weights(models)["params_active"].tolist() == [7e9, 1e9]


@pytest.fixture(scope="module")
def market():
    """Sixty models of six labs in one list, a price of each falling four times a year."""
    rng = np.random.default_rng(3)
    days = pd.Timestamp("2023-06-01") + pd.to_timedelta(np.sort(rng.integers(0, 1000, 60)), "D")
    score = 112 + 28 * (days - days[0]).days.to_numpy() / 1000 + rng.normal(0, 5, 60)
    models = pd.DataFrame({"model": [f"m{i}" for i in range(60)], "released": days, "score": score})
    models = models.assign(lab=[f"lab {i % 6}" for i in range(60)], multi_sample=False)
    models = models.assign(country=["CN" if i % 5 == 0 else "US" for i in range(60)])
    models = models.assign(weights=["open" if i % 3 == 0 else "closed" for i in range(60)])
    year = (days - pd.Timestamp("2025-01-27")).days.to_numpy() / 365.25
    price = 10 ** (0.06 * (score - 130) - np.log10(4) * year + rng.normal(0, 0.2, 60))
    vendor = pd.DataFrame({"name": models["model"], "input": price, "output": price, "from_date": None})
    none = pd.DataFrame({"name": [], "date": [], "price": [], "input": [], "output": []})
    names = pd.DataFrame({"prices": "vendor-prices", "listed": models["model"], "model": models["model"]})
    raw = {"epoch-token-prices": none, "vendor-prices": vendor, "arena-prices": none.drop(columns="date")}
    index = Index.given(pd.Series(score, models["model"]))
    return raw | {"price-names": names.assign(confidence="high")}, models, index


def test_the_grid_has_every_estimator_and_finds_the_pace(market):
    raw, models, index = market
    grid = price_grid.falls(raw, models, index, until="2026-03-01", blends=("three to one", "one to one"))
    assert set(grid["estimator"]) == set(price_grid.ESTIMATORS)
    whole = grid[grid["models"] == "all"].set_index(["estimator", "blend"])["value"]
    assert whole["all prices", "three to one"] == pytest.approx(4.0, rel=0.25)
    # Read and written cost the same here, so the blend is no choice.
    assert whole["monthly lows", "three to one"] == pytest.approx(whole["monthly lows", "one to one"])
    records = grid["estimator"] == "record lows"
    assert grid.loc[records, "low"].isna().all()
    assert (grid.loc[~records, "low"] <= grid.loc[~records, "high"]).all()


def test_populations_are_what_they_say(market):
    raw, models, _ = market
    panel = token_prices.panel(raw, models)
    closed = price_grid.clean(panel, until="2025-01-27", population="closed weights")
    assert not closed["open"].any()
    assert closed["date"].max() <= pd.Timestamp("2025-01-27")
    with pytest.raises(FrontierError, match="A population is one of"):
        price_grid.clean(panel, until="2025-01-27", population="cheap ones")


def test_memory_falls_as_it_was_made_to(market):
    _, models, index = market
    year = (models["released"] - pd.Timestamp("2025-01-27")).dt.days / 365.25
    size = 10 ** (10 + 0.05 * (models["score"] - 130) - np.log10(2) * year)
    table = memory.weights(models.assign(weights="open", params=size, params_active=size / 10))
    grid = memory.grid(table, index, "2026-03-01")
    straight = grid[grid["estimator"].isin(("straight", "China apart", "curved"))]
    assert straight["value"].to_numpy() == pytest.approx(2.0)

"""Growth of cost, rented chips, and reports held against their own numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import sources
from moat.chapters.bill import growth, rental, statements
from moat.errors import FrontierError
from moat.stats.dates import calendar_years


@pytest.fixture(scope="module")
def points():
    return sources.load("training-cost-points").rename(columns={"cost_usd_2023": "cost"})


def test_the_published_growth_is_reproduced(points):
    """Cottier et al. 2024: 2.4 times a year, 95% [2.0, 3.1], 90% [2.0, 2.9], R2 0.61, n 45."""
    ninety, r2, _ = growth.growth(points)
    wide, _, _ = growth.growth(points, level=0.95)
    assert ninety.n == 45
    assert ninety.value == pytest.approx(2.4, abs=0.05)
    assert r2 == pytest.approx(0.61, abs=0.005)
    assert [ninety.low, ninety.high] == pytest.approx([2.0, 2.9], abs=0.05)
    assert [wide.low, wide.high] == pytest.approx([2.0, 3.1], abs=0.05)


def test_a_known_growth_is_recovered_and_covered():
    rng = np.random.default_rng(4)
    dates = pd.Series(pd.date_range("2016-01-01", "2024-01-01", periods=45))
    hits, values = [], []
    for _ in range(400):
        noise = rng.normal(0, 0.8, len(dates))
        cost = 10 ** (4 + np.log10(2.4) * (calendar_years(dates) - 2016) + noise)
        found, _, _ = growth.growth(pd.DataFrame({"date": dates, "cost": cost}))
        hits.append(found.low <= 2.4 <= found.high)
        values.append(np.log(found.value))
    assert np.mean(hits) == pytest.approx(0.9, abs=0.04)
    assert np.exp(np.mean(values)) == pytest.approx(2.4, rel=0.02)


def test_the_band_goes_through_the_line(points):
    day = pd.Series(pd.to_datetime(["2020-01-01"]))
    found = growth.band(points, day).iloc[0]
    _, _, line = growth.growth(points)
    assert np.log10(found["value"]) == pytest.approx(line.intercept + line.slope * 2020, rel=1e-9)
    assert found["low"] < found["value"] < found["high"]


@pytest.mark.parametrize(("costs", "why"), [([1e6, 2e6], "at least three"), ([1e6, 0.0, 2e6], "above zero")])
def test_faults_of_growth_are_named(costs, why):
    dates = pd.date_range("2020-01-01", periods=len(costs), freq="YS")
    with pytest.raises(FrontierError, match=why) as caught:
        growth.growth(pd.DataFrame({"date": dates, "cost": costs}))
    assert "\n" not in str(caught.value)


# Rented chips.


PRICES = pd.DataFrame(
    [
        ("NVIDIA A100 SXM4 80 GB", "2023-01-01", 2.0),
        ("NVIDIA A100 SXM4 80 GB", "2023-02-01", 3.0),
        ("NVIDIA A100", "2023-01-01", 9.0),
        ("NVIDIA V100", "2018-01-01", 1.0),
    ],
    columns=["chip", "date", "three_years"],
)


def test_a_price_is_of_the_chip_then_of_its_family_then_of_another_time():
    price = lambda chip, day: rental.price_of(chip, pd.Timestamp(day), PRICES, "three_years")
    assert price("NVIDIA A100 SXM4 80 GB", "2023-01-01") | {"days": 0} == {
        "price": 2.5, "rows": 2, "days": 0, "basis": "this chip",
    }  # fmt: skip
    assert price("NVIDIA A100 PCIe", "2023-01-01")["basis"] == "its family"
    assert price("NVIDIA A100 PCIe", "2023-01-01")["price"] == 3.0
    assert price("Tesla V100", "2023-01-01")["basis"] == "another time"
    with pytest.raises(FrontierError, match="No three years price of a TPU v4") as caught:
        price("Google TPU v4", "2023-01-01")
    assert "\n" not in str(caught.value)


def test_costs_of_a_synthetic_market_are_exact():
    chips = ["NVIDIA A100", "Google TPU v4"]
    runs = pd.DataFrame({"model": ["a", "b"], "date": "2023-01-01", "hardware": chips})
    runs = runs.assign(chips=100.0, hours=10.0)
    published = pd.DataFrame({"model": ["a", "b"], "cloud": [4500.0, 1.0]})
    table = rental.own_costs(runs, PRICES, published)
    assert table["model"].tolist() == ["a"]
    row = table.iloc[0]
    assert (row["ours"], row["ratio"], row["implied"]) == (9000.0, 2.0, 4.5)
    # The ratio is one of prices, as hours are common.
    assert row["ratio"] == row["price"] / row["implied"]
    assert rental.agreement(table, 1.5).tolist() == [False]
    with pytest.raises(FrontierError, match="No run has chips"):
        rental.own_costs(runs[runs["model"] == "b"], PRICES, published)


def test_published_rental_costs_are_reproduced_for_twenty_systems():
    try:
        names = ("epoch-runs", "hardware-prices", "training-costs")
        runs, prices, published = map(sources.load, names)
    except sources.SourceUnavailable as error:
        pytest.skip(str(error))
    table = rental.own_costs(runs, prices, published)
    assert len(table) >= 20
    assert rental.agreement(table, 2).all()
    assert rental.agreement(table, 1.5).mean() > 0.9
    assert table["ratio"].median() == pytest.approx(1.0, abs=0.1)


# Statements.


@pytest.mark.parametrize(
    ("working", "value"),
    [("180 * 14.8 / 1000", 2.664), ("(1 - 172.8 / 300.6) * 100", 42.515), ("4 - 2 + 1", 3)],
)
def test_arithmetic_is_computed(working, value):
    assert statements.compute(working) == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize("working", ["__import__('os')", "2 ** 9", "1 / 0", "two", "", "3 if 1 else 2"])
def test_what_is_not_arithmetic_is_refused(working):
    with pytest.raises(FrontierError, match="is not arithmetic") as caught:
        statements.compute(working)
    assert "\n" not in str(caught.value)


def table(**changes):
    row = {"id": "S1", "value": 2.664, "working": "180 * 14.8 / 1000", "compare": "equal", "tolerance": 5e-4,
           "status_then": "arithmetic", "status_now": "arithmetic"}  # fmt: skip
    return pd.DataFrame([row | changes])


def test_a_statement_that_fails_its_own_arithmetic_is_contradicted():
    assert statements.graded(table())["status_now"].tolist() == ["arithmetic"]
    wrong = statements.graded(table(value=2.7))
    assert wrong["status_then"].tolist() == wrong["status_now"].tolist() == ["contradicted"]
    bound = statements.graded(table(value=3.0, compare="at most"))
    assert bound["status_now"].tolist() == ["arithmetic"]
    with pytest.raises(FrontierError, match="shows none"):
        statements.graded(table(working=None))


def test_the_list_of_statements_is_long_enough_and_its_arithmetic_holds():
    found = statements.graded(sources.load("deepseek-statements"))
    assert (found["report"] != "outside").sum() >= 15
    assert found.loc[found["working"].notna(), "holds"].all()
    then = found[found["status_then"].notna()]
    assert (pd.to_datetime(then["stated_on"]) <= "2025-01-27").all()
    assert not (found["report"] == "outside")[found["status_then"].notna()].any()


def test_the_share_that_cannot_be_checked_has_an_interval():
    status = pd.Series(["not checkable"] * 5 + ["arithmetic"] * 10 + [None])
    share = statements.unchecked_share(status, "then")
    assert (share.value, share.n) == (pytest.approx(100 / 3), 15)
    assert share.low < 100 / 3 < share.high
    with pytest.raises(FrontierError, match="No statement is graded"):
        statements.unchecked_share(pd.Series([None, None]), "then")

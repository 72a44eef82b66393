"""The fall of prices at fixed capability: the estimators find a known pace and their intervals cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from moat.chapters.prices import price_floor, simulate
from moat.chapters.prices.hedonic import MIDDLE, STEP, ZERO, Hedonic
from moat.errors import FrontierError
from moat.stats.dates import years
from tests.simulated import chance_band, worlds

END = "2026-07-01"


@pytest.fixture(scope="module")
def lists():
    """A hundred models of twelve labs over three years, better with time."""
    rng = np.random.default_rng(7)
    days = pd.Timestamp("2023-07-01") + pd.to_timedelta(np.sort(rng.integers(0, 1090, 100)), "D")
    year = (days - days[0]).days.to_numpy() / 365.25
    table = pd.DataFrame({"model": [f"m{i}" for i in range(100)], "date": days})
    table["lab"] = [f"lab {i}" for i in rng.integers(0, 12, 100)]
    return table.assign(china=(rng.random(100) < 0.3).astype(float)), 115 + 9 * year + rng.normal(0, 6, 100)


def priced(table, ability, pace, china=1.0):
    year = (table["date"] - pd.Timestamp("2025-01-27")).dt.days / 365.25
    log = 0.8 * (ability - 130) / 10 - np.log10(pace) * year + np.log10(china) * table["china"]
    return table.assign(price=10**log)


def test_a_line_without_noise_is_found_exactly(lists):
    table, ability = lists
    fitted = Hedonic("price", ("china",)).fit(priced(table, ability, 8.0, china=0.5), ability[None])
    assert fitted.fall().value == pytest.approx(8.0)
    assert fitted.ratio("china").value == pytest.approx(0.5)
    assert fitted.ratio("capability").value == pytest.approx(10**0.8)
    curved = Hedonic("price", ("china",), "curved").fit(priced(table, ability, 8.0), ability[None])
    assert curved.fall().value == pytest.approx(8.0)


def test_the_point_is_that_of_least_squares_on_three_columns(lists):
    table, ability = lists
    noisy = priced(table, ability, 4.0)
    noisy["price"] *= np.exp(np.random.default_rng(8).normal(0, 0.5, len(noisy)))
    found = Hedonic("price").fit(noisy, ability[None])
    columns = {"capability": (ability - MIDDLE) / STEP, "year": years(noisy["date"], ZERO)}
    ours = smf.ols("np.log10(price) ~ capability + year", noisy.assign(**columns)).fit()
    assert found.params[0] == pytest.approx(ours.params.to_numpy(), rel=1e-9)


def test_levels_of_labs_do_not_move_a_line_with_intercepts(lists):
    table, ability = lists
    dear = priced(table, ability, 4.0)
    dear["price"] *= np.where(table["lab"] == "lab 3", 10.0, 1.0)
    fitted = Hedonic("price", form="lab intercepts").fit(dear, ability[None])
    assert fitted.fall().value == pytest.approx(4.0)
    assert fitted.fall().half_width < 1e-6


@worlds(40, 150)
def test_noise_of_the_index_flattens_and_its_draws_tell_by_how_much(lists, worlds):
    table, ability = lists
    spread = simulate.Spread(0.8, 0.25, 0.3)
    noise = np.full(len(table), 3.0)
    held = simulate.coverage(table, ability, noise, spread, 8.0, worlds=worlds, seed=0)
    assert held["corrected"].mean() > 0.83 + chance_band(0.9, 150) - chance_band(0.9, worlds)
    assert held["raw"].mean() < held["corrected"].mean()


@worlds(40, 150)
def test_without_noise_of_the_index_the_interval_covers(lists, worlds):
    table, ability = lists
    spread, none = simulate.Spread(0.8, 0.25, 0.3), np.zeros(len(table))
    held = simulate.coverage(table, ability, none, spread, 8.0, worlds=worlds, seed=1)
    slack = chance_band(0.9, worlds) - chance_band(0.9, 150)
    assert 0.84 - slack <= held["raw"].mean() <= min(1.0, 0.97 + slack)


@worlds(30, 100)
def test_the_interval_of_the_lows_covers_their_mean(lists, worlds):
    table, ability = lists
    spread, noise = simulate.Spread(0.8, 0.25, 0.3), np.full(len(table), 1.0)
    held = simulate.low_coverage(
        table, ability, noise, spread, 8.0, END, levels=(120.0, 130.0, 140.0), worlds=worlds, seed=0
    )
    assert held.mean() > 0.82 + chance_band(0.9, 100) - chance_band(0.9, worlds)


def test_record_lows_seem_to_fall_where_nothing_falls(lists):
    table, ability = lists
    spread, none = simulate.Spread(0.8, 0.25, 0.3), np.zeros(len(table))
    made = simulate.inflated(
        table, ability, none, spread, END, levels=(120.0, 130.0, 140.0), worlds=60, seed=0, paces=(1.0, 4.0)
    )
    still = made[made["pace"] == 1.0].set_index("estimator")["value"]
    assert still["record lows"] > 1.5
    assert still["all prices"] == pytest.approx(1.0, rel=0.15)
    seen = made[(made["estimator"] == "record lows") & (made["pace"] == 4.0)]["value"].iloc[0]
    assert simulate.corrected(seen, made) == pytest.approx(4.0)
    with pytest.raises(FrontierError, match="widen the paces"):
        simulate.corrected(1e9, made)


def test_spread_is_recovered(lists):
    table, ability = lists
    truth = simulate.Spread(0.8, 0.3, 0.2)
    none = np.zeros(len(table))
    price, _ = simulate.draw(table, ability, none, truth, 8.0, worlds=40, seed=0)
    found = [simulate.Spread.of(table.assign(price=p), ability[None]) for p in price]
    assert np.mean([s.slope for s in found]) == pytest.approx(0.8, abs=0.05)
    assert np.mean([s.model for s in found]) == pytest.approx(0.2, abs=0.03)
    assert np.mean([s.lab for s in found]) == pytest.approx(0.3, abs=0.08)


def test_monthly_lows_are_those_of_the_slow_way(lists):
    table, ability = lists
    dear = priced(table, ability, 6.0)
    monthly = price_floor.monthly(dear, ability, END, levels=(125.0,))
    for row in monthly.iloc[::7].itertuples():
        fits = (ability >= 125) & (dear["date"] <= row.date).to_numpy()
        assert row.low == dear["price"][fits].min()
    year = (monthly["date"] - pd.Timestamp("2025-01-27")).dt.days / 365.25
    slow = 10 ** -np.polyfit(year, np.log10(monthly["low"]), 1)[0]
    assert price_floor.fall(dear, ability[None], END, levels=(125.0,)).value == pytest.approx(slow, rel=0.03)


def test_records_are_strictly_cheaper_each():
    price = np.array([5.0, 5.0, 3.0, 4.0, 1.0])
    kept = price_floor.records(np.arange(5.0), price, np.full(5, 1.0), 1.0)
    assert kept.tolist() == [0, 2, 4]
    assert np.isnan(price_floor.record_slope(np.arange(5.0), price, np.zeros(5), 1.0))


def test_errors_name_what_is_wrong(lists):
    table, ability = lists
    with pytest.raises(FrontierError, match="no column 'price'"):
        Hedonic("price").fit(table, ability[None])
    with pytest.raises(FrontierError, match="positive"):
        Hedonic("price").fit(table.assign(price=0.0), ability[None])
    with pytest.raises(FrontierError, match="straight, curved"):
        Hedonic("price", form="wavy").fit(priced(table, ability, 2.0), ability[None])
    fitted = Hedonic("price").fit(priced(table, ability, 2.0), ability[None])
    with pytest.raises(FrontierError, match="not 'open'"):
        fitted.ratio("open")
    with pytest.raises(FrontierError, match="take lower levels"):
        price_floor.fall(priced(table, ability, 2.0), ability[None], END, levels=(500.0,))

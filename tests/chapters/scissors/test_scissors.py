"""Gaps in compute, shares of chips, elasticities, growth and leaps: made-up worlds, published rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from moat import sources
from moat.chapters.lag.race import Race
from moat.chapters.scissors import chip_stock, compute_gap, frontier_steps, half_years
from moat.chapters.scissors import growth as parts
from moat.chapters.scissors import replication as published
from moat.errors import FrontierError
from moat.stats.dates import years


def world(us=10**0.7, cn=10**0.5, apart=1.0, labs=8, noise=0.0, seed=0):
    """Quarterly runs of every lab, growing ``us`` and ``cn`` times a year, ``apart`` orders apart."""
    rng, rows = np.random.default_rng(seed), []
    for country, pace, start in (("US", us, 25.0), ("CN", cn, 25.0 - apart)):
        for lab in range(labs):
            for day in pd.date_range("2022-01-01", "2026-06-30", freq="QS"):
                x = start + np.log10(pace) * (day - pd.Timestamp("2025-07-01")).days / 365.25 - 0.1 * lab
                rows.append((country, f"{country}{lab}", day, 10 ** (x + noise * rng.standard_normal())))
    table = pd.DataFrame(rows, columns=["country", "lab", "date", "flop"])
    table["model"] = [f"m{i}" for i in range(len(table))]
    return table.assign(
        listed_as=table["model"], flop_confidence="Confident", domain="Language", issues="",
        built_on="", weights="closed", base_lab=None,
    )  # fmt: skip


def test_growth_and_gap_of_a_made_up_world_come_back():
    table = compute_gap.runs(world(), "China")
    for side, pace in (("leads", 0.7), ("follows", 0.5)):
        grown = compute_gap.growth(table, side, start="2022-12-31", end="2025-06-30")
        assert np.log10(grown.value) == pytest.approx(pace, abs=0.01)
        assert grown.low <= grown.value <= grown.high
    for top in (1, 5):
        assert compute_gap.gap(table, "2025-07-01", top).estimate().value == pytest.approx(1.0, abs=1e-9)


def test_the_interval_of_a_gap_is_that_of_its_runs():
    table = compute_gap.runs(world(), "China")
    one, five = (compute_gap.gap(table, "2025-07-01", k).estimate() for k in (1, 5))
    assert one.half_width == pytest.approx(np.log10(3) * np.sqrt(2))
    assert five.half_width == pytest.approx(one.half_width / np.sqrt(5))
    same = compute_gap.gap(table, "2025-07-01") - compute_gap.gap(table, "2025-07-02")
    assert same.estimate().half_width == 0


def test_the_true_gap_lies_within_the_bounds_when_leaders_fall_silent():
    whole = compute_gap.runs(world(noise=0.05), "China")
    silent = whole[~(whole["leads"] & (whole["date"] >= compute_gap.SILENT))]
    for day in ("2025-09-30", "2025-12-31", "2026-06-30"):
        low, high = compute_gap.bounds(silent, day, 10**0.8)
        assert low < compute_gap.gap(whole, day).estimate().value < high
    low, high = compute_gap.bounds(silent, "2024-12-31", 5.0)
    assert low == high


def owners(share=0.2):
    days = ("2024-12-31", "2025-12-31")
    rows = [("Nvidia", o, "H", d, s * k) for o, s in (("China", share), ("US", 1 - share))
            for d, k in zip(days, (100.0, 400.0), strict=True)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["manufacturer", "owner", "chip", "until", "h100e"])
    return table.assign(h100e_low=0.8 * table["h100e"], h100e_high=1.25 * table["h100e"], incomplete=np.nan)


def test_a_share_of_chips_and_its_change():
    stock = chip_stock.Stock.of(owners(), draws=4000, seed=1)
    share = stock.share("China")
    assert share[0] == pytest.approx([20.0, 20.0])
    assert np.ptp(share, axis=1).max() == pytest.approx(0, abs=1e-9)
    ends = np.quantile(stock.of_owner("China")[1:, 0], [0.05, 0.95])
    assert ends == pytest.approx([16.0, 25.0], rel=0.03)
    assert stock.ratio("China")[0, 1] == pytest.approx(4)
    assert stock.at("2025-06-30") == 0


def test_uncounted_chips_restore_the_share_that_they_are_said_to():
    more = chip_stock.uncounted(np.array([30.0]), np.array([10.0]), np.array([100.0]))
    assert (10 + more * 10) / (100 + more * 10) == pytest.approx(0.3)


@pytest.mark.parametrize("form", half_years.FORMS)
def test_a_known_elasticity_comes_back(form):
    rng = np.random.default_rng(2)
    ratio = np.exp(np.cumsum(0.5 * rng.standard_normal(60)))
    lag = 4 * ratio**0.4 * np.exp(0.01 * rng.standard_normal(60))
    found = half_years.elasticity(lag, ratio, form).estimate
    assert found.value == pytest.approx(0.4, abs=0.02)


def test_changes_hold_their_level_between_two_wanderers_and_levels_do_not():
    rng = np.random.default_rng(3)
    hits = dict.fromkeys(half_years.FORMS, 0)
    for _ in range(200):
        lag, ratio = np.exp(np.cumsum(0.3 * rng.standard_normal((2, 8)), axis=1))
        for form in hits:
            found = half_years.elasticity(lag, ratio, form).estimate
            hits[form] += not found.low <= 0 <= found.high
    assert hits["changes"] <= 0.1 * 200 + 2 * np.sqrt(200 * 0.1 * 0.9)
    assert hits["levels"] > 0.2 * 200


def made_runs(n=24):
    rng = np.random.default_rng(4)
    year = np.linspace(-6, 0, n)
    table = pd.DataFrame({"year": year, "lab": [f"l{i % 6}" for i in range(n)]})
    for name, pace in zip(parts.PARTS, (0.3, 0.15, 0.15, 0.1), strict=True):
        table[name] = pace * year + 0.02 * rng.standard_normal(n)
    return table.assign(x=table[list(parts.PARTS)].sum(axis=1))


def test_the_parts_of_growth_sum_exactly():
    table = made_runs()
    slope, share = parts.slopes(table), parts.shares(table)
    assert sum(slope[k] for k in parts.PARTS) == pytest.approx(slope["x"], rel=1e-12)
    assert sum(share[k].value for k in parts.PARTS) == pytest.approx(100, rel=1e-12)
    assert share["chips and time"].value == pytest.approx(100 * 0.45 / 0.7, abs=2)
    assert share["chips"].low < 100 * 0.3 / 0.7 < share["chips"].high


def test_factors_multiply_to_the_compute_of_each_run():
    models = world(labs=4).head(30)
    runs = pd.DataFrame({"model": models["model"], "hardware": "H", "chips": 100.0, "hours": 10.0})
    hardware = pd.DataFrame({"chip": ["H"], "tensor16": [1e15], "fp16": [np.nan]})
    table = parts.factors(runs, hardware, models, largest=None)
    assert np.allclose(table[list(parts.PARTS)].sum(axis=1), np.log10(table["flop"]))
    assert len(parts.factors(runs, hardware, models, largest=1)) < len(table)


def test_a_leap_is_a_step_above_the_usual_ones():
    days = np.arange(6.0)
    assert frontier_steps.excess([[0, 1, 2, 3, 4, 14]], days, 5)[0] == pytest.approx(9)
    assert frontier_steps.excess([[0, 1, 2, 3, 4, 4.5]], days, 5)[0] == pytest.approx(-0.5)
    assert frontier_steps.steps([[1.0, 3.0, 2.0]], [3, 1, 2])[0, [0, 2]].tolist() == [0, 0]


def test_published_growth_comes_back():
    points = sources.load("china-trends-points")
    groups = dict(list(points.groupby("group")))
    assert published.line(groups["Non-China"]) == pytest.approx((4.78, 70.93), abs=0.01)
    pace, bic = published.line(groups["China"])
    assert (pace, bic) == (pytest.approx(18.37, abs=0.01), pytest.approx(157.96, abs=0.05))
    dated = groups["China"].assign(year=years(groups["China"]["date"], length=published.YEAR))
    fitted = smf.ols("log10_flop ~ year", dated).fit()  # whose BIC does not count the variance
    wanted = (10 ** fitted.params["year"], fitted.bic + np.log(len(dated)))
    assert (pace, bic) == pytest.approx(wanted, rel=1e-9)
    after, month = published.bend(groups["China"])
    assert after == pytest.approx(2.93, abs=0.01)
    assert month == pd.Timestamp("2021-10-01")
    both = sources.load("open-models-points")
    pace, months = published.parallel(both, "Open models")
    assert (pace, months) == (pytest.approx(4.60, abs=0.01), pytest.approx(15.61, abs=0.05))
    for name, pace in (("Closed models", 4.56), ("Open models", 4.65)):
        assert published.line(both[both["group"] == name])[0] == pytest.approx(pace, abs=0.01)


def test_its_interval_is_near_the_published_one():
    points = sources.load("china-trends-points")
    only = points[points["group"] == "Non-China"]
    found = published.resampled(only, lambda p: published.line(p)[0], draws=400, seed=0, what="growth")
    assert (found.low, found.high) == (pytest.approx(4.28, abs=0.15), pytest.approx(5.30, abs=0.15))


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (lambda: compute_gap.runs(world().drop(columns="flop"), "China"), "no column 'flop'"),
        (lambda: compute_gap.runs(world().assign(flop=0.0), "China"), "above zero"),
        (lambda: compute_gap.runs(world().assign(country="US"), "China"), "there is no gap"),
        (lambda: compute_gap.gap(compute_gap.runs(world(), "China"), "2021-01-01"), "only 0 labs"),
        (lambda: compute_gap.bounds(compute_gap.runs(world(), "China"), "2026-01-01", 0.5), "cannot fall"),
        (lambda: chip_stock.Stock.of(owners().drop(columns="chip")), "no column 'chip'"),
        (lambda: chip_stock.Stock.of(owners()).share("Mars"), "no owner 'Mars'"),
        (lambda: chip_stock.Stock.of(owners()).at("2020-01-01"), "begins after"),
        (lambda: chip_stock.uncounted([0.0], [1.0], [2.0]), "between 0 and 100"),
        (lambda: half_years.elasticity([1, 2, 3, 4], [1, 2, 3, 4], "ranks"), "one of"),
        (lambda: half_years.elasticity([1, 2, 3], [1, 2]), "align"),
        (lambda: half_years.elasticity([1, 2, 3], [1, 2, 3]), "at least four"),
        (lambda: half_years.elasticity([1, 2, 3, 0], [1, 2, 3, 4]), "above zero"),
        (lambda: half_years.elasticity([1, 2, 3, 5, 6], [1, 2, 4, 8, 16]), "never changes"),
        (lambda: parts.slopes(made_runs(2)), "at least three"),
        (lambda: frontier_steps.excess([[1, 2]], [1, 2], 1), "three earlier steps"),
        (lambda: published.bend(pd.DataFrame({"date": ["2021-01-01"] * 3, "log10_flop": 1.0})), "both sides"),
        (lambda: published.parallel(sources.load("open-models-points"), "x"), "inside and outside"),
    ],
)
def test_faults_are_one_clear_sentence(fault, says):
    with pytest.raises(FrontierError, match=says) as caught:
        fault()
    assert str(caught.value).endswith(".")


def test_the_axis_of_half_years_carries_lag_and_bounds():
    days = half_years.ends("2025-01-01", "2026-06-30")
    stairs = Race.between(
        [[1.0, 2.0]], ["2024-01-01", "2024-07-01"], [True, False], [False, True], "2026-06-30"
    )
    assert (half_years.lags(stairs, days) == 0).all()
    late = Race.between(
        [[2.0, 1.0]], ["2024-01-01", "2024-07-01"], [True, False], [False, True], "2026-06-30"
    )
    assert np.diff(half_years.lags(late, days)[0]) == pytest.approx(6, abs=0.2)
    table = compute_gap.runs(world(), "China")
    bounds = half_years.gaps(table, days, 5.0)
    assert (bounds["low"] <= bounds["high"]).all()
    stock = chip_stock.Stock.of(owners(), draws=10)
    ratio = half_years.chips(stock, days, "China")
    assert np.isnan(ratio[:, -1]).all()
    assert ratio[0, 0] == pytest.approx(4)


def test_a_grid_of_elasticities_names_its_choices():
    ratio = np.array([1.0, 3, 2, 6, 4, 9])
    lag = {("China", "mean"): 5 * ratio**0.2, ("China", "day"): np.zeros(6)}
    grid = half_years.grid(lag, {("China", "runs"): ratio, ("open weights", "runs"): ratio})
    assert grid["value"].to_numpy() == pytest.approx(0.2)
    assert len(grid) == len(half_years.FORMS)
    with pytest.raises(FrontierError, match="enough half-years"):
        half_years.grid({("China", "day"): np.zeros(6)}, {("China", "runs"): ratio})

"""The cross-section: against statsmodels, on a known slope, and its intervals in simulated markets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from moat.chapters.market import cross_section, event_study, simulate
from moat.chapters.market import grid as event_grid
from moat.errors import FrontierError
from tests.simulated import chance_band, worlds


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(30, 40, 60), rng.normal(0, 1, 60), rng.random(60) < 0.3])
    z = (x[:, 0] - x[:, 0].mean()) / x[:, 0].std(ddof=1)
    return -2.0 * z - 5.0 * x[:, 2] + rng.normal(0, 0.5, 60), x


def test_a_cross_section_finds_the_slopes_and_equals_statsmodels(table):
    y, x = table
    found = cross_section.regress(y, x)
    assert found.slopes["run-up"] == pytest.approx(-2.0, abs=0.3)
    assert found.slopes["supplier"] == pytest.approx(-5.0, abs=0.5)
    scaled = x.astype(float)
    scaled[:, :2] = (x[:, :2] - x[:, :2].mean(axis=0)) / x[:, :2].std(axis=0, ddof=1)
    robust = sm.OLS(y, sm.add_constant(scaled)).fit(cov_type="HC3")
    assert found.errors["run-up"] == pytest.approx(robust.bse[1], rel=1e-9)
    less = sm.OLS(y, sm.add_constant(scaled[:, 1:])).fit()
    full = sm.OLS(y, sm.add_constant(scaled)).fit()
    assert found.partial["run-up"] == pytest.approx((less.ssr - full.ssr) / less.ssr, rel=1e-9)


def test_a_flag_that_does_not_vary_is_left_out_and_few_shares_are_refused(table):
    y, x = table
    found = cross_section.regress(np.where(x[:, 2] > 0, np.nan, y), x)
    assert set(found.slopes) == {"run-up", "chip beta"}
    assert found.n == int((x[:, 2] == 0).sum())
    with pytest.raises(FrontierError, match="needs 20"):
        cross_section.regress(y[:10], x[:10])


def test_a_run_up_ends_before_the_day():
    closes = pd.DataFrame({"a": np.exp(0.01 * np.arange(300))})
    closes.iloc[-1] = 0.001
    assert cross_section.run_up(closes, [299])[0, 0] == pytest.approx(252.0)
    with pytest.raises(FrontierError, match="252 days back"):
        cross_section.run_up(closes, [200])


def test_the_basket_leaves_a_member_out_and_finds_a_beta():
    rng = np.random.default_rng(2)
    fund, chip = rng.normal(size=400), rng.normal(size=400)
    chips = [fund + chip + 0.5 * rng.normal(size=400) for _ in range(6)]
    follower, other = 2 * fund + 0.7 * chip + 0.2 * rng.normal(size=400), fund + rng.normal(size=400)
    table = pd.DataFrame(np.column_stack([*chips, follower, other]), columns=[*"abcdef", "follower", "other"])
    model = event_study.fit(table, pd.Series(fund), [390], window=(-380, -11))
    beta = dict(zip(model.names, cross_section.basket_beta(model, list("abcdef"))[0], strict=True))
    assert beta["follower"] == pytest.approx(0.7, abs=0.1)
    assert beta["other"] == pytest.approx(0.0, abs=0.15)
    # By hand for one member: both sides without the market, the basket without the member.
    inside = slice(10, 380)
    m = sm.add_constant(fund[inside])
    rest = table[list("bcdef")].mean(axis=1).to_numpy()[inside]
    own = sm.OLS(table["a"].to_numpy()[inside], np.column_stack([m, rest])).fit()
    assert beta["a"] == pytest.approx(own.params[2], rel=1e-9)
    with pytest.raises(FrontierError, match="two members"):
        cross_section.basket_beta(model, ["a"])


@worlds(40, 120)
def test_only_the_interval_with_both_errors_covers_at_its_rate(worlds):
    """Suppliers are hit unevenly: day errors are too short, regression errors too long."""
    known = simulate.slopes(-1.0, worlds=worlds, seed=5, days=60)
    held = {k: ((x[:, 0] <= -1) & (x[:, 1] >= -1)).mean() for k, x in known.items()}
    slack = chance_band(0.9, worlds) - chance_band(0.9, 120)
    assert 0.83 - slack <= held["both"] <= min(1.0, 0.96 + slack)
    assert held["day"] < held["both"] <= held["regression"]
    with pytest.raises(FrontierError, match="Errors are one of"):
        cross_section.Study(None, ()).slope("run-up", errors="none")


def test_grids_hold_every_specification_once_and_find_the_fall():
    rng = np.random.default_rng(3)
    fund = pd.Series(rng.normal(0, 1, 700))
    names = [f"s{i}" for i in range(30)]
    table = pd.DataFrame(fund.to_numpy()[:, None] + rng.normal(0, 1, (700, 30)), columns=names)
    table.loc[680, names[:5]] -= 8
    closes = 100 * (1 + table / 100).cumprod()
    markets = event_grid.markets(table, fund, names[10:])
    groups = {"hit": names[:5], "not": names[5:10]}
    grid = event_grid.of_groups(table, markets, 680, {"all": groups})
    assert len(grid) == 2 * 7 * 3 * 2
    assert not grid.duplicated(["group", "market", "estimation", "span", "average"]).any()
    by = grid.groupby("group")
    assert by["value"].mean()["hit"] == pytest.approx(-8, abs=1)
    assert by["p"].max()["hit"] < 0.05
    assert abs(by["value"].mean()["not"]) < 1
    assert by["p"].min()["not"] > 0.05
    two = {k: markets[k] for k in ("S&P 500 fund", "mean of the rest")}
    flags = {"hit": names[:5]}
    slopes = event_grid.of_slope(table, closes, two, 680, flags, names[5:10], horizons={"6 months": 126})
    assert len(slopes) == 2 * 3 * 2
    assert (slopes["low"] < slopes["high"]).all()


def test_tails_are_drawn_in_day_by_day():
    values = np.array([np.arange(101.0), 10 * np.arange(101.0)])
    drawn = event_grid.winsorised(values)
    assert drawn.min(axis=1).tolist() == [5.0, 50.0]
    assert drawn.max(axis=1).tolist() == [95.0, 950.0]

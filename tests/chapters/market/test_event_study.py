"""The event study: against statsmodels, on known answers, and in simulated markets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from moat.chapters.market import event_study, recovery, simulate
from moat.errors import FrontierError


@pytest.fixture(scope="module")
def market():
    rng = np.random.default_rng(4)
    fund = pd.Series(rng.normal(0, 1, 600))
    shares = {
        name: 0.1 + beta * fund + rng.normal(0, 2, 600) for name, beta in zip("abc", (0.5, 1, 2), strict=True)
    }
    table = pd.DataFrame(shares)
    table.loc[:430, "c"] = np.nan  # listed late
    return table, fund


def test_it_equals_statsmodels_with_and_without_missing_days(market):
    table, fund = market
    found = event_study.fit(table, fund, [520])
    for i, name in enumerate(table):
        inside = table[name].iloc[390:510].dropna()
        done = sm.OLS(inside, sm.add_constant(fund[inside.index])).fit()
        ahead = done.get_prediction([[1, fund[520]]])
        assert found.beta[0, i] == pytest.approx(done.params.iloc[1], rel=1e-9)
        assert found.spread[0, i] == pytest.approx(np.sqrt(done.mse_resid), rel=1e-9)
        assert found.forecast[0, i] == pytest.approx(ahead.se_obs[0], rel=1e-9)
        assert found.abnormal[0, 0, i] == pytest.approx(table[name][520] - ahead.predicted_mean[0], rel=1e-9)


def test_a_share_with_too_short_a_past_is_missing(market):
    table, fund = market
    assert np.isnan(event_study.fit(table, fund, [480]).abnormal[0, 0, 2])
    assert np.isfinite(event_study.fit(table, fund, [480], least=30).abnormal[0, 0, 2])


def test_without_a_market_the_return_itself_is_judged(market):
    table, _ = market
    found = event_study.fit(table, None, [520], offsets=(-1, 0))
    assert found.cumulative[0, 0] == pytest.approx(table["a"][519] + table["a"][520])
    assert found.spread[0, 0] == pytest.approx(table["a"].iloc[390:510].std(ddof=1))


@pytest.mark.parametrize(
    ("days", "more", "match"),
    [
        ([520], {"offsets": (-20, 0)}, "must end before"),
        ([100], {}, "too near"),
        ([599], {"offsets": (0, 1)}, "too near"),
    ],
)
def test_windows_that_cannot_be_are_refused(market, days, more, match):
    with pytest.raises(FrontierError, match=match):
        event_study.fit(*market, days, **more)


def test_no_placebo_day_reaches_into_the_event():
    days = event_study.placebo_days(1000, reach=29, count=250)
    assert len(days) == 250
    assert days.max() + 29 == 1000 - 11


def test_the_rank_counts_ties_and_the_event_itself():
    assert event_study.rank_p(-5, [-6, -5, 0]) == pytest.approx(3 / 4)
    assert event_study.rank_p(-9, np.zeros(250)) == pytest.approx(1 / 251)


def test_the_interval_turns_the_placebo_quantiles_round():
    found = event_study.effect(-4.0, np.linspace(-1, 3, 401))
    assert (found.low, found.high) == pytest.approx((-4 - 2.8, -4 + 0.8))


def test_the_adjusted_t_shrinks_when_members_move_together():
    rng = np.random.default_rng(1)
    common, own = rng.normal(size=(120, 1)), rng.normal(size=(120, 6))
    scaled = np.array([-3.0, -2.0, -4.0, -3.0, -2.5, -3.5])
    apart, together = event_study.adjusted_t(scaled, own), event_study.adjusted_t(scaled, own + 2 * common)
    assert apart < together < 0
    corr = pd.DataFrame(own + 2 * common).corr().to_numpy()
    mean = corr[~np.eye(6, dtype=bool)].mean()
    plain = scaled.mean() / (scaled.std(ddof=1) / np.sqrt(6))
    assert together == pytest.approx(plain * np.sqrt((1 - mean) / (1 + 5 * mean)))
    with pytest.raises(FrontierError, match="three shares"):
        event_study.adjusted_t([-1, -2], own[:, :2])


def test_groups_are_named_or_refused():
    values = np.array([[1.0, np.nan, 3.0]])
    assert event_study.means(values, ["a", "b", "c"], {"all": list("abc")})["all"] == pytest.approx([2.0])
    with pytest.raises(FrontierError, match="'d'"):
        event_study.means(values, ["a", "b", "c"], {"all": ["d"]})


def test_prices_become_returns_on_the_days_of_the_market():
    prices = pd.DataFrame({
        "ticker": ["SPY", "SPY", "A", "A", "A"],
        "date": ["2025-01-24", "2025-01-27", "2025-01-24", "2025-01-26", "2025-01-27"],
        "close": [100, 99, 50, 1, 40],
    })  # fmt: skip
    closes = event_study.wide(prices)
    assert list(closes["A"]) == [50, 40]
    assert event_study.returns(closes)["A"].iloc[1] == pytest.approx(-20)
    with pytest.raises(FrontierError, match="SPY"):
        event_study.wide(prices[prices["ticker"] == "A"])


def test_a_test_on_quiet_days_has_its_size_and_the_usual_one_has_not():
    """400 worlds: 5% plus or minus two standard errors for ranks, far more for independent members."""
    quiet = simulate.trial(0.0, worlds=400, seed=11, placebos=120)
    assert 0.025 <= quiet.rank.mean() <= 0.075
    assert quiet.spread.mean() > 0.10
    assert 0.85 <= quiet.covered.mean() <= 0.95


def test_power_grows_with_the_fall():
    found = [simulate.trial(s, worlds=150, seed=12, placebos=120) for s in (-1.5, -3.0, -6.0)]
    small, middle, large = (x.rank.mean() for x in found)
    assert small < middle < large
    assert middle > 0.5
    assert large > 0.95
    assert 0.83 <= found[1].covered.mean() <= 0.96


def test_recovery_counts_days_and_says_never():
    closes = pd.DataFrame({"a": [10.0, 8, 9, 10, 7], "b": [10.0, 5, 5, 5, 20], "c": [10.0, 11, 9, 9, 9]})
    back = recovery.regained(closes, 1)
    assert back.to_dict() == {"a": 2, "b": 3, "c": 0}
    assert np.isinf(recovery.regained(closes.iloc[:3], 1)["b"])
    assert recovery.portfolio(closes, ["a", "b"], 1) == 3
    with pytest.raises(FrontierError):
        recovery.regained(closes, 0)


def test_a_median_of_those_who_never_came_back_is_the_last_day():
    days = pd.Series([5.0, np.inf, np.inf, np.inf])
    found = recovery.median(days, 300, draws=400, seed=0)
    assert found.value == 300
    assert found.low <= 152.5
    assert found.high == 300

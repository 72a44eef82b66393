"""The price of crossing, parity and resources, on made-up tables with a known answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import sources
from moat.chapters.premium import benchmark_parity, discount, resources, trend
from moat.chapters.premium.simulate import recovered
from moat.chapters.premium.trend import Trend
from moat.errors import FrontierError
from moat.index.item_response import ItemResponse

END = "2026-12-31"
LAGS = (2, 5, 8, 11, 14, 17, 20, 23)


def chased(rate: float, *, spread: float = 0.0, seed: int = 0, records: int = 8) -> tuple:
    """Record holders that other labs match on a schedule, for compute that falls by ``rate`` a year."""
    rng, rows = np.random.default_rng(seed), []
    for k in range(records):
        start, x = pd.Timestamp("2022-01-01") + pd.Timedelta(days=122 * k), 24 + 0.4 * k
        rows.append((start, x, 100.0 + 5 * k, "leader"))
        for lag in LAGS:
            lab = f"follower {rng.integers(12)}"
            cheap = x - rate * lag / 12 + rng.normal(0, spread)
            day = start + pd.Timedelta(days=int(lag * discount.DAYS) - 1)
            rows.append((day, cheap, 100.0 + 5 * k, lab))
    table = pd.DataFrame(rows, columns=["date", "x", "ability", "lab"]).sort_values("date", ignore_index=True)
    return table, table["ability"].to_numpy()


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_a_known_price_comes_back(rate):
    table, ability = chased(rate)
    e = discount.price(table, ability, end=END, months=LAGS)
    assert np.log10(e.value) == pytest.approx(rate, abs=0.02)
    assert e.low <= 10**rate * 1.05
    assert e.high >= 10**rate * 0.95


def test_the_interval_of_the_price_covers_what_it_reads_on_average():
    made = [chased(0.6, spread=0.15, seed=seed) for seed in range(100)]
    prices = [discount.price(*world, end=END, months=LAGS) for world in made]
    right = np.mean([np.log10(e.value) for e in prices])  # above 0.6: the least of several is lucky
    assert 0.6 < right < 0.9
    assert np.mean([np.log10(e.low) <= right <= np.log10(e.high) for e in prices]) >= 0.82


def test_noise_makes_crossing_look_cheap_and_the_mending_takes_it_off():
    rng = np.random.default_rng(0)
    table, true = chased(0.3, spread=0.4)
    noise = np.full(len(table), 4.0)
    raw, mended = [], []
    for _ in range(30):
        once = true + rng.normal(0, noise)
        ability = np.vstack([once, once + rng.normal(0, noise, (30, len(noise)))])
        for store, flag in ((raw, False), (mended, True)):
            store.append(np.log10(discount.price(table, ability, end=END, months=LAGS, mended=flag).value))
    right = np.log10(discount.price(table, true, end=END, months=LAGS).value)
    assert abs(np.mean(mended) - right) < abs(np.mean(raw) - right)


def test_a_sparse_table_holds_the_price_down():
    rng = np.random.default_rng(3)
    lab = [f"lab {k}" for k in rng.integers(0, 12, 70)]
    date = pd.Timestamp("2023-02-01") + pd.to_timedelta(rng.integers(0, 1200, 70), "D")
    table = pd.DataFrame({"model": [f"m{k}" for k in range(70)], "lab": lab, "country": "US", "date": date})
    table = trend.sample(table.assign(flop=10 ** rng.uniform(22, 26, 70)))
    assert 0.2 < recovered(table, np.ones(70), end=END, worlds=30).mean() < 1.0


def test_only_named_followers_and_other_labs_match():
    table, ability = chased(0.5)
    nobody = discount.price(table, ability, end=END, followers=np.zeros(len(table), bool))
    assert nobody.value == 1.0
    alone = table.assign(lab="leader")
    falls = discount.discounts(alone, ability, end=END, same_lab=False)[1]
    assert np.nanmax(falls) == 0.0


def test_the_trend_gives_the_same_price_and_the_need():
    rng = np.random.default_rng(0)
    lab = [f"lab {k}" for k in rng.integers(0, 9, 60)]
    date = pd.Timestamp("2023-02-01") + pd.to_timedelta(rng.integers(0, 1200, 60), "D")
    table = pd.DataFrame({"model": [f"m{k}" for k in range(60)], "lab": lab, "country": "US", "date": date})
    table = trend.sample(table.assign(flop=10 ** rng.uniform(22, 26, 60)))
    ability = (8 * table["x"] + 4 * table["year"]).to_numpy()[None] + rng.normal(0, 1e-6, (4, 60))
    fitted = Trend(pooled=False).fit(table, ability)
    assert discount.by_trend(fitted).value == pytest.approx(10**0.5)
    assert discount.needed(fitted, np.full(4, 8.0)).value == pytest.approx(10.0)
    assert discount.frontier_gap(ability, table.index == 0, table.index == 1).shape == (4,)


TOLD = {
    "MMLU": (88, 86),
    "AIME 2024": (40, 30),
    "Arena-Hard": (80, 81),
    "MATH-500": (90, 85),
    "Codeforces percentile": (99, 1),
}
PRINTED = pd.DataFrame(
    [(test, model, score) for test, row in TOLD.items() for model, score in zip("AB", row, strict=True)],
    columns=["benchmark", "model", "score"],
)
NOBODY, EVERYBODY = np.zeros(2, bool), np.ones(2, bool)
ONE = pd.DataFrame({"model": ["a"], "lab": ["A"], "country": ["US"], "date": pd.to_datetime(["2023-01-01"])})


def test_paired_benchmarks():
    pairs = benchmark_parity.paired(PRINTED, "A", "B").set_index("benchmark")
    assert pairs["difference"].to_dict() == {"AIME 2024": 10, "Arena-Hard": -1, "MATH-500": 5, "MMLU": 2}
    assert pairs["se"]["AIME 2024"] == pytest.approx(100 * np.sqrt((0.24 + 0.21) / 30))
    assert np.isnan(pairs["se"]["Arena-Hard"])
    mean = benchmark_parity.mean_difference(pairs["difference"], what="difference")
    assert (mean.value, mean.n) == (4.0, 4)
    effect = benchmark_parity.random_effect(pairs)
    assert effect.low < 2.5 < effect.high
    assert effect.n == 3


def test_equal_models_are_seldom_called_different():
    rng = np.random.default_rng(0)
    ends = [benchmark_parity.mean_difference(pd.Series(rng.normal(0, 8, 11)), what="x") for _ in range(400)]
    assert np.mean([e.low <= 0 <= e.high for e in ends]) == pytest.approx(0.9, abs=0.04)


def known_index(shift: float) -> tuple:
    """Eight models on sixteen benchmarks; model "a" loses ``shift`` points on the eight late ones."""
    ability, difficulty = np.linspace(0, 2, 8), np.tile(np.linspace(0.2, 1.8, 8), 2)
    share = 1 / (1 + np.exp(-2 * (ability[:, None] - difficulty)))
    late = np.arange(16) >= 8
    share[5, late] -= shift
    table = pd.DataFrame(share, list("bcdefagh"), [f"t{k}" for k in range(16)]).rename_axis("model")
    scores = table.melt(var_name="benchmark", value_name="performance", ignore_index=False).reset_index()
    scores["benchmark_released"] = np.where(scores["benchmark"].isin([f"t{k}" for k in range(8, 16)]),
                                            "2025-06-01", "2023-06-01")  # fmt: skip
    model = ItemResponse(ridge=1e-6, unit="t0", anchors={"b": 0, "h": 2})
    return model.fit(scores, draws=0), scores


def test_a_drop_on_later_benchmarks_comes_back():
    index, scores = known_index(0.08)
    table, found = benchmark_parity.drop(index, scores, "a", "g", "2025-01-01")
    assert table["later"].sum() == 8
    assert found.value == pytest.approx(-8.0, abs=2.0)
    assert found.high < 0
    index, scores = known_index(0.0)
    assert benchmark_parity.drop(index, scores, "a", "g", "2025-01-01")[1].value == pytest.approx(
        0.0, abs=0.1
    )
    assert benchmark_parity.drop(index, scores, "a", "g", "2026-01-01")[1] is None


def test_days_led_and_the_cohort():
    dates = pd.Series(pd.to_datetime(["2023-01-01", "2023-01-11", "2023-01-16"]))
    ability = np.array([[1.0, 2.0, 3.0], [1.0, 0.0, 3.0]])
    side = [False, True, False]
    led = resources.days_led(ability, dates, side, start="2023-01-01", end="2023-01-31")
    assert led.tolist() == [5, 0]
    models = pd.DataFrame(
        {"model": list("abcd"), "lab": ["A", "B", "A", "C"], "country": ["US", "CN", "US", "US"],
         "date": pd.to_datetime(["2023-01-01", "2023-02-01", "2026-01-01", "2026-02-01"])}
    )  # fmt: skip
    table = resources.cohort(models, pd.Series([2.0, 1.0, 5.0, 4.0]), first=2023, last=2026, top=2)
    assert table["lab"].tolist() == ["A", "B"]
    assert table["still"].tolist() == [True, False]


FAULTS = {
    "no record is old enough": lambda: discount.slope(np.full((1, 1), np.nan), [1]),
    "one for each draw": lambda: discount.needed(_fitted(), np.zeros(2)),
    "a leader and a follower": lambda: discount.frontier_gap(np.zeros((1, 2)), NOBODY, EVERYBODY),
    "no column 'score'": lambda: benchmark_parity.paired(PRINTED.drop(columns="score"), "A", "B"),
    "no model 'C'": lambda: benchmark_parity.paired(PRINTED, "A", "C"),
    "share 1 benchmarks": lambda: benchmark_parity.paired(PRINTED[PRINTED["benchmark"] == "MMLU"], "A", "B"),
    "needs two benchmarks": lambda: benchmark_parity.mean_difference(pd.Series([1.0]), what="x"),
    "three benchmarks of known size": lambda: benchmark_parity.random_effect(benchmark_parity.paired(PRINTED,
    "A", "B").head(2)),
    "a model on both sides": lambda: benchmark_parity.against_best(known_index(0.0)[0], [], ["a"]),
    "nothing for": lambda: benchmark_parity.drop(*known_index(0.0), "a", "zzz", "2025-01-01"),
    "needs a column 'flop'": lambda: resources.largest_before(
        pd.DataFrame({"lab": [], "date": []}), pd.DataFrame({"lab": [], "date": []})
    ),
    "No model of 1999": lambda: resources.cohort(ONE, pd.Series([1.0]), first=1999, last=2000),
}  # fmt: skip


def _fitted():
    date = pd.date_range("2023-01-01", periods=14, freq="90D")
    table = pd.DataFrame({"model": [f"m{k}" for k in range(14)], "lab": list("abcdefg") * 2, "country": "US"})
    table = trend.sample(table.assign(date=date, flop=np.geomspace(1e22, 1e25, 14)[::-1]))
    return Trend(pooled=False).fit(table, np.random.default_rng(0).normal(0, 1, (1, 14)))


@pytest.mark.parametrize("words", FAULTS)
def test_faults_are_named_in_one_sentence(words):
    with pytest.raises(FrontierError, match=f"(?i){words}") as caught:
        FAULTS[words]()
    assert str(caught.value).endswith(".")


def test_the_regression_of_ho_et_al_on_the_public_table():
    """M11: 1.206 orders of magnitude a year, 90% [0.896, 1.516]; their compute is not public."""
    try:
        april = sources.load("eci-compute")
    except sources.SourceUnavailable as error:
        pytest.skip(str(error))
    april = april.dropna(subset=["model", "score", "flop", "released"]).sort_values("released")
    april = april.drop_duplicates("model").assign(date=lambda t: pd.to_datetime(t["released"]))
    table = trend.sample(april.rename(columns={"organization": "lab"}).fillna({"lab": "?", "country": "?"}))
    fitted = Trend(pooled=False).fit(table, table["score"].to_numpy()[None])
    assert 0.896 < np.log10(discount.by_trend(fitted).value) < 1.516

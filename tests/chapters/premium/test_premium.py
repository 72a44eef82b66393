"""The premium on worlds with a known answer, then on the real table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from moat import sources
from moat.chapters.premium import export_controls, placebo, pooling, trend
from moat.chapters.premium import grid as specifications
from moat.chapters.premium.simulate import World, coverage
from moat.chapters.premium.trend import DIRECTIONS, FORMS, Trend
from moat.errors import FrontierError
from moat.index.item_response import ItemResponse
from moat.models import table as models
from moat.models.table import error_sd
from moat.stats.jackknife import combined
from moat.stats.simex import simex
from tests.simulated import chance_band, worlds

LABS = 15
WORLDS = 200


def design(seed: int = 0, labs: int = LABS, each: int = 5) -> pd.DataFrame:
    """Labs of three countries with uneven numbers of models, three years, four orders of compute."""
    rng = np.random.default_rng(seed)
    lab = np.repeat(np.arange(labs), each)[rng.random(labs * each) < 0.8]
    date = pd.Timestamp("2023-02-01") + pd.to_timedelta(rng.integers(0, 1200, len(lab)), "D")
    return trend.sample(
        pd.DataFrame(
            {
                "model": [f"m{i}" for i in range(len(lab))],
                "lab": [f"lab {k}" for k in lab],
                "country": [("US", "CN", "FR")[k % 3] for k in lab],
                "date": date,
                "flop": 10 ** (22 + 4 * rng.random(len(lab)) * 0.6 + 1.6 * (date.year - 2023) / 3),
            }
        )
    )


TABLE = design()
QUIET = World(compute=9.0, date=10.0, lab=0.0, model=0.0)


def seen(world: World, seed: int = 0, noise: float = 0.0, draws: int = 20) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return world.seen(world.true(TABLE, rng), np.full(len(TABLE), noise), draws, rng)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_slope_and_date_come_back_exactly_without_noise(direction):
    fitted = Trend(direction, pooled=False).fit(TABLE, seen(QUIET))
    assert fitted.slope == pytest.approx(9.0)
    assert fitted.date == pytest.approx(10.0)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("form", FORMS)
def test_a_multiplier_comes_back(direction, form):
    world = World(compute=9.0, date=10.0, lab=0.0, model=0.4, premium={"m7": np.log10(5.0)})
    table, lab = TABLE, TABLE.set_index("model")["lab"]["m7"]
    e = Trend(direction, form).fit(table, seen(world), without=(lab,)).multiplier("m7")
    assert e.value == pytest.approx(5.0, rel=0.35 if form == "half-years" else 0.1)
    assert e.low < 5.0 < e.high or form == "half-years"


def test_a_country_effect_comes_back_and_none_is_found_where_there_is_none():
    china = TABLE.assign(china=(TABLE["country"] == "CN").astype(float))
    world = World(compute=9.0, date=10.0, lab=3.0, model=3.0)
    hits, values = [], []
    for k in range(WORLDS):
        ability = seen(world, seed=k, draws=0)
        fitted = Trend(extra=("china",)).fit(china, ability)
        none = fitted.estimate(fitted.coefficient("china"))
        values.append(none.value)
        hits.append(none.low <= 0 <= none.high)
    assert 0.84 <= np.mean(hits) <= 0.98  # nominal 0.90
    assert np.mean(values) == pytest.approx(0.0, abs=0.4)
    some = Trend(extra=("china",)).fit(china, ability + 6.0 * china["china"].to_numpy())
    assert some.coefficient("china")[0] - none.value == pytest.approx(6.0, abs=1.0)


def test_without_pooling_it_is_least_squares():
    ability = seen(World())
    fitted = Trend(pooled=False).fit(TABLE, ability)
    ols = smf.ols("y ~ x + year", TABLE.assign(y=ability[0])).fit()
    assert fitted.params[0] == pytest.approx(ols.params.to_numpy())
    assert fitted.sds["residual"] == pytest.approx(np.sqrt(ols.scale))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_with_pooling_it_is_the_mixed_model(direction):
    ability = seen(World(country=2.0))
    fitted = Trend(direction).fit(TABLE, ability)
    mixed = pooling.mixed(TABLE, ability[0], direction)
    assert fitted.params[0] == pytest.approx(mixed.fe_params.to_numpy(), rel=1e-5)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("form", FORMS)
def test_the_mixed_model_is_that_of_its_formula(direction, form):
    ability = seen(World(lab=2.0, country=2.0, model=3.0))[0]
    table = TABLE.assign(more=np.linspace(0, 1, len(TABLE)) ** 2)
    dates = pooling.date_columns(table, form, np.ones(len(table), bool))
    terms = [f"date{k}" for k in range(dates.shape[1])]
    frame = table.assign(y=ability, one=1, **dict(zip(terms, dates.T, strict=True)))
    sides = {"forward": "y ~ x", "reverse": "x ~ y"}
    formula = " + ".join([sides[direction], *terms, "more"])
    parts = {"lab": "0 + C(lab)", "country": "0 + C(country)"}
    slow = smf.mixedlm(formula, frame, groups="one", vc_formula=parts)
    fast = pooling.mixed(table, ability, direction, form, ("more",)).model
    assert fast.data.param_names == slow.data.param_names
    for mine, theirs in zip(
        [fast.exog, fast.endog, *(m[0] for m in fast.exog_vc.mats)],
        [slow.exog, slow.endog, *(m[0] for m in slow.exog_vc.mats)],
        strict=True,
    ):
        assert (mine == theirs).all()
        assert mine.strides == theirs.strides  # another layout sums in another order


def test_the_inverse_covariances_are_those_of_the_models_that_are_left():
    sds = {"lab": 2.0, "country": 1.0, "residual": 3.0}
    inside = (TABLE["lab"] != "lab 3").to_numpy()
    found = pooling.inverse_covariance(TABLE, inside, sds, (None, "lab 1"))
    for inverse, lab in zip(found, (None, "lab 1"), strict=True):
        use = np.flatnonzero(inside & (TABLE["lab"] != lab))
        left, covariance = TABLE.iloc[use], np.eye(len(use)) * 9.0
        for part, sd in (("lab", 2.0), ("country", 1.0)):
            covariance += sd**2 * np.equal.outer(left[part].to_numpy(), left[part].to_numpy())
        assert (inverse[np.ix_(use, use)] == np.linalg.inv(covariance)).all()
        assert np.count_nonzero(inverse.any(axis=1)) == len(use)


def test_leaving_a_lab_out_is_fitting_without_its_rows():
    ability = seen(World())
    fitted = Trend().fit(TABLE, ability)
    keep = (TABLE["lab"] != fitted.labs[2]).to_numpy()
    cut = TABLE[keep].reset_index(drop=True)
    alone = trend.Fitted(Trend(), cut, ability[:1, keep], np.ones(keep.sum(), bool), ["lab 0"], fitted.sds)
    assert fitted.params[3] == pytest.approx(alone.solve(cut["x"].to_numpy())[0])


def test_draws_of_the_index_are_fitted_one_by_one():
    ability = seen(World(), noise=2.0)
    for direction in DIRECTIONS:
        whole = Trend(direction, pooled=False).fit(TABLE, ability)
        alone = Trend(direction, pooled=False).fit(TABLE, ability[5:6])
        assert whole.params[1 + len(whole.labs) + 4] == pytest.approx(alone.params[0])


@worlds(40, WORLDS)
def test_the_interval_covers_at_its_rate_and_false_alarms_are_rare(worlds):
    about = {"worlds": worlds, "draws": 40, "world": World(lab=3.0, model=3.0)}
    rows = coverage(TABLE, np.full(len(TABLE), 1.5), "m7", **about)
    slack = chance_band(0.9, worlds) - chance_band(0.9, WORLDS)
    assert 0.84 - slack <= rows["covers"].mean() <= min(1.0, 0.98 + slack)
    slack = chance_band(0.05, worlds) - chance_band(0.05, WORLDS)
    assert rows["above"].mean() <= 0.09 + slack
    assert rows["beyond"].mean() <= 0.09 + slack


def test_a_model_drawn_like_the_others_surprises_no_more_often_than_promised():
    lab, world = TABLE.set_index("model")["lab"]["m7"], World(lab=3.0, model=3.0)
    p = [Trend().fit(TABLE, seen(world, k, draws=0), without=(lab,)).surprise("m7") for k in range(WORLDS)]
    assert np.mean(np.array(p) < 0.1) <= 0.15


def test_the_bootstrap_over_labs_agrees():
    lab, ability = TABLE.set_index("model")["lab"]["m7"], seen(World(lab=3.0), noise=1.0, draws=400)
    fitted = Trend().fit(TABLE, ability, without=(lab,))
    one, other = fitted.multiplier("m7"), placebo.bootstrap(fitted, "m7")
    assert one.value == other.value
    widths = [np.log(e.high / e.low) for e in (one, other)]
    assert widths[0] == pytest.approx(widths[1], rel=0.35)


def test_ranks_and_placebos():
    world = World(lab=1.0, model=1.0, premium={"m7": 2.0})
    ability, lab = seen(world), TABLE.set_index("model")["lab"]["m7"]
    chosen = placebo.flagships(TABLE, ability, "2026-12-31") | {lab: "m7"}
    table = placebo.placebo(TABLE, ability, chosen, Trend())
    assert placebo.rank(table, lab) == (1, TABLE["lab"].nunique(), 1 / TABLE["lab"].nunique())
    assert table["value"].is_monotonic_decreasing
    assert placebo.mean_gaps(TABLE, ability, Trend())["lab"].iloc[0] == lab
    assert placebo.alike(TABLE, ability, ["m7"], Trend())["value"].iloc[0] == table["value"].iloc[0]


def test_simex_takes_out_a_known_attenuation():
    rng = np.random.default_rng(1)
    true, sd = rng.normal(0, 1, 4000), np.full(4000, 0.5)
    y, told = 2 * true + rng.normal(0, 0.3, 4000), true + rng.normal(0, sd)
    slope = lambda x: np.polyfit(x, y, 1)[0]
    assert slope(told) == pytest.approx(2 / 1.25, abs=0.05)
    assert simex(slope, told, sd) == pytest.approx(2.0, abs=0.12)
    assert simex(slope, told, 0 * sd) == pytest.approx(slope(told))


def test_simex_shrinks_a_multiplier_that_errors_in_compute_made():
    rng, lab = np.random.default_rng(2), TABLE.set_index("model")["lab"]["m7"]
    word = pd.Series(rng.choice(["Confident", "Likely"], len(TABLE)))
    ability = seen(World(lab=1.0, model=1.0, premium={"m7": 0.7}))
    wrong = TABLE["x"] + rng.normal(0, error_sd(word)) * (TABLE["model"] != "m7")
    told = TABLE.assign(flop=10**wrong, flop_confidence=word)
    fitted = Trend().fit(trend.sample(told), ability, without=(lab,))
    assert placebo.without_error(fitted, "m7", seed=1).value < fitted.multiplier("m7").value
    assert placebo.without_error(fitted, "m7", share=0.0).value == pytest.approx(
        fitted.multiplier("m7").value
    )


def test_difference_in_differences_finds_an_effect_and_holds_its_level():
    world = World(compute=9.0, date=10.0, lab=0.0, model=3.0)
    day = pd.Timestamp(export_controls.DAY)
    treated = ((TABLE["country"] == "CN") & (TABLE["date"] >= day)).to_numpy()
    hits, logs = [], []
    for k in range(WORLDS):
        ability = seen(world, seed=k, draws=0)
        hits.append(export_controls.effect(TABLE, ability).low > 1)
        logs.append(np.log10(export_controls.effect(TABLE, ability + 9.0 * treated).value))
    assert np.mean(hits) <= 0.12  # nominal 0.05, one side
    assert np.mean(logs) == pytest.approx(1.0, abs=0.12)
    assert export_controls.cells(TABLE).to_numpy().sum() == len(TABLE)
    assert set(export_controls.without_each_lab(TABLE, ability).index) == set(TABLE["lab"])


def test_combined_adds_variances_and_uses_few_degrees_of_freedom():
    left = np.array([1.0, 1.2, 0.8])
    e = combined(1.0, left, np.array([0.9, 1.1]), n=3, method="demo")
    half = stats.t.ppf(0.95, 2) * np.sqrt(2 / 3 * 0.08 + 0.02)
    assert e.half_width == pytest.approx(half)
    assert combined(0.0, left - 1, np.zeros(0), n=3, method="", exp=True).value == 1.0


ABILITY = np.zeros((1, len(TABLE)))
PAIR = TABLE[TABLE["lab"].isin(["lab 0", "lab 1"])].reset_index(drop=True)
FAULTS = {
    "no column": lambda: trend.sample(TABLE.drop(columns="flop")),
    "twice": lambda: trend.sample(pd.concat([TABLE, TABLE])),
    "at least": lambda: trend.sample(TABLE.head(5)),
    "at least 12 models of three": lambda: Trend().fit(PAIR, np.zeros((1, len(PAIR)))),
    "is one of": lambda: Trend("sideways").fit(TABLE, ABILITY),
    "No model in the table is by 'OpenAl'": lambda: Trend().fit(TABLE, ABILITY, without=("OpenAl",)),
    "has no compute": lambda: Trend(pooled=False).fit(TABLE, seen(QUIET)).multiplier("GPT-6"),
    "has no column 'chips'": lambda: Trend(extra=("chips",)).fit(TABLE, ABILITY),
    "linear in date": lambda: Trend(form="quadratic").fit(TABLE, seen(World())).date,
    "A population is one of": lambda: placebo.population(TABLE, "everyone"),
    "before 1999": lambda: placebo.flagships(TABLE, ABILITY, "1999-01-01"),
    "needs draws": lambda: placebo.bootstrap(Trend().fit(TABLE, seen(World())[:1]), "m7"),
    "no error size": lambda: error_sd(pd.Series(["Sure"])),
    "one error size": lambda: simex(np.sum, np.zeros(3), np.zeros(2)),
    "two labs": lambda: combined(1.0, np.zeros(1), np.zeros(2), n=1, method=""),
    "four cells": lambda: export_controls.effect(TABLE, ABILITY, "2001-01-01"),
}


@pytest.mark.parametrize("words", FAULTS)
def test_faults_are_named_in_one_sentence(words):
    with pytest.raises(FrontierError, match=words) as caught:
        FAULTS[words]()
    assert str(caught.value).endswith(".")


@pytest.fixture(scope="module")
def real():
    try:
        raw = models.read()
    except sources.SourceUnavailable as error:
        pytest.skip(str(error))
    index = ItemResponse().fit(raw["eci-benchmarks"], draws=30)
    return {dates: models.build(raw, dates=dates) for dates in ("announced", "released")}, index, raw


def test_the_real_table_gives_every_population_and_a_grid(real):
    tables, index, raw = real
    sizes = {name: len(placebo.population(tables["announced"], name)) for name in placebo.POPULATIONS}
    assert sizes["all"] == max(v for k, v in sizes.items() if not k.startswith("circular"))
    assert sizes["circular compute left in"] > sizes["all"] > sizes["confident compute"]
    grid = specifications.of_multiplier(tables, index, "DeepSeek-V3", draws=5, populations=["all"])
    assert len(grid) == 48
    assert (grid["low"] < grid["value"]).all()
    assert (grid["value"] < grid["high"]).all()
    known, early = placebo.as_known(tables["announced"], raw["eci-benchmarks"], index, "2025-01-27", draws=5)
    assert known["date"].max() <= pd.Timestamp("2025-01-27")
    both = early.ability.index
    assert (early.ability - index.ability[both]).mean() == pytest.approx(0.0, abs=0.5)


def test_circular_rows_pull_towards_the_trend(real):
    """Compute guessed from scores lies on a line by construction: it must not enter a fit (D02)."""
    tables, index, _ = real
    table = placebo.population(tables["announced"], "circular compute left in")
    fitted = Trend().fit(table, trend.abilities(index, table)[:1])
    gap = np.abs(fitted.residuals())
    assert gap[table["circular"]].mean() < gap[~table["circular"]].mean()

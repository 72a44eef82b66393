"""Components and family intercepts on tables with a known answer, then on the real one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from moat import sources
from moat.chapters.capability_laws import base_models, grid, pca
from moat.chapters.capability_laws.families import KINDS, ZERO, Families
from moat.chapters.capability_laws.simulate import coverage
from moat.errors import FrontierError
from tests.simulated import chance_band, worlds

SLOPE, PER_YEAR, CHINA, CODE = 0.4, 0.25, 0.5, -0.3


def design(seed: int = 0, count: int = 24) -> pd.DataFrame:
    """Families of a dozen labs in three countries, one to six models each, over three years."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(count):
        lab, when = f"lab {k % 12}", ZERO + pd.Timedelta(days=int(rng.integers(-900, 250)))
        country, kind = ("US", "CN", "FR")[(k % 12) % 3], "code" if k % 5 == 0 else "general"
        for x in 22 + rng.random() + np.linspace(0, 1.5, 1 + k % 6):
            rows.append((f"m{len(rows)}", f"family {k}", lab, country, kind, when, x))
    columns = ["model", "family", "lab", "country", "kind", "released", "x"]
    return pd.DataFrame(rows, columns=columns)


def capability(table: pd.DataFrame, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    year = (table["released"] - ZERO).dt.days / 365.25
    logs = (
        table["x"] + PER_YEAR * year + CHINA * (table["country"] == "CN") + CODE * (table["kind"] == "code")
    )
    return SLOPE * (logs + np.random.default_rng(seed).normal(0, noise, len(table))).to_numpy()


TABLE = design()
CLEAN = Families.of(TABLE, capability(TABLE))


def scores(rank: int, noise: float = 0.0, seed: int = 0, rows: int = 60) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    weights = np.linalg.qr(rng.normal(size=(6, rank)))[0]
    sizes = 0.25 / 3.0 ** np.arange(rank)
    table = 0.5 + (rng.uniform(-1, 1, (rows, rank)) * sizes) @ weights.T + rng.normal(0, noise, (rows, 6))
    return pd.DataFrame(table, columns=list("abcdef")), weights


def test_components_of_a_low_rank_table_come_back():
    table, weights = scores(2)
    found = pca.principal(table)
    assert found.shares[:2].sum() == pytest.approx(1.0)
    # The two components span the same plane as the weights that made the table.
    plane = found.weights[[1, 2]].to_numpy()
    assert np.abs(plane @ plane.T @ weights) == pytest.approx(np.abs(weights), abs=1e-8)
    assert found.scores[1].var() > found.scores[2].var()
    assert found.weights[1].sum() > 0


def test_holes_in_a_table_of_rank_one_are_filled_with_the_truth():
    table, _ = scores(1)
    holes = table.mask(np.random.default_rng(1).random(table.shape) < 0.08)
    assert holes.isna().sum().sum() > 20
    assert np.abs(pca.fill(holes) - table).to_numpy().max() < 1e-6


def test_standardised_components_do_not_depend_on_the_units_of_a_test():
    table, _ = scores(3, noise=0.02)
    other = table.assign(a=table["a"] / 10)
    first, second = (pca.principal(t, standardise=True).shares for t in (table, other))
    assert first == pytest.approx(second)
    assert pca.principal(table).shares != pytest.approx(pca.principal(other).shares)


def test_shares_of_resampled_families_lie_around_the_estimate():
    table, _ = scores(3, noise=0.02, rows=90)
    first, shares = pca.resampled(table, pd.Series(np.arange(90) // 3), draws=200)
    low, high = np.quantile(shares[:, 0], [0.01, 0.99])
    assert low < pca.principal(table).shares[0] < high
    correlation = np.corrcoef(first.mean(axis=0), pca.principal(table).scores[1])[0, 1]
    assert correlation == pytest.approx(1, abs=0.01)


def test_tables_that_cannot_be_analysed_are_refused():
    table, _ = scores(2)
    with pytest.raises(FrontierError, match="as many models"):
        pca.principal(table.head(4))
    with pytest.raises(FrontierError, match="no score at all"):
        pca.principal(table.reindex(range(61)))


def test_slope_and_terms_come_back_exactly_without_noise():
    keep = CLEAN.others()
    assert CLEAN.slope(keep) == pytest.approx(SLOPE)
    assert CLEAN.trend(keep)[1:] == pytest.approx([PER_YEAR, CHINA, CODE])
    assert CLEAN.gaps(keep).mean() == pytest.approx(0)
    assert CLEAN.straight().to_numpy() == pytest.approx(1)


def test_it_is_the_regression_with_dummies():
    y = capability(TABLE, 0.3)
    found, rows = Families.of(TABLE, y), TABLE.assign(y=y)
    fitted = smf.ols("y ~ x + C(family)", rows).fit()
    assert found.slope(found.others()) == pytest.approx(fitted.params["x"])
    many = rows[rows.groupby("family")["x"].transform("size") > 1]
    own, common = smf.ols("y ~ x * C(family)", many).fit(), smf.ols("y ~ x + C(family)", many).fit()
    assert found.parallel() == pytest.approx(own.compare_f_test(common)[1])
    noise = fitted.scale / fitted.params["x"] ** 2
    size = found.table["models"].iloc[3]
    assert found.noise(3) == pytest.approx(noise / size)


def test_the_test_of_one_slope_rejects_families_that_fan_out():
    fan = TABLE["x"] * (1 + TABLE["family"].astype("category").cat.codes / 20)
    bent = Families.of(TABLE, capability(TABLE, 0.05) + 0.4 * fan.to_numpy())
    assert bent.parallel() < 1e-6
    p = [Families.of(TABLE, capability(TABLE, 0.3, seed)).parallel() for seed in range(200)]
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.10


def test_calling_other_labs_chinese_finds_no_lead_as_large():
    """Four of twelve labs are Chinese, so 495 ways; without a lead the true one is like the others."""
    assert CLEAN.placebo() == pytest.approx(1 / 495)
    lead = SLOPE * CHINA * (TABLE["country"] == "CN").to_numpy()
    nothing = [Families.of(TABLE, capability(TABLE, 0.3, seed) - lead).placebo() for seed in range(20)]
    assert 0.2 < np.mean(nothing) < 0.8


def test_a_family_is_not_compared_with_its_own_lab():
    table = TABLE.assign(y=capability(TABLE, 0.2))
    sister = table["family"] == "family 13"  # of the lab of family 1
    changed = table.assign(y=table["y"] + 5.0 * sister)
    one, other = (Families.of(t, t["y"].to_numpy()) for t in (table, changed))
    same = one.multiplier("family 1", dated=True), other.multiplier("family 1", dated=True)
    assert same[0].value == pytest.approx(same[1].value)
    assert other.multiplier("family 2").value < one.multiplier("family 2").value


def test_ranks_follow_the_multipliers():
    ranked = Families.of(TABLE, capability(TABLE, 0.2)).ranked()
    assert ranked["value"].is_monotonic_decreasing
    assert (ranked["low"] < ranked["value"]).all()
    assert (ranked["value"] < ranked["high"]).all()


def test_draws_of_the_capability_widen_the_interval():
    y = capability(TABLE, 0.1)
    drawn = y + np.random.default_rng(1).normal(0, 0.1, (50, len(y)))
    few, many = Families.of(TABLE, y), Families.of(TABLE, np.vstack([y, drawn]))
    assert many.multiplier("family 3").half_width > few.multiplier("family 3").half_width


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (TABLE.drop(columns="kind"), "no column 'kind'"),
        (TABLE[TABLE["family"] < "family 13"], "8 families"),
        (TABLE.drop_duplicates("family"), "no slope"),
    ],
)
def test_tables_without_an_answer_are_refused(table, words):
    with pytest.raises(FrontierError, match=words):
        Families.of(table, np.arange(len(table), dtype=float))


def test_unknown_names_are_refused():
    with pytest.raises(FrontierError, match="unknown"):
        CLEAN.multiplier("family 99")
    with pytest.raises(FrontierError, match="No family"):
        CLEAN.others("nobody")


@worlds(60, 300)
def test_intervals_hold_the_truth_at_their_rate(worlds):
    """Three standard errors of a binomial around 90%, and few false alarms about China."""
    seen = coverage(TABLE, "family 3", worlds=worlds, seed=5).mean()
    band = chance_band(0.9, worlds)
    for name in ("multiplier", "dated", "year", "china"):
        assert 0.9 - band <= seen[name] <= min(1.0, 0.9 + band), name
    assert seen["alarm"] <= 0.05 + chance_band(0.05, worlds)


@pytest.fixture(scope="module")
def real():
    try:
        return [sources.load(f"base-model-{n}") for n in ("scores", "families", "counts")]
    except sources.SourceUnavailable as error:
        pytest.skip(str(error))


def test_the_paper_has_77_models_of_21_families(real):
    paper = base_models.of_paper(real[0])
    assert (len(paper), paper["family"].nunique()) == (77, 21)


def test_printed_flop_are_upstreams_and_other_counts_differ_only_where_said(real):
    printed, active, total = (base_models.build(*real, count=c) for c in ("printed", "active", "total"))
    assert printed["flop"].to_numpy() == pytest.approx(1e21 * printed["flop_e21"].to_numpy(), rel=1e-14)
    moved = set(printed["model"][~np.isclose(printed["flop"], active["flop"])])
    moved |= set(printed["model"][~np.isclose(printed["flop"], total["flop"])])
    assert moved == set(real[2]["model"])
    sparse = set(real[2]["model"][real[2]["issue"].str.startswith("sparse")])
    assert set(active["model"][~np.isclose(active["flop"], total["flop"])]) == sparse


def test_a_count_or_a_family_that_is_unknown_is_refused(real):
    with pytest.raises(FrontierError, match="dense"):
        base_models.build(*real, count="dense")
    with pytest.raises(FrontierError, match="no owner"):
        base_models.build(real[0], real[1].iloc[1:], real[2])


def test_kinds_of_families_are_those_that_the_regression_knows(real):
    assert set(real[1]["kind"]) <= {"general", *KINDS}


def test_all_scales_agree_about_who_is_able(real):
    by = {s: grid.capability(real[0], s) for s in grid.SCALES}
    table = pd.DataFrame(by)
    assert (table.corr("spearman") > 0.9).all().all()
    with pytest.raises(FrontierError, match="elo"):
        grid.capability(real[0], "elo")

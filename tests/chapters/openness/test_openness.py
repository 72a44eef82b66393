"""Openness counted by the day, shares that know their labs, tops that know their noise, use by week."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import sources
from moat.chapters.openness import adoption, bases, criteria, leaders
from moat.errors import FrontierError
from moat.index.item_response import Index
from moat.stats.estimate import Estimate

TABLE = sources.load("openness")


def test_every_release_has_all_six_cells_and_readings_in_order():
    first = TABLE.drop_duplicates(["lab", "release", "criterion"])
    counts = first.groupby(["lab", "release"])["criterion"].agg(set)
    assert all(c == set(criteria.CRITERIA) for c in counts)
    assert (TABLE["least"] <= TABLE["value"]).all()
    assert (TABLE["value"] <= TABLE["most"]).all()
    assert TABLE["most"].max() == 1
    # What was not re-read has a range.
    unread = TABLE["checked_against"].str.contains("not re-read|not found|not searched")
    assert (TABLE.loc[unread, "most"] - TABLE.loc[unread, "least"] == 1).all()


def test_a_cell_counts_from_its_own_day():
    before, after = (
        criteria.scores(TABLE, day).set_index("lab").loc["DeepSeek"] for day in ("2025-02-23", "2025-02-24")
    )
    assert before["release"] == after["release"] == "DeepSeek-R1"
    assert after["value"] == before["value"] + 1


def test_the_newest_release_speaks_unless_the_most_open_one_is_asked_for():
    day = "2026-08-11"
    newest, openest = (
        criteria.scores(TABLE, day, flagship=f).set_index("lab")["value"] for f in criteria.FLAGSHIPS
    )
    assert (openest >= newest).all()
    assert newest["Meta"] == 0 < openest["Meta"]
    with pytest.raises(FrontierError, match="flagship"):
        criteria.scores(TABLE, day, flagship="best")
    days = pd.DatetimeIndex(["2024-12-31", day])
    assert set(criteria.over_time(TABLE, days)["day"]) == set(days)


def share_table(hits, labs):
    return pd.DataFrame({"base_country": np.where(hits, "CN", "US"), "lab": labs})


@pytest.mark.parametrize("together", [True, False])
def test_intervals_of_shares_cover_whether_labs_decide_once_or_each_time(together):
    """Twelve labs with one to four models, at a true share of 40%; intervals at 90%."""
    rng = np.random.default_rng(1)
    labs = np.repeat(np.arange(12), [1, 2, 3, 4] * 3)
    covered = []
    for _ in range(600):
        of_lab = rng.random(12) < 0.4
        hits = of_lab[labs] if together else rng.random(len(labs)) < 0.4
        e = bases.share(share_table(hits, labs))
        covered.append(e.low <= 40 <= e.high)
    assert np.mean(covered) > 0.87


def test_a_difference_of_shares_covers_and_recovers():
    rng = np.random.default_rng(2)
    labs = np.repeat(np.arange(15), 2)
    inside, middle = [], []
    for _ in range(500):
        a, b = (bases.share(share_table((rng.random(15) < p)[labs], labs)) for p in (0.2, 0.7))
        e = bases.change(a, b)
        inside.append(e.low <= 50 <= e.high)
        middle.append(e.value)
    assert np.mean(inside) > 0.87
    assert np.mean(middle) == pytest.approx(50, abs=2)


def test_four_models_of_one_lab_are_one_choice():
    one = bases.share(share_table([True] * 4, ["a"] * 4))
    four = bases.share(share_table([True] * 4, list("abcd")))
    assert one.value == four.value == 100
    assert one.low < 30 < four.low
    with pytest.raises(FrontierError, match="No new model"):
        bases.share(share_table([], []))


def models(**columns) -> pd.DataFrame:
    n = len(columns["model"])
    given = {"lab": columns["model"], "country": "US", "built_on": "", "multi_sample": False}
    return pd.DataFrame(given | {"date": ["2024-01-01"] * n} | columns)


def index(ability: dict, draws: np.ndarray) -> Index:
    series = pd.Series(ability)
    return Index(series, pd.DataFrame(), pd.DataFrame(draws, columns=series.index), 9, 0.1, 0.1, 0, "made up")


def test_shares_of_the_top_follow_the_draws():
    table = models(model=["a", "b", "c"], country=["US", "CN", "CN"])
    made = index({"a": 3.0, "b": 2.0, "c": 1.0}, np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]]))
    day = [20_000.0]
    assert leaders.top_share(table, made, day, 1).ravel().tolist() == [100.0, 100.0, 0.0]
    assert leaders.top_share(table, made, day, 2).ravel().tolist() == [50.0, 50.0, 0.0]
    with pytest.raises(FrontierError, match="Fewer than 4"):
        leaders.top_share(table, made, day, 4)
    with pytest.raises(FrontierError, match="models or labs"):
        leaders.top_share(table, made, day, 1, unit="firms")


def test_labs_count_once_and_only_after_their_first_model():
    table = models(
        model=["a", "b", "c"], lab=["A", "A", "C"], country=["US", "US", "CN"],
        date=["2024-01-01", "2024-01-01", "2025-01-01"],
    )  # fmt: skip
    made = index({"a": 3.0, "b": 2.0, "c": 1.0}, np.empty((0, 3)))
    days = leaders.day_numbers(pd.Series(["2024-06-01", "2025-06-01"]))
    home, best = leaders.best_of_labs(table, made, days)
    assert home.to_dict() == {"A": "US", "C": "CN"}
    ranks = leaders.ranks(best)[0]
    assert np.isnan(ranks[1, 0])
    assert ranks[:, 1].tolist() == [1.0, 2.0]
    assert leaders.top_share(table, made, days[1:], 2, unit="labs").item() == 50.0


def weeks() -> tuple[pd.DataFrame, pd.DataFrame]:
    names = [f"m{i}" for i in range(12)]
    listed = pd.DataFrame({"week": "2026-01-04", "slug": names, "tokens": np.exp(np.arange(12.0))})
    who = pd.DataFrame({"slug": names, "maker": "x", "country": ["CN", "US"] * 6, "model": names})
    return listed, who


def test_shares_of_tokens_add_up_and_a_stranger_is_named():
    listed, who = weeks()
    table = adoption.with_makers(listed, who)
    assert adoption.by_country(table).sum(axis=1).item() == pytest.approx(100)
    assert adoption.concentration(table).item() == pytest.approx(1)
    with pytest.raises(FrontierError, match="m11"):
        adoption.with_makers(listed, who.head(11))


def test_capability_that_decides_use_explains_all_of_it():
    table = adoption.with_makers(*weeks())
    ability = pd.Series(np.arange(12.0), index=[f"m{i}" for i in range(12)])
    found = adoption.explained(table, ability, draws=50, seed=0)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(100)
    shuffled = pd.Series(np.random.default_rng(0).permutation(ability.to_numpy()), index=ability.index)
    assert adoption.explained(table, shuffled, draws=50, seed=0).value < 60
    with pytest.raises(FrontierError, match="ten are needed"):
        adoption.explained(table, ability.head(9), draws=50, seed=0)


def test_the_router_names_are_names_of_the_index():
    names = sources.load("router-models").dropna(subset=["model"])["model"]
    try:
        known = set(sources.load("eci-scores")["model"])
    except sources.SourceUnavailable as error:
        pytest.skip(str(error))
    assert set(names) <= known


def test_weights_agree_with_the_index():
    try:
        listed = sources.load("eci-scores").set_index("model")["weights"]
    except sources.SourceUnavailable as error:
        pytest.skip(str(error))
    ours = TABLE[TABLE["criterion"] == "weights"].set_index("release")["value"]
    both = ours[ours.index.isin(listed.dropna().index)]
    assert len(both) > 20
    assert ((listed.loc[both.index] == "Open weights") == (both == 1)).all()


def test_published_counts_get_exact_intervals_and_bounds():
    figures = sources.load("reported-figures").set_index("id")["value"]
    grid = adoption.home_grid(figures)
    assert len(grid) == 6
    worst = grid[(grid["count"] == "as counted") & (grid["not found"] == "all abroad")].iloc[0]
    assert worst["value"] == pytest.approx(100 * 111 / 232)
    assert (grid["low"] < grid["value"]).all()
    least, most = adoption.fall(figures, "china-2024")
    assert least == pytest.approx(100 * (1 - 9.3 / 17))
    assert most > least

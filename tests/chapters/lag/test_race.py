"""Lags where they are known, sides as the rules say, and intervals that carry the index's noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat.chapters.lag import race as lag
from moat.chapters.lag.leaders_followers import age, lab_ranks, race, sides, snapshot
from moat.chapters.lag.race import DAYS_PER_MONTH, Race, day_numbers
from moat.errors import FrontierError
from moat.index.item_response import Index, ItemResponse
from tests.chapters.lag.race_worlds import answers, copied, wrong
from tests.simulated import chance_band, worlds


@pytest.mark.parametrize("months", [0.0, 3.0, 7.5])
def test_a_copy_of_every_step_is_matched_after_the_lag(months):
    made = copied(months)
    levels = np.arange(5.0, 12.0)[None]
    waited, matched = made.to_match(levels)
    assert matched.all()
    assert np.allclose(waited, months, atol=1e-9)
    assert np.allclose(made.bands([4.0, 8.0, 12.0]), months, atol=1e-9)


def test_the_as_of_lag_is_the_age_of_the_level_reached():
    made = copied(5.0, step=60.0)
    day = np.array([600 + 5 * DAYS_PER_MONTH, 659 + 5 * DAYS_PER_MONTH])
    # On the day of a match the level is five months old, a day before the next one nearly seven.
    assert np.allclose(made.as_of(day), [[5.0, 5 + 59 / DAYS_PER_MONTH]])
    assert made.trailing()[0] == pytest.approx(5 + 29.5 / DAYS_PER_MONTH, abs=0.15)


def test_a_follower_in_front_has_no_lag():
    days = ["2024-01-01", "2024-03-01", "2024-02-01"]
    made = Race.between([[1.0, 3.0, 2.0]], days, [True, True, False], [False, False, True], "2024-04-01")
    noon = day_numbers(["2024-02-15", "2024-03-15"])
    assert made.leads(noon).tolist() == [[True, False]]
    assert made.as_of(noon)[0, 0] == 0.0
    assert made.as_of(noon)[0, 1] == pytest.approx(14 / DAYS_PER_MONTH)


def test_levels_up_to_the_floor_do_not_count():
    made = copied(5.0, steps=10)
    floored = Race(made.leaders, made.followers, made.end, np.array([3.0]))
    early, late = floored.followers.days[3], floored.followers.days[5]
    assert np.isnan(floored.as_of(np.array([early]))).all()
    assert np.isfinite(floored.as_of(np.array([late]))).all()
    assert np.isnan(floored.to_match(np.array([[3.0]]))[0]).all()


def test_conventions_are_pooled_and_lost_draws_are_said():
    estimate = lag.pooled([[5.0, 4.0, 6.0], [7.0, 6.0, np.nan]], n=9, method="demo")
    assert estimate.value == 6.0
    assert estimate.low < 4.5 < 5.9 < estimate.high
    assert "1 of 4 draws" in estimate.method


@worlds(15, 60)
def test_the_interval_of_the_width_covers_at_its_rate(worlds):
    """Answers are made up, the index refitted, the width drawn: the true width is inside."""
    model = ItemResponse(ridge=0.01, unit="b00", anchors={"m00": 0.0, "m39": 4.0})
    dates = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.arange(40) * 30, "D")
    leads = np.arange(40) % 2 == 0
    days = dates + pd.to_timedelta(np.where(leads, 0, 180), "D")
    ends, estimates = [], []
    for world in range(worlds):
        scores, ability = answers(np.random.default_rng(world), share=0.5)
        index = model.fit(scores, draws=80, seed=world)
        names = list(ability.index)
        made = Race.between(index.abilities(names), days, leads, ~leads, "2026-05-01")
        truth = Race.between(ability[names], days, leads, ~leads, "2026-05-01").trailing()[0]
        drawn = made.trailing()
        ends.append(np.quantile(drawn[1:], [0.05, 0.95]))
        estimates.append(drawn[0])
    slack = chance_band(0.1, worlds) - chance_band(0.1, 60)
    assert 0.01 - slack <= wrong(ends, truth) <= 0.2 + slack
    assert np.mean(estimates) == pytest.approx(truth, abs=0.6 * np.sqrt(60 / worlds))


TABLE = pd.DataFrame(
    {
        "model": ["floor", "lead", "chase", "open", "tuned"],
        "lab": ["Old", "Big", "New", "Big", "Small"],
        "country": ["US", "US", "CN", "US", "FR"],
        "built_on": ["", "", "", "", "US"],
        "weights": ["closed", "closed", "open", "open", "open"],
        "multi_sample": [False, True, False, False, False],
        "date": pd.to_datetime(["2023-01-01", "2024-01-01", "2024-06-01", "2024-07-01", "2024-08-01"]),
    }
)
INDEX = Index.given(pd.Series({"floor": 0.0, "lead": 9.0, "chase": 5.0, "open": 6.0, "tuned": 7.0}))


def test_sides_follow_the_rules():
    def who(*args, **options):
        return [TABLE["model"][mask].tolist() for mask in sides(TABLE, *args, **options)]

    assert who("China") == [["floor", "lead", "open"], ["chase"]]
    assert who("China", leader="US, closed weights") == [["floor", "lead"], ["chase"]]
    assert who("open weights") == [["floor", "lead"], ["chase", "open", "tuned"]]
    assert who("Europe") == [["floor", "lead", "open"], []]  # on foreign weights: a label of its own
    assert who("Europe", assignment="lab")[1] == ["tuned"]
    assert "tuned" in who("China", assignment="weights")[0]


def test_multi_sample_modes_can_be_left_out():
    settings = {"end": "2025-01-01", "floor": "floor"}
    assert len(race(TABLE, INDEX, "China", **settings).leaders.days) == 3
    assert len(race(TABLE, INDEX, "China", multi_sample=False, **settings).leaders.days) == 2


def test_faults_are_named():
    settings = {"end": "2025-01-01", "floor": "floor"}
    cases = [
        (TABLE.drop(columns="country"), "China", settings, "no column 'country'"),
        (TABLE.assign(date=pd.NaT), "China", settings, "5 models have no date"),
        (TABLE[TABLE["country"] != "CN"], "China", settings, "has no model"),
        (TABLE, "Europe", settings, "has no model"),
        (TABLE, "Mars", settings, "not 'Mars'"),
        (TABLE, "China", settings | {"leader": "UK"}, "not 'UK'"),
        (TABLE, "China", settings | {"assignment": "birth"}, "not 'birth'"),
        (TABLE, "China", settings | {"floor": "GPT-0"}, "no model 'GPT-0'"),
        (TABLE, "China", settings | {"end": "2023-02-01"}, "Before 2023-02-01"),
    ]
    for table, follower, options, words in cases:
        with pytest.raises(FrontierError, match=words) as error:
            race(table, INDEX, follower, **options)
        assert str(error.value).count(". ") == 0  # one sentence
    with pytest.raises(FrontierError, match="lead and follow"):
        Race.between([[1.0, 2.0]], ["2024-01-01"] * 2, [True, True], [True, False], "2025-01-01")


def test_labs_are_ranked_by_their_best_model_so_far():
    days = day_numbers(["2024-06-15", "2024-07-15", "2024-08-15"])
    assert lab_ranks(TABLE, INDEX, "New", days).tolist() == [[2, 2, 3]]
    assert lab_ranks(TABLE, INDEX, "Big", days).tolist() == [[1, 1, 1]]
    with pytest.raises(FrontierError, match="'Nobody'"):
        lab_ranks(TABLE, INDEX, "Nobody", days)


def test_the_age_of_a_level_is_that_of_its_oldest_leader():
    made = race(TABLE, INDEX, "China", end="2025-01-01", floor="floor")
    months = (pd.Timestamp("2024-06-01") - pd.Timestamp("2024-01-01")).days / DAYS_PER_MONTH
    assert age(TABLE, INDEX, "chase", made)[0] == pytest.approx(months)
    assert age(TABLE, INDEX, "lead", made)[0] == 0.0


def test_a_curve_pools_conventions_and_leaves_unknown_days_out():
    one, other = [[np.nan, 2.0], [1.0, 1.0], [1.0, 3.0]], [[4.0, 4.0], [5.0, 3.0], [5.0, 5.0]]
    drawn = lag.curve([one, other], np.array([10.0, 20.0]))
    assert drawn["day"].tolist() == [20.0]
    assert drawn["value"].tolist() == [3.0]
    assert 1.0 <= drawn["low"][0] < 3.0 < drawn["high"][0] <= 5.0


def test_a_snapshot_of_others_is_read_as_printed():
    printed = pd.DataFrame(
        {
            "model": ["GPT-5 Pro", "Qwen-7B", "undated"],
            "country": ["United States of America", None, None],
            "weights": ["Closed weights", "Open weights", "Other"],
            "date": ["2025-10-07", "2023-09-24", None],
            "score": [150.0, 110.0, 1.0],
        }
    )
    table, index = snapshot(printed)
    assert table["country"].tolist() == ["US", "CN"]
    assert table["multi_sample"].tolist() == [True, False]
    assert index.abilities(["Qwen-7B"]).tolist() == [[110.0]]

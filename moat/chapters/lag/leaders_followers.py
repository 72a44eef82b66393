"""Who leads and who follows: from a table of models and an index to a race.

Leaders are American models.  Followers are Chinese models, open weights of any country, or European
models.  A model cannot be on both sides: against open weights the leaders are the other American
models.  Models on foreign weights follow `moat.models.labs.population`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.chapters.lag.race import DAYS_PER_MONTH, Race, day_numbers
from moat.errors import FrontierError
from moat.index.item_response import Index
from moat.models import issues, labs

FOLLOWERS = ("China", "open weights", "Europe")
LEADERS = ("US", "US, closed weights")
#: American labs had models up to this one's level before the first model of the table.
FLOOR = "GPT-3.5 Turbo (Jun 2023)"
NEEDED = ("model", "country", "built_on", "weights", "multi_sample", "date")


def sides(
    models: pd.DataFrame, follower: str, *, leader: str = "US", assignment: str = "own"
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows lead and which follow, two masks.  Raises `FrontierError` for an unknown word.

    >>> table = pd.DataFrame({"country": ["US", "CN"], "built_on": "", "weights": ["closed", "open"]})
    >>> [mask.tolist() for mask in sides(table, "China")]
    [[True, False], [False, True]]
    """
    if follower not in FOLLOWERS:
        raise FrontierError(f"A follower is one of {', '.join(FOLLOWERS)}, not {follower!r}.")
    if leader not in LEADERS:
        raise FrontierError(f"Leaders are one of {'; '.join(LEADERS)}, not {leader!r}.")
    country = labs.population(models, assignment)
    follows = {
        "China": country == "CN",
        "open weights": models["weights"] == "open",
        "Europe": country.isin(labs.EUROPE),
    }[follower]
    leads = (country == "US") & ~follows
    if leader != "US":
        leads &= models["weights"] == "closed"
    return leads.to_numpy(), follows.to_numpy()


def race(
    models: pd.DataFrame,
    index: Index,
    follower: str,
    *,
    end: str,
    leader: str = "US",
    assignment: str = "own",
    multi_sample: bool = True,
    floor: str | None = FLOOR,
) -> Race:
    """The race of one specification up to the day ``end``, on all draws of ``index``.

    ``models`` has the columns of `moat.models.table.build`; only models of the index take part,
    without their multi-sample modes if so asked.  ``floor`` names the model up to whose level lags do
    not count.  Raises `FrontierError` for missing columns, a
    model without a date, an empty side, or a floor that the index does not have.
    """
    missing = [c for c in NEEDED if c not in models]
    if missing:
        raise FrontierError(f"The table of models has no column {missing[0]!r}.")
    here = models[models["model"].isin(index.ability.index)]
    if not multi_sample:
        here = here[~here["multi_sample"].astype(bool)]
    leads, follows = sides(here, follower, leader=leader, assignment=assignment)
    ability = index.abilities(list(here["model"]))
    lowest = -np.inf if floor is None else index.abilities([floor])[:, 0]
    return Race.between(ability, here["date"], leads, follows, end, lowest)


def snapshot(scores: pd.DataFrame) -> tuple[pd.DataFrame, Index]:
    """Models and scores as upstream printed them, columns as in the source eci-scores; no draws."""
    country = [labs.country(c, m) for c, m in zip(scores["country"], scores["model"], strict=True)]
    weights = scores["weights"].map({"Open weights": "open", "Closed weights": "closed"}).fillna("unknown")
    many = issues.multi_sample(scores["model"])
    table = scores[["model"]].assign(country=country, built_on="", weights=weights, multi_sample=many)
    table["date"] = pd.to_datetime(scores["date"])
    named = table["model"].map(labs.by_name)
    table["country"] = table["country"].where(table["country"].notna() | named.isna(), named.str[1])
    ability = scores.set_index("model")["score"].rename("ability")
    return table.dropna(subset=["date"]), Index.given(ability)


def age(models: pd.DataFrame, index: Index, model: str, race: Race) -> NDArray[np.float64]:
    """How old, in months, the oldest leader as able as ``model`` was on the model's day, (1 + draws,).

    Zero where no leader had got there.
    """
    day = day_numbers(models.set_index("model").loc[model, "date"]).item()
    return np.maximum(day - race.leaders.reached(index.abilities([model]))[:, 0], 0) / DAYS_PER_MONTH


def lab_ranks(models: pd.DataFrame, index: Index, lab: str, days: NDArray[np.float64]) -> NDArray[np.int64]:
    """The rank of ``lab`` by its best model so far, on each day, shape (1 + draws, days).

    Rank 1 is the best lab.  Raises `FrontierError` where the lab has no model on one of the days.
    """
    here = models[models["model"].isin(index.ability.index)].dropna(subset=["lab"])
    ability = index.abilities(list(here["model"]))
    born = day_numbers(here["date"])
    out = born[:, None] <= days
    best = {}
    for name, rows in here.reset_index(drop=True).groupby("lab").groups.items():
        masked = np.where(out[rows][None], ability[:, rows, None], -np.inf)
        best[name] = masked.max(axis=1)
    if lab not in best or np.isinf(best[lab]).any():
        raise FrontierError(f"The lab {lab!r} has no model on some of these days.")
    return 1 + sum((other > best[lab]).astype(int) for name, other in best.items() if name != lab)

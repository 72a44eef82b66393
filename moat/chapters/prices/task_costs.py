"""What a whole task costs: bills of one coding benchmark, by score and date.

A price a token misses that later models write more tokens for an answer.  Aider's benchmark is the same
225 exercises for everybody, and its list keeps the bill.  Runs of two models at once are left out, and so
are those without a bill.
"""

from __future__ import annotations

import pandas as pd
from pandas import DataFrame

from moat import sources
from moat.chapters.prices.price_floor import records
from moat.errors import FrontierError

TABLES = ("aider-owners",)
#: Scores, in per cent of the exercises, at which lows are followed.
SCORES = (50, 60, 70, 80)


def bills(runs: DataFrame) -> DataFrame:
    """Runs of one model with a bill: the columns of aider-polyglot with lab, country, china.

    Raises `FrontierError` for a model whose lab is unknown.
    """
    table = runs.dropna(subset=["cost"])
    table = table[~table["model"].str.contains("+", regex=False)].reset_index(drop=True)
    (known,) = (sources.load(name).set_index("beginning")[["lab", "country"]] for name in TABLES)
    owners = [_owner(model, known) for model in table["model"]]
    table = table.assign(lab=[o[0] for o in owners], country=[o[1] for o in owners])
    return table.assign(china=(table["country"] == "CN").astype(float))


def _owner(model: str, known: DataFrame) -> tuple[str, str]:
    for beginning, lab, country in known.itertuples():
        if model.lower().startswith(beginning):
            return lab, country
    raise FrontierError(
        f"Nobody told whose model {model!r} is; add the beginning of its name to data/facts/aider_owners.csv."
    )


def cheapest(table: DataFrame, scores: tuple[int, ...] = SCORES) -> DataFrame:
    """The record lows of the bill at each score: columns score, model, lab, country, date, cost, passed."""
    when = pd.to_datetime(table["date"]).astype("int64").to_numpy()
    parts = []
    for score in scores:
        kept = records(when, table["cost"].to_numpy(float), table["passed"].to_numpy(float), score)
        parts.append(table.iloc[kept].assign(score=score))
    columns = ["score", "model", "lab", "country", "date", "cost", "passed"]
    return pd.concat(parts, ignore_index=True)[columns]


def frontier(table: DataFrame, until: str) -> DataFrame:
    """Runs up to a day that nobody beat at their price: rising score with rising bill."""
    early = table[table["date"] <= until].sort_values(["cost", "passed"], ascending=[True, False])
    best = early["passed"].cummax()
    return early[(early["passed"] == best) & ~best.duplicated()].reset_index(drop=True)

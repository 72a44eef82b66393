"""What a whole task costs, and what a day of serving costs.

A price a token misses that later models write more tokens for an answer.  Aider's benchmark is the same
225 exercises for everybody, and its list keeps the bill.  Runs of two models at once are left out, and so
are those without a bill.  A day of serving is DeepSeek's own sum, from its account of 27 and 28 February
2025 in our table serving-day: what its chips cost and what its tokens would have earned.
"""

from __future__ import annotations

from dataclasses import dataclass

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


MILLION = 1e6
#: Tokens are printed in whole billions.
ROUNDING = 0.5e9


@dataclass(frozen=True)
class Day:
    """Cost and revenue in USD, and how far rounding of the tokens can move the revenue."""

    cost: float
    revenue: float
    slack: float
    gpu_hours: float
    tokens: float

    @property
    def margin(self) -> float:
        """Profit in per cent of cost."""
        return 100 * (self.revenue / self.cost - 1)

    @property
    def break_even(self) -> float:
        """USD a GPU-hour at which nothing is left."""
        return self.revenue / self.gpu_hours

    @property
    def cost_per_million(self) -> float:
        """USD of chips for a million tokens, read or written."""
        return self.cost / (self.tokens / MILLION)


def day(table: pd.DataFrame, prices: str = "") -> Day:
    """The day's sum at the prices of R1, or with ``prices`` " of V3" at those of V3.

    ``table`` has item and value.  Raises `FrontierError` for a missing item.
    """
    known = table.set_index("item")["value"]

    def of(item: str) -> float:
        if item not in known:
            raise FrontierError(f"The table of the day has no item {item!r}.")
        return float(known[item])

    hours = of("nodes") * of("GPUs a node") * 24
    cached, read, written = (of(k) for k in ("input that hit the cache", "input", "output"))
    cheap, dear, out = (of(f"price of {k}{prices}") for k in ("cached input", "other input", "output"))
    revenue = (cached * cheap + (read - cached) * dear + written * out) / MILLION
    slack = ROUNDING * (abs(cheap - dear) + dear + out) / MILLION
    return Day(hours * of("rent"), revenue, slack, hours, read + written)

"""The same answers by every combination of choices that a careful reader could have made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.chapters.premium import discount
from moat.chapters.premium.placebo import POPULATIONS, population
from moat.chapters.premium.resources import largest_before
from moat.chapters.premium.trend import DIRECTIONS, FORMS, Trend, abilities
from moat.index.item_response import Index

Array = NDArray[np.float64]
Tables = Mapping[str, pd.DataFrame]
NUMBERS = ["value", "low", "high"]


def of_multiplier(
    tables: Tables,
    index: Index,
    model: str,
    *,
    draws: int = 100,
    populations: Sequence[str] = tuple(POPULATIONS),
) -> pd.DataFrame:
    """The multiplier of ``model``: direction, form of the date, intercepts, models, dates, own lab.

    ``tables`` maps conventions of dates to tables of `moat.models.table.build`.
    """
    rows = []
    for (dates, models), name in product(tables.items(), populations):
        table = population(models, name)
        ability = abilities(index, table)[: 1 + draws]
        lab = table.set_index("model")["lab"][model]
        for direction, form, pooled, own in product(DIRECTIONS, FORMS, (True, False), ("out", "in")):
            fitted = Trend(direction, form, pooled).fit(table, ability, without=(lab,) * (own == "out"))
            e = fitted.multiplier(model)
            intercepts = "pooled" if pooled else "one"
            rows.append((direction, form, intercepts, name, dates, own, e.value, e.low, e.high))
    choices = ["direction", "form", "intercepts", "models", "dates", "own lab"]
    return pd.DataFrame(rows, columns=choices + NUMBERS)


def of_price(tables: Tables, index: Index, *, end: str, draws: int = 100) -> pd.DataFrame:
    """The price of crossing, × a year: method, who may match, months, index noise, dates."""
    rows = []
    for dates, models in tables.items():
        table = population(models)
        ability = abilities(index, table)[: 1 + draws]
        followers = {
            "anyone": {},
            "another lab": {"same_lab": False},
            "Chinese labs": {"followers": table["country"] == "CN"},
            "open weights": {"followers": table["weights"] == "open"},
        }
        for (who, options), months, mended in product(followers.items(), (12, 24, 36), (True, False)):
            window = range(1, months + 1)
            e = discount.price(table, ability, end=end, months=window, mended=mended, **options)
            noise = "taken off" if mended else "left in"
            rows.append(("records", who, f"{months} months", noise, dates, e.value, e.low, e.high))
        for direction, pooled in product(DIRECTIONS, (True, False)):
            e = discount.by_trend(Trend(direction, pooled=pooled).fit(table, ability))
            who = "pooled" if pooled else "one intercept"
            rows.append((f"trend, {direction}", who, "all", "left in", dates, e.value, e.low, e.high))
    return pd.DataFrame(rows, columns=["method", "who", "window", "noise", "dates", *NUMBERS])


def of_need(
    table: pd.DataFrame, ability: Array, gaps: Mapping[str, Array], large: float = 24.0
) -> pd.DataFrame:
    """How many times the compute closes each of ``gaps``: by the slope of all or of large runs.

    ``gaps`` (1 + draws,) in index points; ``large`` is the log10 FLOP from which a run is large.
    """
    rows, big = [], (table["x"] >= large).to_numpy()
    for (runs, keep), direction in product({"all": big | True, "large": big}.items(), DIRECTIONS):
        fitted = Trend(direction).fit(table[keep].reset_index(drop=True), ability[:, keep])
        for modes, gap in gaps.items():
            e = discount.needed(fitted, gap)
            rows.append((runs, direction, modes, e.value, e.low, e.high))
    return pd.DataFrame(rows, columns=["runs", "direction", "modes", *NUMBERS])


def of_resources(tables: Tables, runs: pd.DataFrame, index: Index, *, draws: int = 100) -> pd.DataFrame:
    """Index points for ten times a lab's largest earlier run, at equal compute and date."""
    rows = []
    for (dates, models), name in product(tables.items(), ("all", "confident compute", "no code models")):
        table = population(models, name)
        table = (
            table.assign(stock=largest_before(table, runs)).dropna(subset=["stock"]).reset_index(drop=True)
        )
        ability = abilities(index, table)[: 1 + draws]
        for form, pooled in product(("linear", "quadratic"), (True, False)):
            fitted = Trend(form=form, pooled=pooled, extra=("stock",)).fit(table, ability)
            e = fitted.estimate(fitted.coefficient("stock"), more="; largest earlier run of the lab")
            rows.append((name, dates, form, "pooled" if pooled else "one", e.value, e.low, e.high))
    return pd.DataFrame(rows, columns=["models", "dates", "form", "intercepts", *NUMBERS])

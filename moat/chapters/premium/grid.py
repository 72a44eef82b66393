"""The same answers by every combination of choices that a careful reader could have made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.chapters.premium import discount
from moat.chapters.premium.placebo import POPULATIONS, population
from moat.chapters.premium.resources import largest_before
from moat.chapters.premium.trend import DIRECTIONS, FORMS, Fitted, Trend, abilities
from moat.index.item_response import Index
from moat.stats.estimate import Estimate
from moat.stats.grid import NUMBERS, as_grid, specification_grid

Array = NDArray[np.float64]
Tables = Mapping[str, pd.DataFrame]
INTERCEPTS = {"pooled": True, "one": False}


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

    @cache
    def known(dates: str, name: str) -> tuple[pd.DataFrame, Array]:
        table = population(tables[dates], name)
        return table, abilities(index, table)[: 1 + draws]

    def multiplier(dates: str, name: str, direction: str, form: str, pooled: bool, out: bool) -> Estimate:
        table, ability = known(dates, name)
        lab = table.set_index("model")["lab"][model]
        fitted = Trend(direction, form, pooled).fit(table, ability, without=(lab,) * out)
        return fitted.multiplier(model)

    choices = {"dates": tuple(tables), "models": tuple(populations), "direction": DIRECTIONS}
    choices |= {"form": FORMS, "intercepts": INTERCEPTS, "own lab": {"out": True, "in": False}}
    shown = ["direction", "form", "intercepts", "models", "dates", "own lab", *NUMBERS]
    return specification_grid(choices, multiplier)[shown]


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
            rows.append(("records", who, f"{months} months", noise, dates, e))
        for direction, pooled in product(DIRECTIONS, (True, False)):
            e = discount.by_trend(Trend(direction, pooled=pooled).fit(table, ability))
            who = "pooled" if pooled else "one intercept"
            rows.append((f"trend, {direction}", who, "all", "left in", dates, e))
    return as_grid(rows, ["method", "who", "window", "noise", "dates"])


def of_need(
    table: pd.DataFrame, ability: Array, gaps: Mapping[str, Array], large: float = 24.0
) -> pd.DataFrame:
    """How many times the compute closes each of ``gaps``: by the slope of all or of large runs.

    ``gaps`` (1 + draws,) in index points; ``large`` is the log10 FLOP from which a run is large.
    """
    big = (table["x"] >= large).to_numpy()

    @cache
    def fitted(runs: str, direction: str) -> Fitted:
        keep = big if runs == "large" else big | True
        return Trend(direction).fit(table[keep].reset_index(drop=True), ability[:, keep])

    choices = {"runs": ("all", "large"), "direction": DIRECTIONS, "modes": tuple(gaps)}
    return specification_grid(choices, lambda *picked: discount.needed(fitted(*picked[:2]), gaps[picked[2]]))


def of_resources(tables: Tables, runs: pd.DataFrame, index: Index, *, draws: int = 100) -> pd.DataFrame:
    """Index points for ten times a lab's largest earlier run, at equal compute and date."""

    @cache
    def known(dates: str, name: str) -> tuple[pd.DataFrame, Array]:
        table = population(tables[dates], name)
        stock = largest_before(table, runs)
        table = table.assign(stock=stock).dropna(subset=["stock"]).reset_index(drop=True)
        return table, abilities(index, table)[: 1 + draws]

    def points(dates: str, name: str, form: str, pooled: bool) -> Estimate:
        fitted = Trend(form=form, pooled=pooled, extra=("stock",)).fit(*known(dates, name))
        return fitted.estimate(fitted.coefficient("stock"), more="; largest earlier run of the lab")

    choices = {"dates": tuple(tables), "models": ("all", "confident compute", "no code models")}
    return specification_grid(choices | {"form": ("linear", "quadratic"), "intercepts": INTERCEPTS}, points)

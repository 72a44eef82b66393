"""The fall of the price at fixed capability under every choice that a careful reader could have made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd

from moat.chapters.prices import panel, price_floor
from moat.chapters.prices.hedonic import ZERO, Hedonic
from moat.errors import FrontierError
from moat.index.item_response import Index
from moat.stats.dates import years
from moat.stats.estimate import Estimate
from moat.stats.grid import specification_grid

#: Share of input in the price; None takes each list's own blend of three to one.
BLENDS = {"three to one": None, "one to one": 0.5, "output alone": 0.0}
POPULATIONS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "all": lambda t: ~t["multi_sample"] & (t["confidence"] != "low"),
    "no Chinese models": lambda t: ~t["multi_sample"] & (t["confidence"] != "low") & (t["country"] != "CN"),
    "closed weights": lambda t: ~t["multi_sample"] & (t["confidence"] != "low") & (t["weights"] == "closed"),
    "sure listings": lambda t: ~t["multi_sample"] & (t["confidence"] == "high"),
    "nothing left out": lambda t: t["price"] > 0,
}
TENS = (120.0, 130.0, 140.0)
ESTIMATORS = (
    "monthly lows", "monthly lows, three levels", "record lows",
    "all prices", "all prices, marks", "all prices, curved", "all prices, lab intercepts",
)  # fmt: skip


def clean(table: pd.DataFrame, *, until: str, population: str = "all", launch: bool = False) -> pd.DataFrame:
    """Rows of `panel.panel` up to a day, with the 0/1 columns china and open.

    ``launch`` keeps the first price of a model only.  Raises `FrontierError` for an unknown population.
    """
    if population not in POPULATIONS:
        raise FrontierError(f"A population is one of {', '.join(POPULATIONS)}, not {population!r}.")
    rows = table[POPULATIONS[population](table) & (table["date"] <= until)]
    rows = rows[rows["launch"]] if launch else rows
    marks = {"china": rows["country"] == "CN", "open": rows["weights"] == "open"}
    return rows.assign(**{k: v.astype(float) for k, v in marks.items()}).reset_index(drop=True)


def estimate(name: str, table: pd.DataFrame, index: Index, until: str, draws: int = 60) -> Estimate:
    """One of `ESTIMATORS` on rows of `clean`; raises `FrontierError` where the rows do not carry it."""
    first = table[table["launch"]].reset_index(drop=True)
    rows = first if name.startswith("all prices") else table
    ability = index.abilities(list(rows["model"]))[: draws + 1]
    if name.startswith("monthly lows"):
        levels = TENS if name.endswith("levels") else price_floor.LEVELS
        return price_floor.fall(rows, ability, until, levels=levels)
    if name == "record lows":
        logs = price_floor.pooled_records(
            years(rows["date"], ZERO), rows["price"].to_numpy(), ability[0], price_floor.LEVELS
        )
        if not np.isfinite(logs):
            raise FrontierError("No level has enough record lows.")
        return Estimate(*[float(10**logs)] * 3, n=len(rows), method="median over levels", level=0.9)
    form = name.split(", ")[-1] if name.split(", ")[-1] in ("curved", "lab intercepts") else "straight"
    if rows["lab"].nunique() < 4:
        raise FrontierError("An interval over labs needs four of them.")
    return (
        Hedonic("price", ("china", "open") if name.endswith("marks") else (), form).fit(rows, ability).fall()
    )


def falls(
    raw: Mapping[str, pd.DataFrame], models: pd.DataFrame, index: Index, *, until: str,
    blends: Sequence[str] = tuple(BLENDS),
) -> pd.DataFrame:  # fmt: skip
    """The whole grid: columns blend, models, estimator, value, low, high.

    The list with the oldest models has one blended price and cannot be blended anew, so the other blends
    begin with the end of 2024.  A population that does not carry an estimator is left out; record lows have
    no interval.
    """
    listed = cache(lambda blend: panel.panel(raw, models, BLENDS[blend]))
    part = cache(lambda blend, population: clean(listed(blend), until=until, population=population))

    def fall(blend: str, population: str, name: str) -> Estimate | float | None:
        try:
            found = estimate(name, part(blend, population), index, until)
        except FrontierError:
            return None
        return found.value if name == "record lows" else found

    choices = {"blend": tuple(blends), "models": tuple(POPULATIONS), "estimator": ESTIMATORS}
    return specification_grid(choices, fall)

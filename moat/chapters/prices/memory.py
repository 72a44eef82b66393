"""What a published configuration says of memory: the weights to hold, those to read, the cache to keep.

Weights are counted as parameters, at the same number of bits for every model: who keeps them in fewer
bits saves more, but that is the choice of whoever serves them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.chapters.prices import price_floor
from moat.chapters.prices.hedonic import Hedonic
from moat.index.item_response import Index

#: Quantities with a column of that name: words for the page.
KINDS = {
    "params": "memory for the weights",
    "params_active": "weights read a token",
    "cache": "cache a token",
}
#: A regression over labs says nothing with fewer of them.
LABS = 3
#: Levels from which lows of memory are followed; open models of known size reach further down.
LEVELS = tuple(np.arange(100.0, 145.0, 5.0))
#: Capability from which a chat model can be had; below it are bare base models.
USEFUL = 115.0


def weights(models: pd.DataFrame) -> pd.DataFrame:
    """Scored models with open weights and a known size, a row each; the date is that of the release.

    Models that answer with several samples are left out.  ``models`` as from `moat.models.table.build`.
    """
    known = models["score"].notna() & (models["weights"] == "open") & ~models["multi_sample"]
    table = models[known].dropna(subset=["params", "lab", "released"])
    table = table.assign(date=pd.to_datetime(table["released"]))
    return table.assign(params_active=table["params_active"].fillna(table["params"])).reset_index(drop=True)


def caches(shapes: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """Bytes kept a token by models whose shape and score are known: `weights` with a column cache.

    ``shapes`` is the source architectures.
    """
    of = shapes["layers"] * shapes["cache_per_layer"] * shapes["cache_bits"] / 8
    kept = pd.Series(of.to_numpy(float), shapes["model"])
    table = weights(models).assign(cache=lambda t: t["model"].map(kept))
    return table[np.isfinite(table["cache"])].reset_index(drop=True)


def grid(table: pd.DataFrame, index: Index, until: str, draws: int = 60) -> pd.DataFrame:
    """The falls of both counts of weights under other choices.

    Columns count, estimator, models, value, low, high; ``table`` is from `weights`.
    """
    rows = []
    for name, part in {"all": table, "useful": table[table["score"] >= USEFUL]}.items():
        part = part[part["date"] <= until].reset_index(drop=True)
        part = part.assign(china=(part["country"] == "CN").astype(float))
        ability = index.abilities(list(part["model"]))[: draws + 1]
        for count in ("params", "params_active"):
            found = {
                "straight": Hedonic(count).fit(part, ability).fall(),
                "China apart": Hedonic(count, ("china",)).fit(part, ability).fall(),
                "curved": Hedonic(count, form="curved").fit(part, ability).fall(),
                "lab intercepts": Hedonic(count, form="lab intercepts").fit(part, ability).fall(),
                "monthly lows": price_floor.fall(part, ability, until, cost=count, levels=LEVELS),
            }
            rows += [(count, k, name, e.value, e.low, e.high) for k, e in found.items()]
    return pd.DataFrame(rows, columns=["count", "estimator", "models", "value", "low", "high"])

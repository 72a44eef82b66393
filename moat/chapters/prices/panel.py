"""One table of list prices: which model could be had when, for how much a token, how capable it is.

Three lists are joined by `price-names`, our table of which listing is which model of the index.  The
first list that has a model speaks for it, in the order of `LISTS`: the oldest list is nearest to the
launch of old models.  A price is the blend of three parts of input to one of output, as Epoch has it.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from moat import sources
from moat.errors import FrontierError

#: The lists of prices, in the order in which they are believed, and our table of names.
TABLES = ("epoch-token-prices", "vendor-prices", "arena-prices", "price-names")
LISTS = TABLES[:3]
#: Share of input in a blended price.
INPUT = 0.75
_MODEL = [
    "model",
    "lab",
    "country",
    "weights",
    "released",
    "score",
    "multi_sample",
]


def read() -> dict[str, pd.DataFrame]:
    """The raw lists and the table of names.  Raises `SourceUnavailable` where they cannot be had."""
    return {name: sources.load(name) for name in TABLES}


def blend(input_: pd.Series | float, output: pd.Series | float, share: float = INPUT):
    """USD per million tokens of which ``share`` are input.

    >>> blend(0.55, 2.19)
    0.96
    """
    return share * input_ + (1 - share) * output


def listings(raw: Mapping[str, pd.DataFrame], share: float | None = None) -> pd.DataFrame:
    """Every listing that names a model of the index: prices, listed, model, price, seen, confidence.

    ``seen`` is the day that the list gives with a price, missing for most.  With ``share`` prices are
    blended anew and listings without separate prices are left out.
    """
    parts = []
    for name in LISTS:
        table = raw[name].rename(columns={"date": "seen", "from_date": "seen"})
        if name == "epoch-token-prices":
            table = table if share is None else table.iloc[:0]
        else:
            table = table.assign(
                price=blend(table["input"], table["output"], INPUT if share is None else share)
            )
        if "seen" not in table:
            table = table.assign(seen=None)
        parts.append(table[["name", "price", "seen"]].assign(prices=name))
    every = pd.concat([p for p in parts if len(p)], ignore_index=True).rename(columns={"name": "listed"})
    names = raw["price-names"][["prices", "listed", "model", "confidence"]]
    lost = names.merge(pd.concat([raw[n][["name"]].assign(prices=n) for n in LISTS]), how="left",
                       left_on=["prices", "listed"], right_on=["prices", "name"])  # fmt: skip
    if lost["name"].isna().any():
        first = lost[lost["name"].isna()].iloc[0]
        raise FrontierError(f"{first['prices']} has no listing {first['listed']!r}; mend price-names.")
    found = every.merge(names, on=["prices", "listed"]).dropna(subset=["price"])
    return found.assign(seen=pd.to_datetime(found["seen"])).reset_index(drop=True)


def panel(raw: Mapping[str, pd.DataFrame], models: pd.DataFrame, share: float | None = None) -> pd.DataFrame:
    """One row a model and price: `listings` with lab, country, weights, score and the day of the price.

    ``models`` is from `moat.models.table.build`.  The first price of a model counts from its release,
    later ones from the day that their list gives; a later one without a day is left out.  ``launch`` marks
    the first.  Raises `FrontierError` for a model that the index does not have.
    """
    found = listings(raw, share)
    missing = set(found["model"]) - set(models.loc[models["score"].notna(), "model"])
    if missing:
        raise FrontierError(f"The index has no model {sorted(missing)[0]!r}, which price-names names.")
    order = found["prices"].map({name: i for i, name in enumerate(LISTS)})
    found = found.assign(order=order, blank=found["seen"].notna()).sort_values(
        ["model", "order", "blank", "seen"], kind="stable"
    )
    found = found[found["order"] == found.groupby("model")["order"].transform("min")]
    table = found.merge(models[_MODEL].drop_duplicates("model"), on="model", how="left")
    launch = ~table.duplicated("model")
    released = pd.to_datetime(table["released"])
    date = released.where(launch, table["seen"])
    table = table.assign(launch=launch, date=date).dropna(subset=["date"])
    table = table[table["launch"] | (table["date"] > released)]
    return table.drop(columns=["order", "blank"]).sort_values(["date", "model"]).reset_index(drop=True)

"""On whose weights do new models stand?  Shares by period, with whole labs as the independent unit.

One lab that releases ten models on one base has made one choice, not ten.  So a share of n models
from labs with m₁, m₂, … of them counts as (Σm)² / Σm² independent ones, which is right if a lab's
models all follow one choice, and cautious otherwise (Kish 1965).  Intervals are Wilson's, and those of
differences Newcombe's (1998, method 10): both stay honest near 0 and 100%, where a bootstrap of four
models that all agree would claim certainty.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.errors import FrontierError
from moat.models import labs
from moat.stats.concentration import herfindahl
from moat.stats.estimate import Estimate, share_interval
from moat.stats.intervals import square_and_add

#: Lists that upstream still keeps up to date; the whole database ends in June 2025.
KEPT = ("epoch-notable", "epoch-large-scale", "epoch-frontier", "our correction")
LISTS = ("kept up", "all")
WHOSE = ("any", "another lab's")


def listed(models: pd.DataFrame, *, lists: str = "kept up", whose: str = "any") -> pd.DataFrame:
    """New language models with a base whose home is known, one row each.

    ``models`` is that of `moat.models.table.build`.  ``lists`` leaves out models that only the whole
    database had, which ends in June 2025, or keeps them; ``whose`` counts every base or only those
    of another lab.  Adds base_country.  Raises `FrontierError` for an unknown word.
    """
    if lists not in LISTS or whose not in WHOSE:
        raise FrontierError(f"Choose one of {', '.join(LISTS)} and one of {', '.join(WHOSE)}.")
    owner = models.drop_duplicates("listed_as").set_index("listed_as")["country"]
    first = models["base_model"].str.split(",").str[0]
    named = first.map(lambda name: labs.by_name(name) if isinstance(name, str) else None).str[1]
    table = models.assign(base_country=first.map(owner).fillna(named))
    speaks = table["domain"].fillna("").str.contains("Language")
    table = table[speaks & table["base_country"].notna() & table["announced"].notna()]
    if lists == "kept up":
        table = table[table["base_model_from"].isin(KEPT)]
    if whose != "any":
        table = table[table["base_lab"] != table["lab"]]
    return table.sort_values("announced").reset_index(drop=True)


def between(table: pd.DataFrame, start: str, end: str) -> pd.DataFrame:
    """The rows announced after ``start`` and up to ``end``."""
    return table[(table["announced"] > pd.Timestamp(start)) & (table["announced"] <= pd.Timestamp(end))]


def effective(clusters: ArrayLike) -> float:
    """How many independent units stand behind rows that belong to ``clusters`` (n,).

    >>> effective(["a", "b", "c"]), effective(["a", "a", "a"]), effective(["a", "a", "b", "c"])
    (3.0, 1.0, 2.6666666666666665)
    """
    return 1 / herfindahl(pd.Series(np.asarray(clusters)).value_counts())


def share(table: pd.DataFrame, *, country: str = "CN", level: float = 0.9) -> Estimate:
    """Per cent of the rows whose base is from ``country``.  Raises `FrontierError` without rows."""
    if table.empty:
        raise FrontierError("No new model with a known base falls into this period.")
    p, n = float((table["base_country"] == country).mean()), effective(table["lab"])
    low, high = share_interval(p * n, n, level=level)
    method = f"share of models; Wilson interval, labs as units ({n:.1f} effective)"
    return Estimate(100 * p, low, high, n=len(table), method=method, level=level)


def change(before: Estimate, after: Estimate) -> Estimate:
    """``after`` less ``before`` in points, by Newcombe's square-and-add of two Wilson intervals."""
    ends = square_and_add([(e.value, e.low, e.high) for e in (after, -before)])
    method = f"difference of shares, Newcombe's interval; after: {after.method}"
    return Estimate(*ends, n=before.n + after.n, method=method, level=after.level)


def by_quarter(table: pd.DataFrame, *, country: str = "CN") -> pd.DataFrame:
    """`share` of each quarter that has a model: columns quarter, value, low, high, n."""
    rows = []
    for quarter, part in table.groupby(table["announced"].dt.to_period("Q")):
        e = share(part, country=country)
        rows.append((quarter.start_time, e.value, e.low, e.high, e.n))
    return pd.DataFrame(rows, columns=["quarter", "value", "low", "high", "n"])

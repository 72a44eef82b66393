"""Use by week from the top of a router's list: whose tokens, how concentrated, and how able.

The list holds the nine or ten most used models of a week.  So these are shares of the top of the list,
and what capability explains within it is not what it explains among all models.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.errors import FrontierError
from moat.stats.concentration import herfindahl
from moat.stats.estimate import Estimate, percentile_estimate


def with_makers(weeks: pd.DataFrame, names: pd.DataFrame) -> pd.DataFrame:
    """The list with country and the model's name in the index; ``names`` is keyed by slug.

    Raises `FrontierError` for a slug that ``names`` does not have.
    """
    lost = sorted(set(weeks["slug"]) - set(names["slug"]))
    if lost:
        raise FrontierError(f"The router's {lost[0]!r} has no maker; add it to router_models.csv.")
    table = weeks.merge(names[["slug", "maker", "country", "model"]], on="slug", how="left")
    return table.assign(week=pd.to_datetime(table["week"]))


def by_country(table: pd.DataFrame) -> pd.DataFrame:
    """Per cent of the tokens of the top of the list, one row a week, one column a country."""
    tokens = table.pivot_table(index="week", columns="country", values="tokens", aggfunc="sum", fill_value=0)
    return 100 * tokens.div(tokens.sum(axis=1), axis=0)


def concentration(table: pd.DataFrame, by: str = "maker") -> pd.Series:
    """Herfindahl index of tokens among the values of ``by``, one a week."""
    tokens = table.groupby(["week", by])["tokens"].sum()
    return tokens.groupby("week").agg(lambda x: herfindahl(x.to_numpy())).rename("herfindahl")


def explained(table: pd.DataFrame, ability: pd.Series, *, draws: int, seed: int) -> Estimate:
    """Per cent of the variance of log tokens that capability explains among listed models.

    One row a model: its mean log tokens over the weeks it is listed.  Models are resampled.
    Raises `FrontierError` with fewer than ten models.
    """
    known = table.assign(ability=table["model"].map(ability)).dropna(subset=["ability"])
    one = known.assign(y=np.log(known["tokens"])).groupby("model")[["y", "ability"]].mean()
    if len(one) < 10:
        raise FrontierError(f"Only {len(one)} listed models have a score; ten are needed.")
    rows = one.to_numpy(float)
    pick = np.random.default_rng(seed).integers(len(rows), size=(draws, len(rows)))
    again = np.array([_r2(rows[p]) for p in pick])
    method = f"R² of log tokens on capability, {draws:,} draws of models"
    return percentile_estimate(_r2(rows), again[np.isfinite(again)], n=len(rows), method=method, level=0.9)


def _r2(rows: NDArray[np.float64]) -> float:
    y, x = rows.T
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(100 * np.corrcoef(x, y)[0, 1] ** 2)

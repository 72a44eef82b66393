"""Whose models are used, and what others counted: a router's list by week, authors, investment.

The router's list holds the nine or ten most used models of a week.  So these are shares of the top of
the list, and what capability explains within it is not what it explains among all models.  Counts of
authors and of investment are reported here and not reproduced; what can be done with a published count
is to say how far its chance and its gaps reach.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.errors import FrontierError
from moat.stats.concentration import herfindahl
from moat.stats.estimate import Estimate, percentile_estimate, share_interval
from moat.stats.grid import specification_grid


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


def exact_share(hits: int, n: int, *, level: float = 0.9) -> Estimate:
    """``hits`` of ``n`` in per cent with the exact binomial interval (Clopper and Pearson 1934).

    >>> [round(x, 1) for x in (lambda e: (e.value, e.low, e.high))(exact_share(111, 201))]
    [55.2, 49.2, 61.2]
    """
    ends = share_interval(hits, n, level=level, how="beta")
    method = "published counts, exact binomial interval"
    return Estimate(100 * hits / n, *ends, n=n, method=method, level=level)


def home_grid(figures: pd.Series, printed: float = 54.0) -> pd.DataFrame:
    """The share of home-trained authors under readings of the count and of the authors not found.

    ``figures`` has authors-home, authors-known and authors-listed; ``printed`` is the rounded share that
    the press gives, which does not fit the count.  Columns count, not found, value, low, high.
    """
    known, listed = int(figures["authors-known"]), int(figures["authors-listed"])
    counts = {
        "as counted": int(figures["authors-home"]),
        "from the printed share": round(printed * known / 100),
    }
    lost = {"left out": (0, known), "all abroad": (0, listed), "all at home": (listed - known, listed)}
    return specification_grid(
        {"count": counts, "not found": lost}, lambda hits, more: exact_share(hits + more[0], more[1])
    )


def fall(figures: pd.Series, end: str) -> tuple[float, float]:
    """Least and most fall of private investment in China from 2021 to the figure ``end``, in per cent.

    The least takes 2021 as first printed; the most raises it as the world's figure was raised in a
    later edition.  In current dollars: since prices rose, the real fall is larger.
    """
    first = figures["china-2021"]
    later = first * figures["world-2021-later"] / figures["world-2021"]
    return 100 * (1 - figures[end] / first), 100 * (1 - figures[end] / later)

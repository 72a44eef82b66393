"""What a lab had to work with: its largest earlier run, who led, and who is still there.

The stock of chips is known for a handful of cloud companies and for China as a whole, not for
labs.  The largest training run that a lab had disclosed before a model is known for most, and
stands in for its resources.  It is a proxy: it misses what was never disclosed, and a lab that
grew fast has more than its past shows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.chapters.lag.race import day_numbers
from moat.errors import FrontierError

Array = NDArray[np.float64]


def largest_before(table: pd.DataFrame, runs: pd.DataFrame) -> pd.Series:
    """log10 FLOP of the largest run of a model's lab that is older than the model; NaN without one.

    ``table`` has the columns lab and date; ``runs`` lab, date and flop.

    >>> runs = pd.DataFrame({"lab": "A", "date": pd.to_datetime(["2023-01-01"]), "flop": 1e24})
    >>> later = pd.DataFrame({"lab": ["A", "B"], "date": pd.to_datetime(["2024-01-01"] * 2)})
    >>> largest_before(later, runs).round(9).tolist()
    [24.0, nan]
    """
    for frame, columns in ((table, ("lab", "date")), (runs, ("lab", "date", "flop"))):
        missing = [c for c in columns if c not in frame]
        if missing:
            raise FrontierError(f"The largest earlier run needs a column {missing[0]!r}.")
    known = runs.dropna(subset=["lab", "date", "flop"])
    out = []
    for row in table.itertuples():
        mine = known[(known["lab"] == row.lab) & (known["date"] < row.date)]
        out.append(np.log10(mine["flop"].max()) if len(mine) else np.nan)
    return pd.Series(out, table.index, dtype=float)


def days_led(ability: Array, dates: pd.Series, side: Array, *, start: str, end: str) -> Array:
    """Days from ``start`` to ``end`` on which the most capable model was one of ``side``, (draws,).

    ``ability`` is (draws, n); ``dates`` and ``side`` (n,).  A tie counts for the side.
    """
    side = np.asarray(side, bool)
    if not side.any() or side.all():
        return np.full(len(ability), np.nan if side.all() else 0.0)
    days = np.arange(day_numbers(start).item(), day_numbers(end).item() + 1)
    out_on = day_numbers(dates)
    best = []
    for part in (side, ~side):
        order = np.argsort(out_on[part], kind="stable")
        best_so_far = np.maximum.accumulate(ability[:, part][:, order], axis=1)
        best_so_far = np.hstack([np.full((len(ability), 1), -np.inf), best_so_far])
        best.append(best_so_far[:, np.searchsorted(out_on[part][order], days, side="right")])
    return ((best[0] >= best[1]) & np.isfinite(best[0])).sum(axis=1)


def cohort(models: pd.DataFrame, score: pd.Series, *, first: int, last: int, top: int = 20) -> pd.DataFrame:
    """Labs with one of the ``top`` models of the year ``first``, and what they have in ``last``.

    ``models`` has the columns model, lab, country and date.  One row a lab: country, its best rank
    in the first year, its models of the last year, its best rank there, and whether it is in the
    top again.
    """
    ranked = models.assign(year=pd.to_datetime(models["date"]).dt.year, score=score)
    ranked["rank"] = ranked.groupby("year")["score"].rank(ascending=False, method="min")
    early = ranked[(ranked["year"] == first) & (ranked["rank"] <= top)]
    if early.empty:
        raise FrontierError(f"No model of {first} is in the table.")
    late = ranked[ranked["year"] == last].groupby("lab")["rank"].agg(["size", "min"])
    out = early.groupby(["lab", "country"])["rank"].min().rename("rank_first").reset_index()
    out["models_last"] = out["lab"].map(late["size"]).fillna(0).astype(int)
    out["rank_last"] = out["lab"].map(late["min"])
    out["still"] = out["rank_last"] <= top
    return out.sort_values("rank_first").reset_index(drop=True)

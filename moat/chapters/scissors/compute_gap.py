"""The gap in training compute between leaders and followers, and what silence does to it.

A side's level on a day is the geometric mean of the largest runs of its ``top`` labs up to that
day, one run a lab; with ``top=1`` it is the record.  The *gap* is the difference of two levels in
orders of magnitude.  It is a weighted sum of log compute, so its interval follows from the stated
confidence of each estimate.  Since the middle of 2025 closed leaders say nothing: a record cannot
fall, which is a lower bound, and an upper one needs an assumption on growth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from moat.chapters.lag.leaders_followers import sides
from moat.errors import FrontierError
from moat.models.table import REACH, error_sd
from moat.stats.estimate import Estimate
from moat.stats.jackknife import combined

#: From this day on the largest closed models have no compute (D07).
SILENT = pd.Timestamp("2025-07-01")
COLUMNS = ("model", "lab", "date", "flop", "flop_confidence", "domain", "issues")


def runs(models: pd.DataFrame, follower: str, *, forum: bool = True) -> pd.DataFrame:
    """Language models with compute, and the columns x (log10 FLOP), sd (of x), leads, follows.

    ``models`` is a table of `moat.models.table.build`; ``follower`` is a word of `sides`.  Without
    ``forum`` compute that leans on a forum (D06) is left out.  Raises `FrontierError` for a missing
    column or a side without runs.
    """
    missing = [c for c in COLUMNS if c not in models]
    if missing:
        raise FrontierError(f"The table of models has no column {missing[0]!r}.")
    language = models["domain"].fillna("").str.contains("Language|Multimodal")
    kept = models[language].dropna(subset=["lab", "date", "flop"])
    if not forum:
        kept = kept[~kept["issues"].fillna("").str.contains("D06")]
    if (kept["flop"] <= 0).any():
        raise FrontierError("Training compute is above zero; look for a missing value written as 0.")
    leads, follows = sides(kept, follower)
    if not (leads.any() and follows.any()):
        raise FrontierError(f"One side has no run with known compute; against {follower} there is no gap.")
    sd = error_sd(kept["flop_confidence"].fillna("Unknown"))
    kept = kept.assign(x=np.log10(kept["flop"].astype(float)), sd=sd, leads=leads, follows=follows)
    return kept.assign(date=pd.to_datetime(kept["date"])).reset_index(drop=True)


def largest(table: pd.DataFrame, side: str, day: str | pd.Timestamp, top: int = 5) -> pd.DataFrame:
    """The largest run of each of the ``top`` labs of ``side`` (leads or follows) up to ``day``.

    Raises `FrontierError` where fewer labs have one.
    """
    here = table[table[side] & (table["date"] <= pd.Timestamp(day))]
    best = here.sort_values("x", ascending=False).drop_duplicates("lab").head(top)
    if len(best) < top:
        raise FrontierError(f"Up to {day} only {len(best)} labs on this side have known compute, not {top}.")
    return best


@dataclass(frozen=True)
class Gap:
    """Orders of magnitude between the sides: a weighted sum of log compute, by row of the table.

    >>> rows = pd.Series([1.0, -1.0], ["GPT", "DeepSeek"])
    >>> gap = Gap(rows, pd.Series([25.0, 24.0], rows.index), pd.Series(0.1, rows.index))
    >>> gap.estimate().value, (gap - gap).estimate().half_width
    (1.0, 0.0)
    """

    weights: pd.Series
    x: pd.Series
    sd: pd.Series

    def __sub__(self, other: Gap) -> Gap:
        """The change since ``other``; a run in both counts with the difference of its weights."""
        x, sd = self.x.combine_first(other.x), self.sd.combine_first(other.sd)
        weights = self.weights.reindex(x.index).fillna(0) - other.weights.reindex(x.index).fillna(0)
        return Gap(weights, x, sd)

    def estimate(self) -> Estimate:
        """With a 90% interval from the stated confidence of each run's compute."""
        value = float(self.weights @ self.x)
        half = REACH * float(np.sqrt(((self.weights * self.sd) ** 2).sum()))
        method = "difference of mean log10 FLOP; interval: stated confidence of each run, errors independent"
        n = int((self.weights != 0).sum())
        return Estimate(value, value - half, value + half, n=n, method=method, level=0.9)


def gap(table: pd.DataFrame, day: str | pd.Timestamp, top: int = 5) -> Gap:
    """The gap of a table from `runs` on ``day``.  Raises `FrontierError` as `largest` does."""
    best = pd.concat([largest(table, side, day, top) for side in ("leads", "follows")])
    weights = pd.Series(np.where(best["leads"], 1.0, -1.0) / top, best.index)
    return Gap(weights, best["x"], best["sd"])


def growth(table: pd.DataFrame, side: str, *, start: str, end: str, top: int = 5) -> Estimate:
    """Times a year by which a side's level rose between two days: slope over quarters.

    Labs are left out in turn for the interval.  Raises `FrontierError` with fewer than ``top`` + 1
    labs on the first day.
    """
    here = table[table[side]]
    days = pd.date_range(start, end, freq="QE")
    if len(days) < 4:
        raise FrontierError(f"Growth needs at least four ends of quarters between {start} and {end}.")
    largest(here, side, days[0], top + 1)
    labs = sorted(set(pd.concat([largest(here, side, d, top) for d in days])["lab"]))
    slopes = [_slope(here[here["lab"] != lab], side, days, top) for lab in ["", *labs]]
    method = f"slope of the mean log10 FLOP of {top} labs over {len(days)} quarters; labs left out in turn"
    return combined(slopes[0], np.array(slopes[1:]), np.array([]), n=len(labs), method=method, exp=True)


def _slope(table: pd.DataFrame, side: str, days: pd.DatetimeIndex, top: int) -> float:
    levels = [largest(table, side, d, top)["x"].mean() for d in days]
    return float(np.polyfit((days - days[0]).days / 365.25, levels, 1)[0])


def bounds(table: pd.DataFrame, day: str | pd.Timestamp, pace: float, top: int = 5) -> tuple[float, float]:
    """The least and the largest gap on ``day``, orders of magnitude.

    The least takes the runs that are known.  The largest lets the leaders' level grow from the last
    day before their silence at ``pace`` times a year, an assumption; before it both are equal.
    Raises `FrontierError` for a pace below one: a record cannot fall.
    """
    if pace < 1:
        raise FrontierError(f"A record cannot fall, so its pace is at least 1 a year, not {pace:g}.")
    low = gap(table, day, top).estimate().value
    years = max((pd.Timestamp(day) - SILENT).days, 0) / 365.25
    if years == 0:
        return low, low
    before = largest(table, "leads", SILENT, top)["x"].mean()
    high = before + np.log10(pace) * years - largest(table, "follows", day, top)["x"].mean()
    return low, max(low, float(high))

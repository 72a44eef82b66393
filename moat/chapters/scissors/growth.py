"""What made training runs larger: more chips, longer runs, faster chips, or better use of them.

Compute is chips x time x peak rate x share of the peak used, so the growth of its logarithm is the sum of
four growths, each the slope of a regression on the date over the same runs.  Labs are left out in turn.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.errors import FrontierError
from moat.stats.estimate import Estimate
from moat.stats.jackknife import combined

PARTS = ("chips", "time", "chip speed", "use")
#: Combinations that are reported beside the four.
SUMS = {"chips and time": ("chips", "time")}


def factors(runs: pd.DataFrame, hardware: pd.DataFrame, models: pd.DataFrame, *, largest: int | None = 10):
    """Runs with all of compute, chips, hours and a known chip: columns year, x and log10 of `PARTS`.

    ``runs`` is the source epoch-runs, ``hardware`` ml-hardware (FLOP per second), ``models`` has listed_as,
    lab, country, date, flop.  With ``largest`` only runs that were among that many largest of their
    country on their day stay.  Raises `FrontierError` where no run is complete.
    """
    peak = hardware.assign(peak=hardware["tensor16"].fillna(hardware["fp16"])).set_index("chip")["peak"]
    table = models.dropna(subset=["flop", "lab"]).drop_duplicates("listed_as")
    table = table.assign(date=pd.to_datetime(table["date"])).sort_values("date")
    if largest is not None:
        table = table[_frontier(table, largest)]
    table = table.merge(
        runs[["model", "hardware", "chips", "hours"]].drop_duplicates("model"),
        left_on="listed_as", right_on="model", suffixes=("", "_run"),
    )  # fmt: skip
    table = table.assign(peak=table["hardware"].map(peak)).dropna(subset=["chips", "hours", "peak"])
    if table.empty:
        raise FrontierError("No run discloses its compute, its chips, their number and its time.")
    x = np.log10(table["flop"].astype(float))
    parts = {"chips": table["chips"], "time": 3600 * table["hours"], "chip speed": table["peak"]}
    logs = {name: np.log10(values.astype(float)) for name, values in parts.items()}
    year = (table["date"] - pd.Timestamp("2025-01-27")).dt.days / 365.25
    return table.assign(year=year, x=x, **logs, use=x - sum(logs.values())).reset_index(drop=True)


def _frontier(table: pd.DataFrame, largest: int) -> np.ndarray:
    """Whether each run, in order of date, was among the largest of its country when it came."""
    kept = np.zeros(len(table), bool)
    for rows in table.reset_index(drop=True).groupby("country").indices.values():
        flop = table["flop"].to_numpy(float)[rows]
        kept[rows] = [(flop[: i + 1] > flop[i]).sum() < largest for i in range(len(rows))]
    return kept


def slopes(table: pd.DataFrame) -> dict[str, float]:
    """Orders of magnitude a year of compute (x) and of each part; the parts sum to it.

    >>> made = pd.DataFrame({"year": [0, 1, 2], "chips": [1, 2, 3], "time": 0, "chip speed": 1})
    >>> made = made.assign(use=made["year"], x=made["chips"] + 1 + made["year"])
    >>> slopes(made)["x"]
    2.0
    """
    year = table["year"].to_numpy(float)
    away = year - year.mean()
    if len(table) < 3 or not away.any():
        raise FrontierError(f"Growth needs at least three runs of different days, not {len(table)}.")
    return {k: float(away @ table[k].to_numpy(float) / (away @ away)) for k in ("x", *PARTS)}


def shares(table: pd.DataFrame) -> dict[str, Estimate]:
    """Per cent of the growth of log compute that each part made, and `SUMS`; labs left out in turn."""
    labs = sorted(table["lab"].unique())
    found = [_shares(table[table["lab"] != lab]) for lab in ("", *labs)]
    method = f"ratio of slopes on the date, {len(labs)} labs left out in turn"
    none = np.array([])
    return {
        k: combined(found[0][k], np.array([f[k] for f in found[1:]]), none, n=len(table), method=method)
        for k in found[0]
    }


def _shares(table: pd.DataFrame) -> dict[str, float]:
    slope = slopes(table)
    parts = {k: 100 * slope[k] / slope["x"] for k in PARTS}
    return parts | {name: sum(parts[k] for k in names) for name, names in SUMS.items()}

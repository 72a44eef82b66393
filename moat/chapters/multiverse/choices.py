"""Which choice moves an answer most: the variance of a grid of specifications, shared out.

A grid is no sample, and shares of its variance describe it; they are not estimates.  Where every
combination of options was run, a choice's share is its one-way eta squared.  Where some are missing,
choices overlap, and the order in which they are taken would matter: the share is then the mean over
all orders, the Shapley value of the R² of main effects (Grömping 2007, The American Statistician 61,
section 3).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from moat.chapters.multiverse.agreement import Grid
from moat.stats import shapley

#: What main effects leave over.
REST = "choices acting together"


def shares(choices: pd.DataFrame, values: ArrayLike) -> pd.Series:
    """Share of the variance of ``values`` (n,) that each column of ``choices`` accounts for.

    The last entry is what the main effects leave; all sum to one, or are zero where nothing varies.

    >>> grid = pd.DataFrame({"dates": [*"aabb"], "form": [*"xyxy"]})
    >>> shares(grid, [0, 1, 2, 3]).round(3).to_dict()
    {'dates': 0.8, 'form': 0.2, 'choices acting together': 0.0}
    """
    names = list(choices)
    values = np.asarray(values, float)
    # Spread that is rounding and no more is none.
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        return pd.Series(0.0, index=[*names, REST])
    columns = {c: pd.get_dummies(choices[c], dtype=float).to_numpy() for c in names}
    found = shapley.values(lambda inside: _explained([columns[c] for c in inside], values), names)
    share = {name: float(mean) for name, (mean, _) in found.items()}
    return pd.Series(share | {REST: max(1 - sum(share.values()), 0.0)})


def _explained(columns: list[np.ndarray], values: np.ndarray) -> float:
    """R² of least squares on indicators of options."""
    off = values - values.mean()
    if not columns:
        return 0.0
    design = np.hstack(columns)
    design = design - design.mean(axis=0)
    fitted = design @ np.linalg.lstsq(design, off, rcond=None)[0]
    return float(fitted @ fitted / (off @ off))


def one_way(choices: pd.DataFrame, values: ArrayLike) -> pd.Series:
    """Eta squared of each choice alone: the share of variance between its options."""
    values = np.asarray(values, float)
    off = values - values.mean()
    means = {c: pd.Series(off).groupby(choices[c].to_numpy()).transform("mean") for c in choices}
    return pd.Series({c: np.sum(m**2) for c, m in means.items()}) / np.sum(off**2)


def balanced(grid: Grid) -> bool:
    """Whether every combination of options was run once."""
    options = grid.table[grid.choices].nunique()
    return len(grid.table) == int(np.prod(options)) and not grid.table.duplicated(grid.choices).any()


def movers(grid: Grid) -> pd.DataFrame:
    """One row a choice: its share by value on the grid's scale, by rank, one-way, and what it moves.

    ``span`` is the distance between its highest and lowest option's median, a factor on a log scale.
    """
    picked, values = grid.table[grid.choices], grid.scaled()
    table = pd.DataFrame({"share": shares(picked, values), "by_rank": shares(picked, stats.rankdata(values))})
    medians = {c: pd.Series(values).groupby(picked[c].to_numpy()).median() for c in picked}
    span = pd.Series({c: np.ptp(m) for c, m in medians.items()})
    table["alone"] = one_way(picked, values)
    table["span"] = 10**span if grid.scale == "log" else span
    table["lowest"] = pd.Series({c: m.idxmin() for c, m in medians.items()})
    table["highest"] = pd.Series({c: m.idxmax() for c, m in medians.items()})
    return table.rename_axis("choice").reset_index()


def leading(bound: list[Grid]) -> pd.DataFrame:
    """For every grid that a claim rests on, the choice with the largest share, as `movers` has it.

    Columns claim, part, balanced, log, and those of `movers`; sorted by claim and part.
    """
    rows = []
    for grid in (g for g in bound if g.claim):
        table = movers(grid)
        top = table[table["choice"] != REST].nlargest(1, "share")
        about = {
            "claim": grid.claim,
            "part": grid.part,
            "balanced": balanced(grid),
            "log": grid.scale == "log",
        }
        rows.append(top.assign(**about))
    return pd.concat(rows).sort_values(["claim", "part"], ignore_index=True)


def recurring(bound: list[Grid], least: int = 3) -> pd.DataFrame:
    """Choices by name that occur in ``least`` or more grids with a claim: how many, median and largest share.

    The same name can stand for other options in another grid.
    """
    shared = pd.concat([movers(g) for g in bound if g.claim])
    shared = shared[shared["choice"] != REST].groupby("choice")["share"].agg(["size", "median", "max"])
    shared = shared[shared["size"] >= least].sort_values("median", ascending=False)
    return shared.rename(columns={"size": "grids", "max": "largest"}).reset_index()


def spread_over_noise(grid: Grid) -> float:
    """What choices move over what noise moves, on the grid's scale; NaN where there are no intervals.

    The distance from the 5th to the 95th percentile of the values over the median width of their intervals.
    """
    rows = grid.table.dropna(subset=["low", "high"])
    if grid.scale == "log":
        rows = rows[rows["low"] > 0]
    if rows.empty:
        return np.nan
    low, high = (np.log10(rows[c]) if grid.scale == "log" else rows[c] for c in ("low", "high"))
    return float(np.subtract(*np.quantile(grid.scaled(), [0.95, 0.05])) / np.median(high - low))

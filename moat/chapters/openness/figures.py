"""Figures of openness and adoption: what labs publish, whose bases, who holds the top, whose tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label
from moat.plot.palette import COLOURS, MARKERS

#: Criteria of the score.
MOST = 6
#: How a mark says public, disputed or unchecked, and not public.
FILLS = {"public": "full", "depends": "left", "closed": "none"}


def strip(table: pd.DataFrame, labs: Sequence[str], day: str) -> Figure:
    """One row a lab, one cell a month, darker with the score, which is printed where it changes.

    ``table`` has columns day, lab, value.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 0.8 + 0.36 * len(labs)))
    for y, lab in zip(range(len(labs))[::-1], labs, strict=True):
        rows = table[table["lab"] == lab].sort_values("day")
        x = pd.to_datetime(rows["day"])
        ends = [*x.iloc[1:], x.iloc[-1] + pd.Timedelta(days=30)]
        for start, end, score in zip(x, ends, rows["value"], strict=True):
            style = {"color": COLOURS["ours"], "alpha": 0.06 + 0.13 * score, "height": 0.84, "linewidth": 0}
            ax.barh(y, (end - start).days, left=start, **style)
        for start, score in _changes(x, rows["value"]):
            dark = score > 4
            ax.text(start + pd.Timedelta(days=6), y, str(score), va="center", fontsize=9,
                    color="white" if dark else COLOURS["text"])  # fmt: skip
    ax.set_yticks(range(len(labs))[::-1], labs)
    ax.tick_params(axis="y", length=0)
    _day(ax, day)
    ax.margins(x=0.01)
    return fig


def _changes(x: pd.Series, values: pd.Series) -> list[tuple[pd.Timestamp, int]]:
    moved = values.ne(values.shift()).to_numpy()
    return [(a, int(b)) for a, b in zip(x[moved], values[moved], strict=True)]


def criteria(blocks: Mapping[str, pd.DataFrame], labs: Sequence[str], names: Sequence[str]) -> Figure:
    """A panel a date: labs by criteria, a square full where public, half where it depends, else empty.

    ``blocks`` maps a title to columns lab, criterion, least, most, value.
    """
    fig, axes = plt.subplots(1, len(blocks), figsize=(WIDTH, 1.3 + 0.34 * len(labs)), sharey=True)
    for ax, (title, cells) in zip(axes, blocks.items(), strict=True):
        for row in cells[cells["lab"].isin(labs)].itertuples():
            kind = "depends" if row.least < row.most else "public" if row.value else "closed"
            ax.plot(names.index(row.criterion), len(labs) - 1 - labs.index(row.lab), "s", markersize=12,
                    fillstyle=FILLS[kind], color=COLOURS["ours"], markerfacecoloralt="none",
                    markeredgecolor=COLOURS["ours" if kind != "closed" else "reference"],
                    markeredgewidth=0.9)  # fmt: skip
        ax.set_xticks(range(len(names)), names, rotation=38, ha="right")
        ax.set_yticks(range(len(labs))[::-1], labs)
        ax.set(title=title, xlim=(-0.6, len(names) - 0.4), ylim=(-0.6, len(labs) - 0.4))
        ax.tick_params(length=0)
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
    return fig


def bases(quarters: Mapping[str, pd.DataFrame], day: str) -> Figure:
    """Share by quarter with its interval, one panel a list; columns quarter, value, low, high, n."""
    fig, axes = plt.subplots(len(quarters), 1, figsize=(WIDTH, 2.3 * len(quarters)), sharex=True)
    for ax, (title, rows) in zip(np.atleast_1d(axes), quarters.items(), strict=True):
        x = rows["quarter"] + pd.Timedelta(days=45)
        ax.vlines(x, rows["low"], rows["high"], color=COLOURS["China"], alpha=0.45, linewidth=2.4)
        ax.plot(x, rows["value"], MARKERS["China"], color=COLOURS["China"], markersize=6)
        for when, n in zip(x, rows["n"], strict=True):
            label(ax, when, -12, str(n), ha="center", fontsize=8.5)
        ax.set(title=title, ylim=(-20, 104), yticks=(0, 25, 50, 75, 100), ylabel="Chinese bases, %")
        _day(ax, day)
    return fig


def top(curves: Mapping[str, pd.DataFrame], day: str) -> Figure:
    """Share of a country in the top by month with its band, one panel a top: day, value, low, high."""
    fig, axes = plt.subplots(len(curves), 1, figsize=(WIDTH, 1.9 * len(curves)), sharex=True, sharey=True)
    for ax, (title, rows) in zip(axes, curves.items(), strict=True):
        x = pd.to_datetime(rows["day"])
        band(ax, x, rows["low"], rows["high"], "US", step="mid")
        ax.step(x, rows["value"], where="mid", color=COLOURS["US"], linewidth=2)
        ax.set(title=title, ylim=(0, 105), yticks=(0, 50, 100), ylabel="American, %")
        _day(ax, day)
    return fig


def bump(ranks: pd.DataFrame, sides: Mapping[str, str], deepest: int, day: str) -> Figure:
    """Ranks of labs by month, named at the right end; columns day, lab, rank; only to rank ``deepest``."""
    fig, ax = plt.subplots(figsize=(WIDTH, 4.4))
    for lab, rows in ranks.groupby("lab"):
        rows = rows.sort_values("day")
        x, y = pd.to_datetime(rows["day"]), rows["rank"].where(rows["rank"] <= deepest)
        side = sides[lab]
        strong = lab == "DeepSeek"
        ax.plot(x, y, MARKERS[side] + "-", color=COLOURS[side], markersize=4.5 if strong else 3,
                linewidth=2.8 if strong else 1.2, alpha=1 if strong else 0.75)  # fmt: skip
        last = rows.iloc[-1]
        if last["rank"] <= deepest:
            label(ax, x.iloc[-1] + pd.Timedelta(days=14), last["rank"], lab, side)
    ax.set(ylabel="rank by best model so far", ylim=(deepest + 0.5, 0.5), yticks=range(1, deepest + 1))
    ax.margins(x=0.02)
    ax.xaxis.set_major_locator(mdates.MonthLocator(bymonth=(1, 7)))
    _day(ax, day)
    return fig


def tokens(shares: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Shares of tokens by week, one line a country; ``shares`` has one column a country of ``names``."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.2))
    for code, side in names.items():
        ax.plot(shares.index, shares[code], MARKERS[side] + "-", color=COLOURS[side], markersize=4.5)
        label(ax, shares.index[-1] + pd.Timedelta(days=4), shares[code].iloc[-1], side, side)
    ax.set(ylabel="tokens of the top of the list, %", ylim=(0, 102))
    ax.margins(x=0.02)
    return fig


def _day(ax: Axes, day: str) -> None:
    ax.axvline(pd.Timestamp(day), color=COLOURS["reference"], linewidth=0.9, linestyle=":")

"""Figures of the chapter on prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import label, log_axis
from moat.plot.palette import COLOURS, MARKERS, SIDES

#: Greys and colours of the levels, from low to high capability.
SHADES = ("reference", "others", "slices", "dropped", "ours", "hoffmann")
#: How the three estimators of a pace are drawn.
LOOKS = {"record lows": "hoffmann", "monthly lows": "ours", "all prices": "epoch"}


def lows(table: pd.DataFrame, dots: pd.DataFrame, day: str) -> Figure:
    """The cheapest price at or above each level by month over all prices as dots.

    ``table`` has level, date, low; ``dots`` date, price, side.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.6))
    for side, rows in dots.groupby("side"):
        style = {"color": COLOURS[side], "alpha": 0.45, "markersize": 4.5, "linestyle": "none"}
        ax.plot(rows["date"], rows["price"], MARKERS[side], label=side, **style)
    ends = []
    for (level, rows), shade in zip(table.groupby("level"), SHADES, strict=False):
        ax.step(rows["date"], rows["low"], where="post", color=COLOURS[shade], linewidth=2)
        ends.append((level, rows["date"].iloc[0], rows["low"].iloc[0], shade))
    for level, when, price, shade in ends:
        label(ax, when + pd.Timedelta(days=8), price * 1.07, f"{level:g}", shade, va="bottom", fontsize=9.5)
    ax.set(yscale="log", ylabel="USD per million tokens")
    log_axis(ax.yaxis)
    ax.xaxis.set_major_locator(mdates.YearLocator())
    ax.xaxis.set_major_formatter(mdates.DateFormatter("%Y"))
    ax.axvline(pd.Timestamp(day), color=COLOURS["reference"], linewidth=0.9, linestyle=":")
    ax.legend(loc="upper right", ncols=3, columnspacing=1.0, handletextpad=0.2)
    return fig


def published(table: pd.DataFrame, words: Sequence[str]) -> Figure:
    """Published falls with intervals, one row each, and ours where the selection differs.

    ``table`` has published, low, high, reselected and agrees in the order of ``words``.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 5.6))
    y = np.arange(len(table))[::-1]
    ax.hlines(
        y, table["low"].clip(lower=1), table["high"].clip(upper=1e4), color=COLOURS["epoch"], linewidth=2
    )
    ax.plot(
        table["value"], y, MARKERS["epoch"], color=COLOURS["epoch"], markersize=6, label="published points"
    )
    other = ~table["agrees"].to_numpy()
    ax.plot(table["reselected"][other], y[other], MARKERS["ours"], color=COLOURS["ours"], markersize=7,
            markerfacecolor="none", label="our selection, where it differs")  # fmt: skip
    ax.set_yticks(y, words)
    ax.set(xscale="log", xlim=(1, 1e4), xlabel="fall of the price, times a year")
    log_axis(ax.xaxis)
    ax.legend(loc="upper right")
    return fig


def worlds(table: pd.DataFrame, seen: float, true: float) -> Figure:
    """What estimators make of a true pace; ``seen`` is read off as ``true``.

    Columns pace, estimator, value, low, high.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    for i, (name, look) in enumerate(LOOKS.items()):
        rows = table[table["estimator"] == name].sort_values("pace")
        x = rows["pace"] * (1 + 0.06 * (i - 1))
        ax.vlines(x, rows["low"], rows["high"], color=COLOURS[look], linewidth=1.8, alpha=0.6)
        ax.plot(x, rows["value"], MARKERS[look] + "-", color=COLOURS[look], label=name)
    ends = [table["pace"].min(), table["pace"].max()]
    ax.plot(ends, ends, color=COLOURS["reference"], linestyle="--", linewidth=1, label="the truth")
    floor = table["low"].min() / 2
    ax.plot([ends[0], true, true], [seen, seen, floor], color=COLOURS["text"], linestyle=":", linewidth=1)
    ax.set_ylim(floor, None)
    label(ax, ends[0], seen, "published median", va="bottom", fontsize=8.5)
    ax.set(xscale="log", yscale="log", xlabel="true fall, times a year", ylabel="apparent fall, times a year")
    ax.set_xticks(sorted(table["pace"].unique()))
    ax.minorticks_off()
    log_axis(ax.xaxis)
    log_axis(ax.yaxis)
    ax.legend(loc="lower right")
    return fig


def tasks(bills: pd.DataFrame, fronts: Mapping[str, pd.DataFrame], named: Mapping[str, str]) -> Figure:
    """Bills against scores with the best that could be had on some days; columns cost, passed, side, model.

    ``named`` maps models to the words beside their marks.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.4))
    for side, rows in bills.groupby("side"):
        ax.plot(rows["cost"], rows["passed"], MARKERS[side], color=COLOURS[side], alpha=0.7, markersize=5.5,
                linestyle="none", label=side)  # fmt: skip
    for (day, front), style in zip(fronts.items(), (":", "--", "-"), strict=False):
        ax.step(front["cost"], front["passed"], where="post", color=COLOURS["text"], linewidth=1.1,
                linestyle=style, label=f"best by {day}")  # fmt: skip
    best = set(list(fronts.values())[-1]["model"])
    for row in bills[bills["model"].isin(named)].itertuples():
        if row.model in best:  # the lines run below and to the right of these
            spot = {"x": row.cost / 1.1, "y": row.passed + 0.5, "ha": "right", "va": "bottom"}
        else:
            spot = {"x": row.cost * 1.1, "y": row.passed - 1.5, "va": "top"}
        label(ax, text=named[row.model], name=row.side, fontsize=8.5, **spot)
    ax.set(xscale="log", xlabel="bill for 225 exercises, USD", ylabel="exercises solved, %", xlim=(0.25, 500))
    log_axis(ax.xaxis)
    ax.legend(loc="lower right", fontsize=8.5)
    return fig


def falls(table: pd.DataFrame, marks: Sequence[float]) -> Figure:
    """Falls at fixed capability, one row a quantity: columns name, value, low, high; lines at ``marks``."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.0))
    y = np.arange(len(table))[::-1]
    ax.hlines(y, table["low"], table["high"], color=COLOURS["ours"], linewidth=2.2)
    ax.plot(table["value"], y, MARKERS["ours"], color=COLOURS["ours"], markersize=7)
    for mark in marks:
        ax.axvline(mark, color=COLOURS["reference"], linewidth=1, linestyle="--")
        label(ax, mark, len(table) - 0.45, f"{mark:g}×", "reference", ha="center", va="bottom", fontsize=8.5)
    ax.set_yticks(y, table["name"])
    ax.set(xscale="log", xlabel="fall at fixed capability, times a year", ylim=(-0.6, len(table) - 0.4))
    log_axis(ax.xaxis)
    return fig


def chips(quarters: pd.DataFrame, at: int, words: Sequence[str]) -> Figure:
    """Chips added by quarter with a line before and one from position ``at`` on.

    Columns date, value, low, high.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.8))
    ax.vlines(
        quarters["date"], quarters["low"], quarters["high"], color=COLOURS["ours"], alpha=0.5, linewidth=2
    )
    ax.plot(quarters["date"], quarters["value"], MARKERS["ours"], color=COLOURS["ours"], markersize=5)
    for part, word, look in (
        (slice(None, at), words[0], "reference"),
        (slice(at, None), words[1], "hoffmann"),
    ):
        rows, position = quarters.iloc[part], np.arange(len(quarters))[part]
        line = np.polyfit(position, np.log10(rows["value"]), 1)
        ax.plot(rows["date"], 10 ** np.polyval(line, position), color=COLOURS[look], linewidth=1.6)
        middle = len(rows) // 2
        label(ax, rows["date"].iloc[middle], 10 ** np.polyval(line, position[middle]) * 0.62, word, look)
    ax.set(yscale="log", ylabel="added in the quarter, H100-equivalents",
           xlim=(None, quarters["date"].iloc[-1] + pd.Timedelta(days=170)))  # fmt: skip
    log_axis(ax.yaxis)
    return fig


def side(country: str, europe: Sequence[str]) -> str:
    """One of `SIDES` for the code of a country."""
    known = {"US": "US", "CN": "China"} | dict.fromkeys(europe, "Europe")
    return known.get(country, SIDES[3])

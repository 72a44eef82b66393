"""Figures of many specifications at once: a curve with its choices, agreement by claim, what moves it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import matplotlib.pyplot as plt
import matplotlib.ticker as ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from moat.chapters.multiverse.agreement import Grid
from moat.chapters.multiverse.choices import REST
from moat.evidence.rules import AGREE
from moat.plot.figure import WIDTH
from moat.plot.marks import label, log_axis
from moat.plot.palette import COLOURS, MARKERS

#: Specifications on the claim's side, and the others, in the words of the palette.
SIDES = {True: "ours", False: "dropped"}


def curve(grid: Grid, limits: tuple[float, float] | None = None) -> Figure:
    """All values of a grid in order with their intervals; below, a strip with the options of each.

    Values on the claim's side are dots, others crosses, and a dashed line is the threshold.  ``limits`` cut
    the axis; a value beyond them is drawn at the edge with an arrow head.
    """
    order = np.argsort(grid.table["value"].to_numpy(), kind="stable")
    table, agrees = grid.table.iloc[order].reset_index(drop=True), grid.agrees[order]
    rows = [(c, o) for c in grid.choices for o in grid.table[c].unique()]
    heights = [3.0, 0.19 * len(rows) + 0.07 * len(grid.choices)]
    fig, (ax, strip) = plt.subplots(
        2, 1, figsize=(WIDTH, sum(heights) + 0.4), height_ratios=heights, sharex=True
    )
    _values(ax, table, agrees, limits)
    for edge in (grid.low, grid.high):
        if np.isfinite(edge):
            ax.axhline(edge, color=COLOURS["reference"], linewidth=1, linestyle="--")
            label(ax, len(table), edge, f"{edge:g}", "reference", fontsize=8.5, va="bottom", ha="right")
    if grid.scale == "log":
        ax.set_yscale("log")
        log_axis(ax.yaxis)
        ax.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        ax.minorticks_off()
    ax.set_ylabel(textwrap.fill(grid.quantity, 32))
    ax.tick_params(axis="x", length=0)
    _strip(strip, table, agrees, rows)
    return fig


def _values(ax: Axes, table: pd.DataFrame, agrees: np.ndarray, limits: tuple[float, float] | None) -> None:
    low, high = limits or (-np.inf, np.inf)
    value = table["value"].clip(low, high)
    ends = table["low"].clip(low, high), table["high"].clip(low, high)
    for side, name in SIDES.items():
        here = agrees == side
        at = np.flatnonzero(here)
        ax.vlines(at, ends[0][here], ends[1][here], color=COLOURS[name], alpha=0.25, linewidth=1.2)
        ax.plot(at, value[here], MARKERS[name], color=COLOURS[name], markersize=3, linestyle="none")
    for at in np.flatnonzero((table["value"] < low) | (table["value"] > high)):
        up = table["value"][at] > high
        ax.plot(at, value[at], "^" if up else "v", color=COLOURS["text"], markersize=6, clip_on=False)
    if limits:
        ax.set_ylim(limits)


def _strip(ax: Axes, table: pd.DataFrame, agrees: np.ndarray, rows: list[tuple[str, str]]) -> None:
    """One row an option: a tick for each specification that takes it."""
    places, names, y, last = [], [], 0.0, rows[0][0]
    for choice, option in rows:
        y -= 1.0 if choice == last else 1.4
        for side, name in SIDES.items():
            at = np.flatnonzero((table[choice] == option) & (agrees == side))
            ax.plot(at, np.full(len(at), y), "|", color=COLOURS[name], markersize=6, rasterized=True)
        places.append(y)
        names.append(option if names and choice == last else f"{choice}: {option}")
        last = choice
    ax.set_yticks(places, names, fontsize=8.5)
    ax.set(xlabel="specifications, in order of their value", ylim=(y - 0.8, 0))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def agreement(table: pd.DataFrame) -> Figure:
    """Share of specifications on the claim's side by grid; columns claim, part, n, value, low, high."""
    fig, ax = plt.subplots(figsize=(WIDTH, 0.3 * len(table) + 0.9))
    y = np.arange(len(table))[::-1]
    ax.axvspan(100 * (1 - AGREE), 100 * AGREE, color=COLOURS["reference"], alpha=0.13, linewidth=0)
    ax.hlines(y, table["low"], table["high"], color=COLOURS["ours"], linewidth=2, alpha=0.5)
    ax.plot(table["value"], y, MARKERS["ours"], color=COLOURS["ours"], markersize=6.5, clip_on=False)
    for at, n in zip(y, table["n"], strict=True):
        label(ax, 104, at, f"{n:,}", "reference", fontsize=8.5, clip_on=False)
    label(ax, 104, len(table) - 0.2, "ways", "reference", fontsize=8.5, clip_on=False)
    ax.set_yticks(y, [f"{c}  {p}" for c, p in zip(table["claim"], table["part"], strict=True)], fontsize=9)
    ax.set(xlim=(-2, 102), ylim=(-0.6, len(table)), xlabel="share of specifications on the claim's side, %")
    label(ax, 50, len(table) - 0.35, "unsettled", "reference", ha="center", fontsize=8.5)
    return fig


def movers(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Which choice moves each answer; a panel a title with columns choice, share, by_rank, in its order."""
    sizes = [len(t) for t in tables.values()]
    fig, axes = plt.subplots(
        len(tables), 1, figsize=(WIDTH, 0.27 * sum(sizes) + 0.55 * len(sizes) + 0.4), height_ratios=sizes,
        sharex=True, squeeze=False,
    )  # fmt: skip
    for ax, (title, table) in zip(axes[:, 0], tables.items(), strict=True):
        main = table[table["choice"] != REST].sort_values("share", ascending=False)
        table = pd.concat([main, table[table["choice"] == REST]])
        y = np.arange(len(table))[::-1]
        hues = [COLOURS["reference" if c == REST else "ours"] for c in table["choice"]]
        ax.barh(y, 100 * table["share"], color=hues, height=0.62, alpha=0.75)
        ax.plot(
            100 * table["by_rank"], y, "D", mfc="white", color=COLOURS["text"], markersize=5, clip_on=False
        )
        ax.set_yticks(y, table["choice"], fontsize=9)
        ax.set(xlim=(0, 100), title=title)
    axes[-1, 0].set_xlabel("share of the variance of the values, %; diamonds: of their ranks")
    return fig

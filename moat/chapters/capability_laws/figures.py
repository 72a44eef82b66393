"""Figures of benchmark components, of families' lines on compute, and of what their FLOP are worth."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import label, log_axis
from moat.plot.palette import COLOURS, MARKERS

#: Where names of families go: points right and up of the mark, and which side of the name is there.
RIGHT, LEFT = (8, 0, "left"), (-8, 0, "right")
ON_LINES = {
    "Phi": LEFT, "Yi-1.5": (-8, 4, "right"), "DeepSeek-V2": (-8, 10, "right"), "Pythia": (2, -11, "left"),
}  # fmt: skip
ON_LADDER = {
    "Phi": LEFT, "Qwen": LEFT, "Yi-1.5": LEFT, "StarCoder": LEFT, "DeepSeek-V2": (-8, 14, "right"),
    "Qwen1.5": (-5, 10, "right"), "Llama": (-8, 8, "right"), "Falcon": (-8, -8, "right"),
    "DeepSeek-Coder": (7, 10, "left"),
}  # fmt: skip
STYLES = (("ours", "-"), ("hoffmann", "--"), ("epoch", ":"))


def space(shares: pd.DataFrame, weights: pd.DataFrame) -> Figure:
    """What components explain together, and what the first three are made of.

    ``shares`` has columns component, value, low, high (per cent, cumulated) and published (NaN where
    nothing was printed); ``weights`` benchmarks by components.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.9), width_ratios=[1, 1.15])
    at = shares["component"]
    left.vlines(at, shares["low"], shares["high"], color=COLOURS["ours"], linewidth=2)
    left.plot(at, shares["value"], marker=MARKERS["ours"], color=COLOURS["ours"], linestyle="none")
    printed = shares.dropna(subset=["published"])
    left.plot(
        printed["component"] + 0.25, printed["published"], marker=MARKERS["reference"],
        color=COLOURS["reference"], linestyle="none", markersize=7,
    )  # fmt: skip
    row = printed.iloc[0]
    label(left, row["component"] + 0.5, row["published"], "as printed", "reference")
    left.set(xlabel="number of components", ylabel="explained variance, %", ylim=(60, 101.5))
    left.set_xticks(at)
    rows = np.arange(len(weights))[::-1]
    right.axvline(0, color=COLOURS["reference"], linewidth=0.8)
    for (name, dash), number, word in zip(STYLES, (1, 2, 3), ("first", "second", "third"), strict=True):
        right.plot(
            weights[number], rows, dash, marker=MARKERS[name], color=COLOURS[name], markersize=5, label=word
        )
    right.set_yticks(rows, weights.index)
    right.set(xlabel="weight in the component")
    right.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=3, columnspacing=1.0, handlelength=1.8)
    return fig


def lines(models: pd.DataFrame, floor: float, named: Sequence[str]) -> Figure:
    """First component against compute, models of a family joined.

    ``models`` has columns family, side, flop, capability; ``named`` families get their name and a
    thick line; left of ``floor`` (FLOP) is shaded.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.7))
    ax.axvspan(models["flop"].min() / 2, floor, color=COLOURS["reference"], alpha=0.10, linewidth=0)
    for family, rows in models.sort_values("flop").groupby("family", sort=False):
        side, strong = rows["side"].iloc[0], family in named
        look = {"color": COLOURS[side], "alpha": 0.95 if strong else 0.45}
        ax.plot(rows["flop"], rows["capability"], linewidth=2.2 if strong else 1.0, **look)
        ax.plot(
            rows["flop"], rows["capability"], marker=MARKERS[side], linestyle="none",
            markersize=6 if strong else 4, **look,
        )  # fmt: skip
        if strong:
            last = rows.iloc[-1]
            _name(ax, last["flop"], last["capability"], family, side, ON_LINES)
    ax.set(xscale="log", xlabel="training compute, FLOP", ylabel="first component")
    ax.set_xlim(models["flop"].min() / 2, models["flop"].max() * 12)
    log_axis(ax.xaxis)
    _sides(ax, models["side"], "upper left")
    return fig


def ladder(table: pd.DataFrame, line: pd.DataFrame, named: Sequence[str], ylabel: str) -> Figure:
    """What a FLOP of each family is worth, against the date of its first model.

    ``table`` has columns family, side, released, value, low, high; ``line``, drawn dashed, has
    released and value; ``named`` families get their name.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 5.0))
    ax.axhline(1, color=COLOURS["reference"], linewidth=0.8, linestyle=":")
    ax.plot(line["released"], line["value"], color=COLOURS["text"], linewidth=1, linestyle="--")
    for row in table.itertuples():
        strong = row.family in named
        look = {"color": COLOURS[row.side], "alpha": 1.0 if strong else 0.5}
        ax.plot([row.released, row.released], [row.low, row.high], linewidth=1.6 if strong else 0.7, **look)
        ax.plot(row.released, row.value, marker=MARKERS[row.side], markersize=7 if strong else 4.5, **look)
        if strong:
            _name(ax, row.released, row.value, row.family, row.side, ON_LADDER)
    ax.set(yscale="log", ylabel=ylabel, xlabel="first model of the family")
    ax.set_xlim(
        table["released"].min() - pd.Timedelta(days=60), table["released"].max() + pd.Timedelta(days=200)
    )
    log_axis(ax.yaxis)
    _sides(ax, table["side"], "upper left")
    return fig


def tests(table: pd.DataFrame, xlabel: str) -> Figure:
    """One row a family: its multiplier by the old tests and by the new ones, with intervals.

    ``table`` has columns family, side, old, old_low, old_high, new, new_low, new_high.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 1.0 + 0.3 * len(table)))
    for y, row in zip(range(len(table))[::-1], table.itertuples(), strict=True):
        tone = COLOURS[row.side]
        ax.plot([row.old_low, row.old_high], [y + 0.14] * 2, color=tone, linewidth=1.2, alpha=0.45)
        ax.plot([row.new_low, row.new_high], [y - 0.14] * 2, color=tone, linewidth=2.0)
        ax.plot(row.old, y + 0.14, marker=MARKERS[row.side], color=tone, markersize=6, markerfacecolor="none")
        ax.plot(row.new, y - 0.14, marker=MARKERS[row.side], color=tone, markersize=6)
    ax.axvline(1, color=COLOURS["reference"], linewidth=0.8, linestyle=":")
    ax.set_yticks(range(len(table))[::-1], table["family"])
    ax.set(xscale="log", xlabel=xlabel)
    log_axis(ax.xaxis)
    for word, face in (("old tests", "none"), ("new tests", COLOURS["text"])):
        ax.plot([], [], marker="o", color=COLOURS["text"], markerfacecolor=face, linestyle="none", label=word)
    _sides(ax, table["side"], "lower right")
    return fig


def _name(ax, x, y, family: str, side: str, places: dict) -> None:
    right, up, align = places.get(family, RIGHT)
    ax.annotate(
        family, (x, y), (right, up), textcoords="offset points", ha=align, va="center", fontsize=9,
        color=COLOURS[side],
    )  # fmt: skip


def _sides(ax, column: pd.Series, place: str) -> None:
    for name in (s for s in COLOURS if s in set(column)):
        ax.plot([], [], marker=MARKERS[name], color=COLOURS[name], linestyle="none", label=name)
    ax.legend(loc=place, fontsize=9)

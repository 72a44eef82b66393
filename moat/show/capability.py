"""Figures of benchmark components, of families' lines on compute, and of what their FLOP are worth."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.show.figure import WIDTH
from moat.show.marks import label, log_axis
from moat.show.palette import COLOURS, MARKERS

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
            label(ax, last["flop"] * 1.15, last["capability"], family, side, fontsize=9)
    ax.set(xscale="log", xlabel="training compute, FLOP", ylabel="first component, points")
    ax.set_xlim(models["flop"].min() / 2, models["flop"].max() * 12)
    log_axis(ax.xaxis)
    _sides(ax, models["side"], "upper left")
    return fig


def ladder(table: pd.DataFrame, named: Sequence[str], per_year: float, ylabel: str) -> Figure:
    """What a FLOP of each family is worth, against the date of its first model.

    ``table`` has columns family, side, released, value, low, high; ``per_year`` is the slope of the
    dashed line, × a year, which passes through the middle of the cloud.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 5.0))
    ax.axhline(1, color=COLOURS["reference"], linewidth=0.8, linestyle=":")
    year = (table["released"] - table["released"].mean()).dt.days / 365.25
    middle = np.log10(table["value"]).mean()
    ends = np.array([year.min(), year.max()])
    dates = table["released"].mean() + pd.to_timedelta(ends * 365.25, "D")
    ax.plot(
        dates, 10 ** (middle + np.log10(per_year) * ends), color=COLOURS["text"], linewidth=1, linestyle="--"
    )
    for row in table.itertuples():
        strong = row.family in named
        look = {"color": COLOURS[row.side], "alpha": 1.0 if strong else 0.5}
        ax.plot([row.released, row.released], [row.low, row.high], linewidth=1.6 if strong else 0.7, **look)
        ax.plot(row.released, row.value, marker=MARKERS[row.side], markersize=7 if strong else 4.5, **look)
        if strong:
            right = row.family in RIGHT
            side, shift = ("left", 12) if right else ("right", -12)
            label(
                ax,
                row.released + pd.Timedelta(days=shift),
                row.value,
                row.family,
                row.side,
                ha=side,
                fontsize=8.5,
            )
    ax.set(yscale="log", ylabel=ylabel, xlabel="first model of the family")
    ax.set_xlim(table["released"].min() - pd.Timedelta(days=60), pd.Timestamp("2024-12-15"))
    log_axis(ax.yaxis)
    _sides(ax, table["side"], "lower left")
    return fig


#: Families whose name fits better to the right of their mark.
RIGHT = frozenset(
    {"DeepSeek-Coder-V2", "Yi-1.5", "Gemma-2", "Llama-3.1", "SmolLM", "DeepSeek-V2", "GPT-Neo/J"}
)


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


def _sides(ax, column: pd.Series, place: str) -> None:
    for name in (s for s in COLOURS if s in set(column)):
        ax.plot([], [], marker=MARKERS[name], color=COLOURS[name], linestyle="none", label=name)
    ax.legend(loc=place, fontsize=9)

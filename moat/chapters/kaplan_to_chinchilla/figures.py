"""Figures of how an exponent changed with corrections, and of what the old one costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label, log_axis, whiskers
from moat.plot.palette import COLOURS, MARKERS

#: Where a name goes beside its point on logarithmic axes: factors along x and y, and the anchor.
PLACES = {"left": (0.8, 1.0, "right"), "right": (1.25, 1.0, "left"), "top": (1.0, 1.18, "center")}


def exponent_ladder(
    table: pd.DataFrame,
    groups: Mapping[str, str],
    line: float,
    line_text: str,
    printed: tuple[float, str] | None = None,
) -> Figure:
    """One row a stage (or data set), from the first at the top, and one marker a group.

    ``table`` has columns stage, group, value, low, high; ``groups`` gives each group its
    palette name; ``line`` is a value to compare with, ``printed`` another one and its name.
    """
    stages = list(dict.fromkeys(table["stage"]))
    fig, ax = plt.subplots(figsize=(WIDTH, 1.1 + (0.4 + 0.11 * len(groups)) * len(stages)))
    ax.axvline(line, color=COLOURS["hoffmann"], linestyle="--", linewidth=1)
    offsets = np.linspace(0.11, -0.11, len(groups)) * (len(groups) + 1) / 2
    for (group, hue), offset in zip(groups.items(), offsets, strict=True):
        rows = table[table["group"] == group].set_index("stage").reindex(stages)
        for y, row in enumerate(rows.iloc[::-1].itertuples()):
            whiskers(ax, row.value, row.low, row.high, y + offset, hue)
        ax.plot([], [], marker=MARKERS[hue], color=COLOURS[hue], label=group)
    ax.set_yticks(range(len(stages)), list(reversed(stages)))
    ax.set(xlabel="exponent of the best model size in compute", ylim=(-0.7, len(stages) - 0.4))
    label(ax, line + 0.004, -0.55, line_text, "hoffmann", fontsize=8.5)
    if printed:
        ax.axvline(printed[0], color=COLOURS["reference"], linestyle=":", linewidth=1.2)
        label(ax, printed[0] - 0.004, -0.55, printed[1], "reference", fontsize=8.5, ha="right")
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=len(groups))
    ax.grid(axis="x", linewidth=0.4)
    return fig


def optimum_lines(
    points: pd.DataFrame, lines: Mapping[str, tuple[float, float]], hues: Sequence[str]
) -> Figure:
    """Best size against budget by stage; ``lines`` holds k and exponent of each stage's law."""
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    for (stage, (k, slope)), hue in zip(lines.items(), hues, strict=True):
        rows = points[points["stage"] == stage]
        style = {"marker": MARKERS[hue], "color": COLOURS[hue], "linestyle": "none", "markersize": 5}
        ax.plot(rows["flop"], rows["value"], **style)
        ends = np.array([rows["flop"].min(), 1e21])
        ax.plot(ends, k * ends**slope, color=COLOURS[hue], linewidth=1.2)
        label(ax, ends[1] * 1.2, k * ends[1] ** slope, stage, hue, fontsize=8.5)
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(8e15, 2e23),
        xlabel="budget of a slice (FLOP)",
        ylabel="best parameters",
    )
    for axis in (ax.xaxis, ax.yaxis):
        log_axis(axis)
    return fig


def overspend(curve: pd.DataFrame, models: pd.DataFrame) -> Figure:
    """Times the compute needed, by budget: a curve with its band, and models with their intervals.

    ``curve`` has columns flop, value, low, high; ``models`` has model, flop, value, low, high
    and side, where its name goes: left, right or top.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    band(ax, curve["flop"], curve["low"], curve["high"], "hoffmann")
    ax.plot(curve["flop"], curve["value"], color=COLOURS["hoffmann"])
    middle = curve.iloc[int(len(curve) * 0.45)]
    label(ax, middle["flop"] * 0.5, middle["value"] * 1.5, "split by the first law", "hoffmann", ha="right")
    for row in models.itertuples():
        ax.plot([row.flop, row.flop], [row.low, row.high], color=COLOURS["ours"], linewidth=2)
        ax.plot(row.flop, row.value, marker="o", color=COLOURS["ours"], markersize=6)
        across, up, anchor = PLACES[row.side]
        label(
            ax, row.flop * across, (row.high if row.side == "top" else row.value) * up, row.model, ha=anchor
        )
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="training budget (FLOP)",
        ylabel="times the compute that was needed",
    )
    for axis in (ax.xaxis, ax.yaxis):
        log_axis(axis)
    return fig

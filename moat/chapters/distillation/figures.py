"""Figures of a teacher: what students reach, what they are worth on each ledger, who pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label, log_axis
from moat.plot.palette import COLOURS, MARKERS

TIMES = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


def lessons(
    tables: Mapping[str, tuple[pd.DataFrame, str]],
    teachers: Mapping[str, tuple[float, str]],
    best: pd.DataFrame,
) -> Figure:
    """Loss against what a student's own training takes, one curve a lesson: columns flop, loss.

    ``teachers`` maps a name to the loss that it reached, a line that no lesson of it passes for long;
    ``best`` are the runs on real text of the best width of each budget.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    for name, (runs, hue) in tables.items():
        mean = runs.groupby("flop")["loss"].mean()
        style = {"color": COLOURS[hue], "marker": MARKERS[hue]}
        ax.plot(mean.index, mean, linewidth=1.5, markersize=6, label=name, **style)
        ax.plot(runs["flop"], runs["loss"], linestyle="none", markersize=3, alpha=0.5, **style)
    widest = best.groupby("flop")["loss"].mean()
    ax.plot(widest.index, widest, color=COLOURS["text"], linestyle="--", label="real text, best width")
    left = min(table["flop"].min() for table, _ in tables.values())
    for name, (loss, hue) in teachers.items():
        ax.axhline(loss, color=COLOURS[hue], linewidth=1, linestyle=":")
        label(ax, left, loss, name, hue, va="bottom", fontsize=8.5)
    ax.set(
        xscale="log",
        xlabel="FLOP of the student's own training",
        ylabel="loss on real text, nats a character",
    )
    flops = sorted({x for table, _ in tables.values() for x in table["flop"].round(-8)})
    ax.set_xticks(flops, [f"{x:.1e}".replace("e+", "e") for x in flops])
    ax.minorticks_off()
    ax.legend(loc="upper right")
    return fig


def ledgers(rows: pd.DataFrame, order: Sequence[str], hues: Mapping[str, str]) -> Figure:
    """What a lesson is worth on each ledger, with intervals: columns group, ledger, value, low, high."""
    fig, ax = plt.subplots(figsize=(WIDTH, 4.0))
    for i, (group, hue) in enumerate(hues.items()):
        part = rows[rows["group"] == group].set_index("ledger").loc[list(order)]
        x = np.arange(len(order)) + 0.14 * (i - (len(hues) - 1) / 2)
        ax.plot(x, part["value"], color=COLOURS[hue], linewidth=0.8, linestyle=":")
        ax.vlines(x, part["low"], part["high"], color=COLOURS[hue], linewidth=2.2)
        ax.plot(x, part["value"], color=COLOURS[hue], marker=MARKERS[hue], linestyle="none", label=group)
    ax.axhline(1, color=COLOURS["reference"], linewidth=0.9)
    label(ax, len(order) - 0.55, 1, "real text alone", "reference", va="bottom", ha="right", fontsize=8.5)
    ax.set_xticks(range(len(order)), order)
    ax.set_xlim(-0.5, len(order) - 0.5)
    _times(ax, rows)
    ax.legend(loc="lower left")
    return fig


def students(curves: Mapping[str, tuple[pd.DataFrame, str, str]]) -> Figure:
    """What a teacher is worth to all its students together: columns students, value, low, high.

    ``curves`` maps a name to its table, a palette name and the style of its line.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.0))
    for name, (curve, hue, line) in curves.items():
        band(ax, curve["students"], curve["low"], curve["high"], hue)
        ax.plot(curve["students"], curve["value"], color=COLOURS[hue], linestyle=line, label=name)
    ax.axhline(1, color=COLOURS["reference"], linewidth=0.9)
    label(ax, curve["students"].min(), 1, "everybody trains on text", "reference", va="bottom", fontsize=8.5)
    ax.set(xscale="log", xlabel="students who share one teacher")
    log_axis(ax.xaxis)
    _times(ax, pd.concat([curve for curve, *_ in curves.values()]))
    ax.legend(loc="lower right")
    return fig


def _times(ax, rows: pd.DataFrame) -> None:
    """A logarithmic axis of multipliers, with plain numbers."""
    ax.set(yscale="log", ylabel="times the compute it is worth")
    low, high = min(rows["low"].min(), 0.9) * 0.85, max(rows["high"].max(), 1.1) * 1.15
    ax.set_ylim(low, high)
    ticks = [x for x in TIMES if low <= x <= high]
    ax.set_yticks(ticks, [f"{x:g}" for x in ticks])
    ax.tick_params(axis="y", which="minor", left=False, labelleft=False)

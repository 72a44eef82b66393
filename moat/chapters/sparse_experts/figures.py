"""Figures of the sparse-experts chapter: how much larger a dense model of equal loss would be."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label, log_axis
from moat.plot.palette import COLOURS, MARKERS

TIMES = (0.5, 1, 1.5, 2, 3, 5, 10, 15, 20)


def _times_axis(ax: Axes, low: float, high: float) -> None:
    ax.set(yscale="log", ylim=(low, high), ylabel="dense equivalent over active size")
    ticks = [x for x in TIMES if low <= x <= high]
    ax.set_yticks(ticks, [f"{x:g}" for x in ticks])
    ax.minorticks_off()


def by_experts(points: pd.DataFrame, law: pd.DataFrame) -> Figure:
    """Multipliers between dense models by number of experts, one shade a size.

    Both tables have columns params, experts, value; ``points`` also low and high.  ``law`` holds the
    fitted law of the paper at the smallest and the largest size.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    sizes = sorted(points["params"].unique())
    shades = plt.get_cmap("viridis")(np.linspace(0.05, 0.85, len(sizes)))
    for i, (size, shade) in enumerate(zip(sizes, shades, strict=True)):
        part = points[points["params"] == size]
        x = part["experts"] * 2 ** (0.09 * (i - (len(sizes) - 1) / 2))
        ax.vlines(x, part["low"], part["high"], color=shade, linewidth=1.6)
        name = f"{size / 1e6:.0f}M"
        ax.plot(x, part["value"], color=shade, marker="osD^v"[i], markersize=5, linewidth=0, label=name)
    for size, part in law.groupby("params"):
        ax.plot(part["experts"], part["value"], color=COLOURS["reference"], linestyle="--", linewidth=1.2)
        end = part.iloc[-1]
        text = f" law at {size / 1e6:.0f}M"
        label(ax, end["experts"] * 1.05, end["value"], text, "reference", fontsize=8.5)
    experts = sorted(points["experts"].unique())
    ax.set(xscale="log", xlabel="experts in each routed layer", xlim=(1.6, experts[-1] * 3.2))
    ax.set_xticks(experts, [f"{e:.0f}" for e in experts])
    _times_axis(ax, 0.95, 16)
    ax.legend(loc="upper left", title="measured, active size", title_fontsize=9.5, alignment="left")
    return fig


def by_size(
    curves: Mapping[str, tuple[pd.DataFrame, str, float]],
    points: pd.DataFrame,
    seen: float,
    marks: Mapping[str, float],
) -> Figure:
    """Multipliers against active size, far beyond the runs.

    ``curves`` maps a name to (columns params, value, low, high; palette name; size at which the name
    is written).  ``points`` are measured; ``seen`` is the largest model trained; ``marks`` are
    sizes worth a name.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    top = 12
    for i, (name, (curve, hue, place)) in enumerate(curves.items()):
        band(ax, curve["params"], curve["low"], curve["high"], hue)
        ax.plot(curve["params"], curve["value"], color=COLOURS[hue], linestyle=("--", "-")[i % 2])
        y = np.interp(np.log(place), np.log(curve["params"]), curve["value"])
        label(ax, place, y * 1.1, name, hue, va="bottom")
    ax.vlines(points["params"], points["low"], points["high"], color=COLOURS["text"], linewidth=1.6)
    ax.plot(points["params"], points["value"], color=COLOURS["text"], marker="o", markersize=5, linewidth=0)
    label(ax, points["params"].min() * 0.75, points["value"].iloc[0] * 1.42, "measured", "text", ha="left")
    ax.axhline(1, color=COLOURS["reference"], linewidth=0.8)
    ax.axvspan(seen, 1e13, color=COLOURS["reference"], alpha=0.08, linewidth=0)
    label(ax, seen * 1.15, 0.87, "no run is this large", "reference", fontsize=8.5)
    for name, size in marks.items():
        ax.axvline(size, color=COLOURS["reference"], linewidth=0.8, linestyle=":")
        label(ax, size * 1.1, top * 0.9, name, "reference", fontsize=8.5)
    ax.set(xscale="log", xlabel="active parameters", xlim=(1e7, 1e13))
    log_axis(ax.xaxis)
    _times_axis(ax, 0.8, top)
    return fig


def three_counts(rows: pd.DataFrame) -> Figure:
    """Active, dense-equivalent and total parameters, one row a model.

    Columns name, active, total, size, low, high, inside.  A hollow mark lies beyond the dense runs; a
    cross is the geometric mean of active and total.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.55 * len(rows)))
    for y, row in enumerate(rows.iloc[::-1].itertuples(index=False)):
        ax.plot([row.active, row.total], [y, y], color=COLOURS["reference"], linewidth=0.8, linestyle=":")
        for count, hue in ((row.active, "epoch"), (row.total, "slices")):
            ax.plot(count, y, color=COLOURS[hue], marker="|", markersize=16, markeredgewidth=3)
        ax.plot(np.sqrt(row.active * row.total), y, color=COLOURS["reference"], marker="x", markersize=7)
        face = COLOURS["ours"] if row.inside else "white"
        ax.plot([row.low, row.high], [y, y], color=COLOURS["ours"], linewidth=2)
        ax.plot(row.size, y, color=COLOURS["ours"], marker=MARKERS["ours"], markersize=7, mfc=face)
    first, top = rows.iloc[0], len(rows) - 1
    mean = np.sqrt(first["active"] * first["total"])
    words = {
        "active": ("epoch", first["active"], "center"),
        "total": ("slices", first["total"], "center"),
        "dense equivalent ": ("ours", first["size"], "right"),
        " geometric mean": ("reference", mean, "left"),
    }
    for text, (hue, x, side) in words.items():
        label(ax, x, top + 0.42, text, hue, ha=side)
    ticks = [2e8, 5e8, 1e9, 2e9]
    ax.set(xscale="log", xlabel="parameters without embeddings", ylim=(-0.5, top + 0.75))
    ax.set_xticks(ticks, [f"{x / 1e9:g}B" for x in ticks])
    ax.minorticks_off()
    ax.set_yticks(range(len(rows)), rows["name"][::-1])
    ax.tick_params(axis="y", length=0)
    return fig


def by_tokens(rows: pd.DataFrame, names: Mapping[float, str]) -> Figure:
    """Multipliers against training tokens, one line a sparsity.

    Columns params, tokens, value, low, high, inside.  Hollow marks lie beyond the dense runs; dotted
    intervals have no upper end in the figure.  ``names`` maps an active size to its label.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.0))
    hues = ("ours", "hoffmann", "epoch", "slices")
    low, high = 0.95, 6.0
    for i, (size, part) in enumerate(rows[np.isfinite(rows["value"])].groupby("params")):
        hue = hues[i]
        x = part["tokens"] * 1.03 ** (i - 1.5)
        ends, known = part["high"].clip(upper=high), part["high"] < high
        for some, dots in ((known, "-"), (~known, ":")):
            ax.vlines(
                x[some], part["low"][some], ends[some], color=COLOURS[hue], linestyle=dots, linewidth=1.6
            )
        ax.plot(x, part["value"], color=COLOURS[hue], linewidth=1, linestyle="--")
        face = np.where(part["inside"], COLOURS[hue], "white")
        ax.scatter(x, part["value"], c=face, edgecolors=COLOURS[hue], marker=MARKERS[hue], s=45, zorder=3)
        label(ax, x.iloc[-1] * 1.08, part["value"].iloc[-1], names[size], hue)
    ticks = sorted(rows["tokens"].unique())
    ax.set(xscale="log", xlabel="training tokens", xlim=(ticks[0] * 0.88, ticks[-1] * 2.1))
    ax.set_xticks(ticks, [f"{x / 1e9:.0f}B" for x in ticks])
    _times_axis(ax, low, high)
    return fig

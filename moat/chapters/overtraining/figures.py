"""Figures of predictions beyond the fit, and of the price of a ratio."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label, log_axis
from moat.plot.palette import COLOURS, MARKERS


def errors_by_set(table: pd.DataFrame, groups: Mapping[str, str], medians: pd.DataFrame) -> Figure:
    """Absolute errors in per cent, one row a validation set, sorted by their median.

    ``table`` has columns set, group, error; ``medians`` is indexed by set with value, low, high;
    ``groups`` gives each group its palette name.
    """
    order = list(medians.sort_values("value").index[::-1])
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.42 * len(order)))
    for i, (group, hue) in enumerate(groups.items()):
        rows = table[table["group"] == group]
        y = rows["set"].map({name: k for k, name in enumerate(order)}) + 0.16 * (1 - i)
        style = {
            "marker": MARKERS[hue],
            "color": COLOURS[hue],
            "alpha": 0.45,
            "markersize": 4,
            "linestyle": "none",
        }
        ax.plot(rows["error"].abs().clip(lower=0.01), y, label=group, **style)
    for y, name in enumerate(order):
        row = medians.loc[name]
        ax.plot([row["low"], row["high"]], [y, y], color=COLOURS["text"], linewidth=2)
        ax.plot(row["value"], y, "|", color=COLOURS["text"], markersize=13, markeredgewidth=2)
    ax.set_yticks(range(len(order)), order)
    ax.set(xscale="log", xlabel="error of the predicted loss, % (dots: runs; bars: median)")
    log_axis(ax.xaxis)
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=3)
    ax.grid(axis="x", linewidth=0.4)
    return fig


def price_of_ratio(curves: Mapping[str, tuple[pd.DataFrame, str]], models: Mapping[str, float]) -> Figure:
    """Times the compute needed against tokens per parameter, one band a law.

    ``curves`` maps a name to (columns ratio, value, low, high; palette name); ``models`` maps a
    name to its ratio.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    for i, (name, (curve, hue)) in enumerate(curves.items()):
        band(ax, curve["ratio"], curve["low"], curve["high"], hue)
        ax.plot(curve["ratio"], curve["value"], color=COLOURS[hue], linestyle="-" if i == 0 else "--")
        label(ax, 0.98, 0.12 - 0.07 * i, name, hue, transform=ax.transAxes, ha="right")
    top = max(float(np.max(curve["high"])) for curve, _ in curves.values())
    for name, ratio in models.items():
        ax.axvline(ratio, color=COLOURS["reference"], linewidth=0.8, linestyle=":")
        ax.text(
            ratio * 0.96,
            top * 0.9,
            name,
            rotation=90,
            ha="right",
            va="top",
            fontsize=8.5,
            color=COLOURS["text"],
        )
    ax.set(
        xscale="log", yscale="log", xlabel="tokens per parameter", ylabel="times the compute that was needed"
    )
    for axis in (ax.xaxis, ax.yaxis):
        log_axis(axis, minor=axis is ax.yaxis)
    return fig

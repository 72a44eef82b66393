"""Figures of allocation: bias of methods on known surfaces, published laws and real models."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label, log_axis
from moat.plot.palette import COLOURS, MARKERS


def method_bias(table: pd.DataFrame, groups: Mapping[str, str]) -> Figure:
    """Error of the exponent on noise-free slices against the asymmetry of the surface.

    ``table`` has columns set, method, asymmetry (alpha over beta) and error; ``groups`` gives
    each method its palette name.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.8))
    ax.axhline(0, color=COLOURS["reference"], linewidth=0.8)
    for method, hue in groups.items():
        rows = table[table["method"] == method]
        style = {"marker": MARKERS[hue], "color": COLOURS[hue], "linestyle": "none", "markersize": 7}
        ax.plot(rows["asymmetry"], rows["error"], label=method, **style)
    for row in table[table["method"] == next(iter(groups))].itertuples():
        if abs(row.error) > 0.03:
            label(ax, row.asymmetry * 1.04, row.error, row.set, fontsize=8.5)
    ax.set(xscale="log", xlabel="asymmetry of the surface, α / β", ylabel="error of the exponent")
    ax.set_xticks([0.5, 1, 2], ["0.5", "1", "2"])
    ax.set_xticks([], minor=True)
    ax.set_xlim(0.33, 3.4)
    ax.legend(loc="lower right")
    return fig


def laws_and_models(curves: Mapping[str, tuple[pd.DataFrame, str, str]], models: pd.DataFrame) -> Figure:
    """Best tokens against budget by law, and what real models read.

    ``curves`` maps a name to (columns flop, value and perhaps low, high; palette name; line
    style); ``models`` has columns model, flop, tokens, side (left or right).
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.6))
    for name, (curve, hue, dashes) in curves.items():
        if "low" in curve:
            band(ax, curve["flop"], curve["low"], curve["high"], hue)
        width = 2.6 if dashes == ":" else 1.5  # dots must show where two laws coincide
        ax.plot(
            curve["flop"], curve["value"], color=COLOURS[hue], linestyle=dashes, linewidth=width, label=name
        )
    ax.plot(models["flop"], models["tokens"], "o", color=COLOURS["text"], markersize=5)
    for row in models.itertuples():
        across, anchor = (0.8, "right") if row.side == "left" else (1.25, "left")
        label(ax, row.flop * across, row.tokens, row.model, ha=anchor, fontsize=8.5)
    ax.set(xscale="log", yscale="log", xlabel="training budget (FLOP)", ylabel="training tokens")
    for axis in (ax.xaxis, ax.yaxis):
        log_axis(axis)
    ax.legend(loc="upper left")
    return fig

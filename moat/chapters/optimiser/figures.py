"""The figure of the chapter on optimisers: what Muon is worth beside what was published."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import label, log_axis
from moat.plot.palette import COLOURS, MARKERS


def worth(rows: pd.DataFrame, published: Mapping[str, float | tuple[float, float]]) -> Figure:
    """Multipliers by budget: columns group, flop, value, low, high, beyond (hollow marks).

    ``published`` has "claimed", one number, and "audit", a range.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.8))
    low, high = published["audit"]
    ax.axhspan(low, high, color=COLOURS["reference"], alpha=0.2, linewidth=0)
    ax.axhline(published["claimed"], color=COLOURS["text"], linewidth=1.2, linestyle=":")
    for (group, part), hue in zip(rows.groupby("group", sort=False), ("ours", "hoffmann"), strict=False):
        style = {"color": COLOURS[hue], "linewidth": 2}
        ax.vlines(part["flop"], part["low"], part["high"], **style)
        face = np.where(part["beyond"], "white", COLOURS[hue])
        marks = {"edgecolors": COLOURS[hue], "marker": MARKERS[hue], "s": 45, "zorder": 3}
        ax.scatter(part["flop"], part["value"], c=face, **marks)
        label(ax, part["flop"].iloc[0], part["high"].max() * 1.03, group, hue, va="bottom")
    ax.set(xscale="log", yscale="log", xlabel="training FLOP", ylabel="times the compute it is worth")
    left = rows["flop"].min() * 3
    label(ax, left, high, "audit, large to small models", va="bottom", fontsize=9)
    label(ax, left, published["claimed"], "claimed", va="bottom", fontsize=9)
    ticks = [x for x in (0.5, 0.7, 1, 1.5, 2, 3, 4) if ax.get_ylim()[0] < x < ax.get_ylim()[1]]
    ax.set_yticks(ticks, [f"{x:g}" for x in ticks])
    ax.yaxis.minorticks_off()
    log_axis(ax.xaxis)
    return fig

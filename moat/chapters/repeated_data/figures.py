"""Figures of what repeated data are worth."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label, log_axis
from moat.plot.palette import COLOURS


def decay_profile(profile: pd.DataFrame, draws: pd.Series, published: float) -> Figure:
    """Excess of the objective over its minimum, in per cent, against the decay constant of data.

    ``profile`` has columns value and objective; ``draws`` holds the constant of each draw.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.6))
    excess = 100 * (profile["objective"] / profile["objective"].min() - 1)
    ax.plot(profile["value"], excess, color=COLOURS["ours"])
    ax.plot(draws, np.full(len(draws), -0.15), "|", color=COLOURS["ours"], alpha=0.15, markersize=8)
    ax.axvline(published, color=COLOURS["hoffmann"], linestyle="--", linewidth=1)
    label(ax, published * 1.1, 5.4, "published", "hoffmann")
    ax.set(xscale="log", ylim=(-0.4, 6), xlim=(1, 1.2e4))
    ax.set(xlabel="decay constant of repeated data, passes", ylabel="objective above its minimum, %")
    log_axis(ax.xaxis)
    return fig


def worth_of_passes(table: pd.DataFrame) -> Figure:
    """Fresh passes that many passes are worth: columns passes, value, low, high, published."""
    fig, ax = plt.subplots(figsize=(WIDTH, 4.0))
    ax.plot(table["passes"], table["passes"], color=COLOURS["reference"], linestyle=":", linewidth=1)
    band(ax, table["passes"], table["low"], table["high"], "ours")
    ax.plot(table["passes"], table["value"], color=COLOURS["ours"])
    ax.plot(table["passes"], table["published"], color=COLOURS["hoffmann"], linestyle="--")
    last = table.iloc[-1]
    label(ax, last["passes"] * 1.05, last["value"], "ours", "ours")
    label(ax, last["passes"] * 1.05, last["published"], "published", "hoffmann")
    ax.set(xscale="log", yscale="log", xlim=(1, 170), xlabel="passes over the same text")
    ax.set_ylabel("passes over fresh text that are worth as much")
    for axis in (ax.xaxis, ax.yaxis):
        log_axis(axis)
    return fig

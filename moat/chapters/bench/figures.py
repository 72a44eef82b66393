"""The figure of the bench's summary: every multiplier, gains and losses with equal weight."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.palette import COLOURS

#: A look for each word; its mark says the same without colour.
LOOKS = {"gain": ("ours", "o"), "open": ("reference", "s"), "loss": ("hoffmann", "D")}
TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 3)


def forest(rows: pd.DataFrame) -> Figure:
    """One line a multiplier, budgets of one reading joined: columns as `techniques.collect` gives.

    Readings run from top to bottom in their order; within one the smallest budget is on top.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 0.21 * len(rows) + 2.2))
    y, ticks, labels = 0.0, [], []
    for (technique, reading, models), part in rows.groupby(["technique", "reading", "models"], sort=False):
        place = y + 0.55 * np.arange(len(part))
        ax.plot(part["value"], place, color=COLOURS["reference"], linewidth=0.8, linestyle=":", zorder=1)
        for at, row in zip(place, part.itertuples(), strict=True):
            hue, mark = LOOKS[row.word]
            ax.hlines(at, row.low, row.high, color=COLOURS[hue], linewidth=2)
            ax.plot(row.value, at, color=COLOURS[hue], marker=mark, markersize=6)
        ticks.append(place.mean())
        labels.append(f"{technique}: {reading}\n{models}")
        y = place[-1] + 1.25
    ax.axvline(1, color=COLOURS["text"], linewidth=0.9)
    ax.set_yticks(ticks, labels, fontsize=8)
    ax.tick_params(axis="y", length=0)
    ax.set(xscale="log", ylim=(y - 0.5, -0.9), xlabel="times the compute it is worth")
    shown = [x for x in TICKS if rows["low"].min() * 0.8 < x < rows["high"].max() * 1.25]
    ax.set_xticks(shown, [f"{x:g}" for x in shown])
    ax.minorticks_off()
    for word, (hue, mark) in LOOKS.items():
        ax.plot([], [], color=COLOURS[hue], marker=mark, linestyle="none", label=word)
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=3)
    return fig


def ladder(parts: pd.DataFrame, claimed: float) -> Figure:
    """Factors that are multiplied, their product, and a claim: columns name, value, low, high.

    The last row is the product.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 0.45 * len(parts) + 1.3))
    for i, row in enumerate(parts.itertuples()):
        hue = "ours" if i == len(parts) - 1 else "others"
        ax.barh(i, row.value - 1, left=1, height=0.5, color=COLOURS[hue], linewidth=0)
        ax.hlines(i, row.low, row.high, color=COLOURS["text"], linewidth=1.6)
    ax.axvline(claimed, color=COLOURS["hoffmann"], linewidth=1.4, linestyle="--")
    ax.text(claimed * 0.96, -0.75, "claimed", color=COLOURS["hoffmann"], fontsize=9, ha="right", va="center")
    ax.set_yticks(range(len(parts)), parts["name"])
    ax.tick_params(axis="y", length=0)
    ax.set(xscale="log", xlim=(0.9, claimed * 1.3), ylim=(len(parts) - 0.4, -1.1))
    ax.set_xlabel("times the compute it is worth")
    shown = [x for x in (1, 1.5, 2, 3, 5, 8, 12) if x < claimed * 1.3]
    ax.set_xticks(shown, [f"{x:g}" for x in shown])
    ax.minorticks_off()
    return fig

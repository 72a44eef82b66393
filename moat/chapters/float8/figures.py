"""Figures of the chapter on eight bits: what they cost in loss, and how fast they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import label, log_axis, whiskers
from moat.plot.palette import COLOURS, MARKERS


def parity(rows: pd.DataFrame, seeds: pd.DataFrame, margin: float, hues: Mapping[str, str]) -> Figure:
    """Loss above the baseline's: near the margin on the left, the controls beyond on the right.

    ``rows`` has columns name, place, value, low, high (per cent), top to bottom; ``seeds`` place,
    name, apart, one row a seed.  ``hues`` maps a place to its palette name.
    """
    near = rows[rows["value"].abs() < 1].reset_index(drop=True)
    far = rows[rows["value"].abs() >= 1].reset_index(drop=True)
    tall = max(len(near), len(far))
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(WIDTH, 1.3 + 0.42 * tall), width_ratios=(5, 3 if len(far) else 0.01)
    )
    left.axvspan(-margin, margin, color=COLOURS["reference"], alpha=0.15, linewidth=0)
    left.axvline(0, color=COLOURS["reference"], linewidth=0.8)
    for ax, part in ((left, near), (right, far)):
        for i, row in part.iterrows():
            y, hue = len(part) - i, hues[row["place"]]
            own = seeds[(seeds["name"] == row["name"]) & (seeds["place"] == row["place"])]
            ax.plot(
                own["apart"], [y - 0.22] * len(own), linestyle="none", marker="|", markersize=5,
                color=COLOURS[hue], alpha=0.5,
            )  # fmt: skip
            whiskers(ax, row["value"], row["low"], row["high"], y, hue)
        ax.set_yticks(range(len(part), 0, -1), part["name"])
        ax.set_ylim(0.4, len(part) + 0.7)
        ax.tick_params(axis="y", length=0)
    left.set_xlabel("loss above sixteen bits, %")
    right.set(xscale="log", xlabel="controls, %")
    shown = [x for x in (1, 2, 5, 10, 20, 50, 100) if right.get_xlim()[0] <= x <= right.get_xlim()[1]]
    right.set_xticks(shown, [f"{x:g}" for x in shown])
    right.minorticks_off()
    right.set_visible(bool(len(far)))
    places = [p for p in hues if (rows["place"] == p).any()]
    handles = [
        plt.Line2D([], [], color=COLOURS[hues[p]], marker=MARKERS[hues[p]], linestyle="none", label=p)
        for p in places
    ]
    fig.legend(handles=handles, loc="outside upper left", ncols=len(handles))
    return fig


def speeds(curves: Sequence[tuple[str, pd.DataFrame, str, str]], pays: float) -> Figure:
    """Speed over sixteen bits by width: (name, columns width value low high, palette name, line)."""
    fig, ax = plt.subplots(figsize=(WIDTH, 4.3))
    for name, table, hue, line in curves:
        style = {"color": COLOURS[hue], "linestyle": line, "marker": MARKERS[hue], "markersize": 5}
        ax.plot(table["width"], table["value"], label=name, linewidth=1.5, **style)
        ax.vlines(table["width"], table["low"], table["high"], color=COLOURS[hue], linewidth=2)
    ax.axhline(1, color=COLOURS["text"], linewidth=0.9)
    ax.axhline(pays, color=COLOURS["reference"], linewidth=0.9, linestyle=":")
    widths = sorted({w for _, table, *_ in curves for w in table["width"]})
    label(ax, widths[-1] * 1.06, 1, "as fast", "text", va="bottom", fontsize=8.5)
    label(ax, widths[-1] * 1.06, pays, f"{pays:g} times", "reference", va="bottom", fontsize=8.5)
    ax.set(xscale="log", yscale="log", xlabel="width of the layer", ylabel="times as fast as sixteen bits")
    ax.set_xticks(widths, [f"{w:g}" for w in widths])
    low, high = ax.get_ylim()
    ticks = [y for y in (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.4, 2) if low <= y <= high]
    ax.set_yticks(ticks, [f"{y:g}" for y in ticks])
    ax.minorticks_off()
    ax.set_xlim(widths[0] * 0.9, widths[-1] * 1.5)
    fig.legend(loc="outside lower center", ncols=2)
    return fig


def outliers(table: pd.DataFrame, forms: Mapping[str, tuple[str, str]]) -> Figure:
    """Error of rounding against the size of one outlier: columns size, form, error.

    ``forms`` maps a name to the form and its palette name.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.6))
    for i, (name, (form, hue)) in enumerate(forms.items()):
        own = table[table["form"] == form]
        ax.plot(own["size"], own["error"], color=COLOURS[hue], linestyle=("-", "--", "-.")[i], label=name)
    ax.set(
        xscale="log", yscale="log", xlabel="one entry, as a multiple of the others",
        ylabel="relative error of the others",
    )  # fmt: skip
    ticks = [y for y in (0.01, 0.03, 0.1, 0.3, 1) if ax.get_ylim()[0] <= y <= ax.get_ylim()[1]]
    ax.set_yticks(ticks, [f"{y:g}" for y in ticks])
    log_axis(ax.xaxis)
    ax.yaxis.minorticks_off()
    ax.legend(loc="upper left")
    return fig

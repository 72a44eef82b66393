"""Figures of the bench: what hides under what, and what a technique is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label, log_axis
from moat.plot.palette import COLOURS, MARKERS


def lanes(kernels: pd.DataFrame) -> Figure:
    """What ran when: one lane for compute, one for transfers, one for waiting.

    ``kernels`` has columns start, end (ms), resource, waiting.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 2.4))
    compute = kernels["resource"] == "compute"
    rows = [
        ("compute", kernels[compute], "ours"),
        ("transfers", kernels[~compute & ~kernels["waiting"]], "hoffmann"),
        ("waiting for others", kernels[~compute & kernels["waiting"]], "reference"),
    ]
    for i, (_, part, hue) in enumerate(rows):
        spans = np.c_[part["start"], part["end"] - part["start"]]
        ax.broken_barh(spans, (2.6 - i, 0.8), facecolors=COLOURS[hue], linewidth=0)
    ax.set_yticks([3, 2, 1], [name for name, *_ in rows])
    ax.set(xlabel="milliseconds since the first kernel", xlim=(0, kernels["end"].max()), ylim=(0.4, 3.6))
    ax.tick_params(axis="y", length=0)
    return fig


def slower_links(curves: Mapping[str, tuple[pd.DataFrame, str]], marks: Mapping[str, float]) -> Figure:
    """Time of a step against the slowness of the link.

    ``curves`` maps a name to (columns slowness, ms; palette name); ``marks`` a name to a slowness.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.9))
    for i, (name, (curve, hue)) in enumerate(curves.items()):
        ax.plot(
            curve["slowness"], curve["ms"], color=COLOURS[hue], linestyle=("-", "--", "-.")[i], label=name
        )
        last = curve.iloc[-1]
        label(ax, last["slowness"] * 1.03, last["ms"], name, hue)
    _, top = ax.get_ylim()
    for name, x in marks.items():
        ax.axvline(x, color=COLOURS["reference"], linewidth=0.8, linestyle=":")
        label(ax, x * 1.02, top, name, va="top", fontsize=8.5)
    ticks = [x for x in (0.25, 0.5, 1, 2, 4, 8) if curve["slowness"].min() <= x <= curve["slowness"].max()]
    ax.set(xscale="log", xlabel="slowness of the link (1: as profiled)", ylabel="milliseconds a step")
    ax.set_xticks(ticks, [f"{x:g}" for x in ticks])
    ax.minorticks_off()
    ax.set_xlim(curve["slowness"].min(), curve["slowness"].max() * 1.9)
    return fig


def valleys(runs: pd.DataFrame, floor: float, best: pd.DataFrame) -> Figure:
    """Loss against size on slices of equal compute, their lowest points joined.

    ``runs`` has columns budget, params, loss; ``best`` columns params, loss, one row a budget;
    ``floor`` is the entropy of the source (NaN where it is not known).
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    budgets = sorted(runs["budget"].unique())
    shades = plt.get_cmap("viridis")(np.linspace(0.05, 0.85, len(budgets)))
    for budget, shade in zip(budgets, shades, strict=True):
        curve = runs[runs["budget"] == budget].groupby("params")["loss"].mean()
        ax.plot(curve.index, curve, color=shade, marker="o", markersize=4, linewidth=1.4)
        ax.text(
            curve.index[-1] * 1.07, curve.iloc[-1], f"{budget:.2g}", color=shade, va="center", fontsize=8.5
        )
    ax.plot(best["params"], best["loss"], color=COLOURS["text"], marker="D", markersize=5, linestyle=":")
    if np.isfinite(floor):
        ax.axhline(floor, color=COLOURS["hoffmann"], linewidth=1.2)
        label(ax, runs["params"].min(), floor, "entropy of the source", "hoffmann", va="bottom")
    ax.set(xscale="log", xlabel="parameters that a token goes through", ylabel="loss, nats a symbol")
    sizes = sorted(runs["params"].unique())
    ax.set_xticks(sizes, [f"{x / 1e3:.0f}k" for x in sizes])
    ax.minorticks_off()
    ax.set_xlim(right=sizes[-1] * 1.6)
    return fig


def profiles(curves: Mapping[str, tuple[pd.DataFrame, str]], truth: float) -> Figure:
    """How much worse a fit gets when the irreducible loss is held: columns value, ratio."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.6))
    for i, (name, (curve, hue)) in enumerate(curves.items()):
        ax.plot(
            curve["value"], curve["ratio"], color=COLOURS[hue], linestyle=("-", "--", "-.")[i], label=name
        )
    ax.axvline(truth, color=COLOURS["hoffmann"], linewidth=1.2)
    label(ax, truth, ax.get_ylim()[1], "truth ", "hoffmann", va="top", ha="right")
    ax.set(xlabel="irreducible loss held at, nats a symbol", ylabel="objective over its lowest")
    if len(curves) > 1:
        ax.legend(loc="lower left")
    return fig


def cure(tables: Mapping[str, tuple[pd.DataFrame, str]], truth: float) -> Figure:
    """Fitted irreducible loss against the size of a sweep: columns span, value, low, high."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.6))
    for name, (table, hue) in tables.items():
        band(ax, table["span"], table["low"], table["high"], hue)
        ax.plot(table["span"], table["value"], color=COLOURS[hue], marker=MARKERS[hue], label=name)
    ax.axhline(truth, color=COLOURS["text"], linewidth=1, linestyle=":")
    label(ax, table["span"].max() * 1.15, truth, "truth", "text")
    ax.set(xscale="log", xlabel="largest budget over smallest", ylabel="fitted E, nats a symbol")
    log_axis(ax.xaxis)
    ax.legend(loc="lower right")
    return fig


def curves_of_arms(
    tables: Mapping[str, tuple[pd.DataFrame, str]], best: Mapping[str, pd.DataFrame] | None = None
) -> Figure:
    """Loss against training compute, one curve an arm with its seeds: columns flop, loss.

    ``best`` has the runs of the best width of each budget, by name.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    for name, (runs, hue) in tables.items():
        mean = runs.groupby("flop")["loss"].mean()
        style = {"color": COLOURS[hue], "marker": MARKERS[hue]}
        ax.plot(mean.index, mean, linewidth=1.4, markersize=6, label=name, **style)
        ax.plot(runs["flop"], runs["loss"], linestyle="none", markersize=3, alpha=0.5, **style)
    for (name, table), line in zip((best or {}).items(), (":", "--"), strict=False):
        mean = table.groupby("flop")["loss"].mean()
        ax.plot(mean.index, mean, color=COLOURS["text"], linestyle=line, linewidth=1.6, label=name)
    ax.set(xscale="log", xlabel="training FLOP", ylabel="loss, nats a character")
    log_axis(ax.xaxis)
    ax.legend(loc="upper right", ncols=2 if best else 1)
    return fig


def multipliers(rows: pd.DataFrame, groups: Sequence[tuple[str, str]]) -> Figure:
    """Compute multipliers with intervals, by budget: columns group, flop, value, low, high, beyond.

    Hollow marks lie beyond the baseline.  ``groups`` pairs a group with its palette name; the
    budgets of the last and the largest of all are written on the axis.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.8))
    for i, (group, hue) in enumerate(groups):
        part = rows[rows["group"] == group]
        x = part["flop"] * (1 + 0.04 * i)
        ax.vlines(x, part["low"], part["high"], color=COLOURS[hue], linewidth=2)
        face = np.where(part["beyond"], "white", COLOURS[hue])
        ax.scatter(x, part["value"], c=face, edgecolors=COLOURS[hue], marker=MARKERS[hue], s=45, zorder=3)
        ax.plot(x, part["value"], color=COLOURS[hue], linewidth=1, linestyle="--", label=group)
    ax.axhline(1, color=COLOURS["reference"], linewidth=0.8)
    ax.set(xscale="log", yscale="log", xlabel="training FLOP", ylabel="times the compute it is worth")
    ticks = [x for x in (0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10) if ax.get_ylim()[0] < x < ax.get_ylim()[1]]
    ax.set_yticks(ticks, [f"{x:g}" for x in ticks])
    shown = sorted({*rows.loc[rows["group"] == groups[-1][0], "flop"], rows["flop"].max()})
    ax.set_xticks(shown, [f"{x:.0e}".replace("e+", "e") for x in shown])
    ax.minorticks_off()
    ax.legend(loc="upper left")
    return fig


def tuning_curves(curves: Mapping[str, tuple[pd.Series, str]]) -> Figure:
    """Loss against peak learning rate, one curve an arm; the best of the grid is hollow."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.8))
    for name, (curve, hue) in curves.items():
        style = {"color": COLOURS[hue], "marker": MARKERS[hue], "markersize": 6}
        ax.plot(curve.index, curve, label=name, linewidth=1.4, **style)
        ax.plot(curve.idxmin(), curve.min(), markerfacecolor="white", **style)
    ax.set(xscale="log", xlabel="peak learning rate", ylabel="loss of the tuning run, nats a character")
    ax.set_xticks(list(curve.index), [f"{x:g}" for x in curve.index])
    ax.minorticks_off()
    ax.legend(loc="upper center")
    return fig

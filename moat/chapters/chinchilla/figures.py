"""Figures of Part I: runs, exponents, allocations, residuals and choices of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label, log_axis, whiskers
from moat.plot.palette import COLOURS, MARKERS, SYMBOLS


def _logarithmic(ax: Axes, **options) -> None:
    ax.set(xscale="log", yscale="log", **options)
    log_axis(ax.xaxis)
    log_axis(ax.yaxis)


def runs_map(groups: Mapping[str, pd.DataFrame], names: Mapping[str, tuple[float, float, str]]) -> Figure:
    """Model size against tokens, one colour and marker a group, with lines of equal ratio.

    ``names`` places the direct label of each group: x, y, text.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.6))
    for name, group in groups.items():
        style = {"color": COLOURS[name], "alpha": 0.7, "markersize": 6, "linestyle": "none"}
        ax.plot(group["params"], group["tokens"], marker=MARKERS[name], **style)
        x, y, text = names[name]
        label(ax, x, y, text, name)
    ends = np.array([4.5e7, 2.2e10])
    for ratio in (1, 20, 300):
        ax.plot(ends, ends * ratio, color=COLOURS["reference"], linewidth=0.8, linestyle=":", zorder=0)
        y = min(ends[1] * ratio, 5.4e11)
        label(ax, y / ratio * 1.04, y, f"{ratio}", "reference", fontsize=8.5, va="bottom", ha="left")
    _logarithmic(ax, xlim=(4.5e7, 3e10), ylim=(1.2e8, 8e11), xlabel="parameters", ylabel="training tokens")
    label(ax, 0.99, 0.02, "dotted: tokens per parameter", "reference", transform=ax.transAxes, ha="right")
    return fig


def interval_panels(panels: Mapping[str, Sequence[tuple[str, str, float, float, float]]]) -> Figure:
    """One panel a quantity; each row is (row label, palette name, value, low, high).

    A row without an interval (low is NaN) is a bare marker: a published constant.
    """
    count = len(next(iter(panels.values())))
    size = (WIDTH, 0.9 + 0.42 * count)
    fig, axes = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False)
    for ax, (title, rows) in zip(axes[0], panels.items(), strict=True):
        for y, (_, name, value, low, high) in enumerate(reversed(rows)):
            whiskers(ax, value, low, high, y, name)
        ax.set(title=title, ylim=(-0.6, count - 0.4))
        ax.grid(axis="x", linewidth=0.4)
    axes[0][0].set_yticks(range(count), [row[0] for row in reversed(next(iter(panels.values())))])
    return fig


def allocation_curves(
    curves: Mapping[str, pd.DataFrame],
    places: Mapping[str, tuple[float, float, str]],
    models: pd.DataFrame,
    seen: float,
) -> Figure:
    """Tokens per parameter against budget.

    ``curves`` have columns flop, value and, where there is an interval, low and high.
    ``models`` have columns model, flop, ratio.  ``seen`` is the largest budget with a run.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.4))
    for name, curve in curves.items():
        dashes = "-" if "low" in curve else "--"
        if "low" in curve:
            band(ax, curve["flop"], curve["low"], curve["high"], name)
        ax.plot(curve["flop"], curve["value"], color=COLOURS[name], linestyle=dashes)
        x, y, text = places[name]
        label(ax, x, y, text, name)
    ax.axvline(seen, color=COLOURS["reference"], linewidth=0.8, linestyle=":")
    label(ax, seen * 0.8, 1.6, "runs end here", "reference", ha="right")
    ax.plot(
        models["flop"], models["ratio"], linestyle="none", marker="o", color=COLOURS["text"], markersize=5
    )
    for model in models.itertuples():
        label(ax, model.flop * 0.7, model.ratio, model.model, ha="right")
    _logarithmic(ax, xlim=(1e18, 1e26), ylim=(1, 1000))
    ax.set(xlabel="training budget (FLOP)", ylabel="tokens per parameter")
    return fig


def drop_path(table: pd.DataFrame, default: int) -> Figure:
    """An estimate with its interval against the number of dropped runs, one panel a quantity."""
    quantities = table["quantity"].unique()
    fig, axes = plt.subplots(1, len(quantities), figsize=(WIDTH, 3.0))
    for ax, quantity in zip(axes, quantities, strict=True):
        rows = table[table["quantity"] == quantity]
        band(ax, rows["dropped"], rows["low"], rows["high"], "ours")
        ax.plot(rows["dropped"], rows["value"], marker="o", color=COLOURS["ours"], markersize=4)
        ax.axvline(default, color=COLOURS["dropped"], linestyle=":", linewidth=1.2)
        ax.set(title=quantity, xlabel="runs dropped, highest loss first")
    axes[-1].set_yscale("log")
    log_axis(axes[-1].yaxis, minor=True)
    return fig


def choices(
    table: pd.DataFrame, names: Mapping[str, str], *, xlabel: str, log: bool, line: float | None = None
) -> Figure:
    """One row a choice of runs: a point with its interval.  ``names`` gives each row its colour."""
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.36 * len(table)))
    for y, row in enumerate(table.iloc[::-1].itertuples()):
        whiskers(ax, row.value, row.low, row.high, y, names[row.choice])
    if line is not None:
        ax.axvline(line, color=COLOURS["hoffmann"], linestyle="--", linewidth=1)
    ax.set_yticks(range(len(table)), [f"{r.choice} ({r.n})" for r in table.iloc[::-1].itertuples()])
    ax.set(xlabel=xlabel, ylim=(-0.6, len(table) - 0.4))
    ax.grid(axis="x", linewidth=0.4)
    if log:
        ax.set_xscale("log")
        log_axis(ax.xaxis)
    return fig


def residual_map(
    points: Mapping[str, pd.DataFrame],
    medians: Mapping[str, pd.DataFrame],
    places: Mapping[str, tuple[float, float, str]],
) -> Figure:
    """Residuals in per cent of the loss against tokens per parameter, with binned medians."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.8))
    ax.axhline(0, color=COLOURS["reference"], linewidth=0.8)
    for name, frame in points.items():
        style = {
            "marker": MARKERS[name],
            "color": COLOURS[name],
            "alpha": 0.3,
            "markersize": 4,
            "linestyle": "none",
        }
        ax.plot(frame["tokens_per_param"], 100 * frame["resid"], **style)
        line = medians[name]
        band(ax, line["x"], 100 * line["low"], 100 * line["high"], name)
        ax.plot(line["x"], 100 * line["value"], color=COLOURS[name], linewidth=2)
        x, y, text = places[name]
        label(ax, x, y, text, name)
    ax.set(xscale="log", xlabel="tokens per parameter", ylabel="residual, % of loss", ylim=(-2, 2.8))
    log_axis(ax.xaxis)
    return fig


def split_strengths(table: pd.DataFrame, special: str, coin: float) -> Figure:
    """How much of the misfit goes away when two laws replace one, by split of the runs.

    ``coin`` is the share that random splits seldom exceed.
    """
    rows = table.sort_values("share")
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.3 * len(rows)))
    names = ["slices" if name == special else "reference" for name in rows.index]
    ax.barh(range(len(rows)), 100 * rows["share"], color=[COLOURS[n] for n in names], height=0.62, alpha=0.75)
    ax.plot(100 * rows["chance"], range(len(rows)), "|", color=COLOURS["text"], markersize=11)
    ax.set_yticks(range(len(rows)), rows.index)
    ax.set_xlabel("misfit removed by fitting the two sides apart, %")
    ax.axvline(100 * coin, color=COLOURS["text"], linestyle=":", linewidth=1)
    notes = ("tick: 95th percentile if one law held", "dotted: 95th percentile of random splits")
    for i, note in enumerate(notes):
        label(ax, 0.98, 0.12 - 0.06 * i, note, transform=ax.transAxes, ha="right")
    return fig


def delta_path(table: pd.DataFrame, used: float) -> Figure:
    """Estimates against the Huber zone, as distances from the published ones in standard errors."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.4))
    styles = zip(table.columns.drop("delta"), ("-", "--", "-.", ":", (0, (5, 1))), strict=False)
    for (name, dashes), hue in zip(styles, ("ours", "epoch", "slices", "dropped", "text"), strict=True):
        ax.plot(
            table["delta"], table[name], linestyle=dashes, color=COLOURS[hue], label=SYMBOLS.get(name, name)
        )
    ax.axvline(used, color=COLOURS["reference"], linewidth=0.8, linestyle=":")
    label(ax, used * 0.85, ax.get_ylim()[1] * 0.6, "δ of the paper", "reference")
    ax.axhline(0, color=COLOURS["reference"], linewidth=0.8)
    ax.set(
        xscale="log",
        xlabel="δ of the Huber function (log loss)",
        ylabel="distance, published standard errors",
    )
    ax.invert_xaxis()
    ax.legend(ncols=5, loc="upper center")
    log_axis(ax.xaxis)
    return fig


def where_optimisers_stop(
    ends: Mapping[str, pd.DataFrame], best: float, lines: Mapping[str, float]
) -> Figure:
    """End points of many starts: beta against the relative excess over the minimum, by scale."""
    fig, axes = plt.subplots(1, len(ends), figsize=(WIDTH, 3.6), sharey=True)
    for ax, (title, frame) in zip(axes, ends.items(), strict=True):
        near = frame[frame["beta"].between(0, 1)]
        excess = np.maximum(near["objective"] / best - 1, 1e-12)
        ax.plot(near["beta"], excess, ".", color=COLOURS["epoch"], alpha=0.25, markersize=4, rasterized=True)
        for name, beta in lines.items():
            ax.axvline(beta, color=COLOURS[name], linestyle="--" if name == "hoffmann" else "-", linewidth=1)
        ax.set(title=title, yscale="log", ylim=(3e-13, 1e4), xlim=(0, 1), xlabel="β at the stop")
        log_axis(ax.yaxis)
    axes[0].set_ylabel("excess over the minimum, share")
    return fig


def reading_bias(table: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Distribution of one reading's loss minus another's, one step line a pair."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.0))
    bins = np.linspace(-0.015, 0.02, 29)
    for pair, hue in names.items():
        values = table.loc[table["pair"] == pair, "difference"]
        ax.hist(
            np.clip(values, bins[0], bins[-1]), bins=bins, histtype="step", linewidth=2, color=COLOURS[hue]
        )
        ax.axvline(values.mean(), color=COLOURS[hue], linestyle=":")
    ax.set(xlabel="difference of the loss read, nats per token", ylabel="runs")
    for i, (pair, hue) in enumerate(names.items()):
        label(ax, 0.98, 0.92 - 0.09 * i, pair, hue, transform=ax.transAxes, ha="right")
    return fig

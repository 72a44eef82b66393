"""Figures of training bills: scopes, what moves them, rates of chips, growth, and prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import matplotlib.ticker as ticker
import numpy as np
import pandas as pd
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from moat.plot import charts
from moat.plot.figure import WIDTH
from moat.plot.marks import band, label, log_axis
from moat.plot.palette import COLOURS, MARKERS


def _ticks(axis: Axis, values: Sequence[float]) -> None:
    """Named ticks of a logarithmic axis that spans little."""
    axis.set_major_locator(ticker.FixedLocator(list(values)))
    axis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{x:g}"))
    axis.set_minor_locator(ticker.NullLocator())


def ladder(table: pd.DataFrame, scopes: Mapping[int, str], lines: Mapping[str, float], xlabel: str) -> Figure:
    """One panel a rival, one row a scope: the ratio of costs with its interval, on a common log axis.

    ``table`` has columns rival, scope, value, low, high; ``lines`` are thresholds by name.
    """
    rivals = list(dict.fromkeys(table["rival"]))
    fig, axes = plt.subplots(len(rivals), 1, sharex=True, figsize=(WIDTH, 1.35 * len(rivals) + 0.6))
    rows = list(scopes)[::-1]
    for ax, name in zip(axes, rivals, strict=True):
        for y, scope in enumerate(rows):
            row = table[(table["rival"] == name) & (table["scope"] == scope)].iloc[0]
            ax.plot([row["low"], row["high"]], [y, y], color=COLOURS["China"], linewidth=2.2)
            ax.plot(row["value"], y, marker=MARKERS["China"], color=COLOURS["China"], markersize=6)
        for line in lines.values():
            ax.axvline(line, color=COLOURS["reference"], linewidth=0.9, linestyle=":")
        ax.set_yticks(range(len(rows)), [f"({s}) {scopes[s]}" for s in rows])
        ax.set(ylim=(-0.6, len(rows) - 0.4), title=f"against {name}")
    axes[-1].set(xscale="log", xlabel=xlabel)
    _ticks(axes[-1].xaxis, (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1))
    for name, line in lines.items():
        axes[0].text(line, 1.0, f" {name}", fontsize=8.5, color=COLOURS["text"], va="bottom",
                     transform=axes[0].get_xaxis_transform())  # fmt: skip
    return fig


def tornado(table: pd.DataFrame, xlabel: str) -> Figure:
    """One bar a factor: where the ratio ends when that factor alone goes to its 5% and 95% points.

    ``table`` has columns factor, low, high, value, share, widest first.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.36 * len(table)))
    hues = ["China" if name.startswith("DeepSeek") else "US" for name in table["factor"]]
    for y, row in zip(charts.tornado(ax, table, hues), table.itertuples(), strict=True):
        label(ax, row.high * 1.03, y, f"{row.share:.0%}", fontsize=8.5)
    ax.set(xscale="log", xlabel=xlabel)
    _ticks(ax.xaxis, (0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3))
    ax.set_xlim(table["low"].min() * 0.92, table["high"].max() * 1.16)
    return fig


def rates(table: pd.DataFrame, peak: float, shares: Sequence[float]) -> Figure:
    """Achieved rate of each run, a range over ways to count FLOP; sparse models have open marks.

    ``table`` has columns model, side, sparse (bool), note, value, low, high in TFLOP per GPU-second;
    ``shares`` of ``peak`` are marked above.
    """
    table = table.sort_values("value", ignore_index=True)
    fig, ax = plt.subplots(figsize=(WIDTH, 1.2 + 0.33 * len(table)))
    for y, row in enumerate(table.itertuples()):
        ax.plot([row.low, row.high], [y, y], color=COLOURS[row.side], linewidth=2.2)
        face = "white" if row.sparse else COLOURS[row.side]
        ax.plot(row.value, y, marker=MARKERS[row.side], color=COLOURS[row.side], markersize=7,
                markerfacecolor=face, markeredgewidth=1.6)  # fmt: skip
        if row.note:
            label(ax, row.high + 6, y, row.note, fontsize=8.5)
    ax.set_yticks(range(len(table)), table["model"])
    ax.set(xlabel="TFLOP per GPU-second", xlim=(0, table["high"].max() * 1.16))
    top = ax.secondary_xaxis("top", functions=(lambda x: x / peak, lambda x: x * peak))
    top.set_xticks(list(shares), [f"{s:.0%}" for s in shares])
    top.set_xlabel("share of the dense 16-bit peak of an H100 or H800")
    for side in dict.fromkeys(table["side"]):
        style = {"marker": MARKERS[side], "color": COLOURS[side], "linestyle": "none"}
        ax.plot([], [], label=f"{side}, dense", **style)
        ax.plot([], [], label=f"{side}, sparse", markerfacecolor="white", markeredgewidth=1.6, **style)
    ax.legend(loc="lower right")
    return fig


def growth(points: pd.DataFrame, line: pd.DataFrame, named: pd.DataFrame) -> Figure:
    """Cost of systems by date with a line and the interval of its mean, and bills of our own.

    ``points`` has columns system, date, cost; ``line`` date, value, low, high; ``named`` model, date, value,
    low, high, side.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.4))
    days = pd.to_datetime(points["date"])
    ax.plot(days, points["cost"], MARKERS["others"], color=COLOURS["others"], markersize=4.5, alpha=0.8)
    band(ax, line["date"], line["low"], line["high"], "ours")
    ax.plot(line["date"], line["value"], color=COLOURS["ours"], linewidth=2)
    for row in named.itertuples():
        day = pd.Timestamp(row.date)
        ax.plot([day, day], [row.low, row.high], color=COLOURS[row.side], linewidth=2.2)
        ax.plot(day, row.value, marker=MARKERS[row.side], color=COLOURS[row.side], markersize=7)
        label(ax, day + pd.Timedelta(days=70), row.value, row.model, row.side)
    for name in ("GPT-3 175B (davinci)", "GPT-4"):
        row = points[points["system"] == name].iloc[0]
        when = pd.Timestamp(row["date"]) - pd.Timedelta(days=60)
        label(ax, when, row["cost"] * 1.25, name.split(" 175B")[0], ha="right", fontsize=8.5)
    ax.set(yscale="log", ylabel="cost of the final run, USD", xlim=(None, pd.Timestamp("2027-01-01")))
    log_axis(ax.yaxis)
    return fig


def beside(table: pd.DataFrame, within: float, xlabel: str, ylabel: str) -> Figure:
    """Our cost against the published one; those off by more than ``within`` are named.

    ``table`` has columns model, ours, published, ratio (USD).
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.6))
    ends = np.array(
        [table[["ours", "published"]].min().min() / 2, table[["ours", "published"]].max().max() * 2]
    )
    ax.fill_between(ends, ends / within, ends * within, color=COLOURS["reference"], alpha=0.18, linewidth=0)
    ax.plot(ends, ends, color=COLOURS["reference"], linewidth=0.8)
    ax.plot(
        table["published"], table["ours"], MARKERS["ours"], color=COLOURS["ours"], markersize=5.5, alpha=0.8
    )
    for row in table[np.abs(np.log(table["ratio"])) > np.log(within)].itertuples():
        right = row.ratio < 1
        label(ax, row.published * (1.25 if right else 0.8), row.ours, row.model,
              ha="left" if right else "right", fontsize=8.5)  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel, xlim=ends, ylim=ends)
    for axis in (ax.xaxis, ax.yaxis):
        log_axis(axis)
    return fig

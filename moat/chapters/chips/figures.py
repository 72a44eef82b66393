"""Figures of chips under export rules: axes, roofline, lost throughput, and the domestic gap."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import matplotlib.ticker as ticker
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot import charts
from moat.plot.figure import WIDTH
from moat.plot.marks import band, label
from moat.plot.palette import COLOURS, MARKERS

LOOKS = (("ours", "ours"), ("hoffmann", "hoffmann"), ("epoch", "epoch"), ("slices", "slices"))


def axes(table: pd.DataFrame, worse: float) -> Figure:
    """One row an axis, one mark a chip: the chip over its rival on a log scale.

    ``table`` has columns name (chip and rival), axis, low, ratio, high; left of ``worse`` is shaded.
    """
    rows = list(dict.fromkeys(table["axis"]))[::-1]
    names = list(dict.fromkeys(table["name"]))
    fig, ax = plt.subplots(figsize=(WIDTH, 4.4))
    left = table["low"].min() * 0.8
    ax.axvspan(left, worse, color=COLOURS["reference"], alpha=0.12, linewidth=0)
    ax.axvline(1, color=COLOURS["reference"], linewidth=0.9)
    for i, (name, (hue, mark)) in enumerate(zip(names, LOOKS, strict=False)):
        part = table[table["name"] == name]
        y = np.array([rows.index(a) for a in part["axis"]]) + 0.27 - 0.18 * i
        ax.hlines(y, part["low"], part["high"], color=COLOURS[hue], linewidth=2.4)
        ax.plot(part["ratio"], y, MARKERS[mark], color=COLOURS[hue], markersize=7, label=name)
    ax.set(xscale="log", xlabel="over the rival, ×", xlim=(left, 1.6), ylim=(-0.6, len(rows) - 0.4))
    ax.set_yticks(range(len(rows)), rows)
    ax.xaxis.set_major_locator(ticker.FixedLocator([0.15, 0.25, 0.5, 0.75, 1, 1.5]))
    ax.xaxis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_locator(ticker.NullLocator())
    fig.legend(loc="outside upper left", ncols=2)
    return fig


def roofline(lines: Mapping[str, pd.DataFrame], crossing: float, training: float) -> Figure:
    """Rate that each chip can reach against tokens an expert gets at once.

    ``lines`` have columns tokens, tflops; ``crossing`` and ``training`` are numbers of tokens.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    for (name, line), (hue, _) in zip(lines.items(), LOOKS, strict=False):
        ax.plot(line["tokens"], line["tflops"], color=COLOURS[hue], linewidth=2)
        at = line.iloc[len(line) * 2 // 3]
        label(ax, at["tokens"], at["tflops"] * 1.22, name, hue, ha="center")
    top = max(line["tflops"].max() for line in lines.values())
    for x, text in ((crossing, "lines cross"), (training, "training")):
        ax.axvline(x, color=COLOURS["reference"], linewidth=0.9, linestyle=":")
        label(ax, x * 0.93, top * 1.6, text, ha="right", fontsize=8.5)
    ax.set(xscale="log", yscale="log", xlabel="tokens that an expert gets at once",
           ylabel="8-bit TFLOP per second, at most", ylim=(None, top * 2.2))  # fmt: skip
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{x:,.0f}"))
    return fig


def lost(table: pd.DataFrame, threshold: float) -> Figure:
    """Throughput lost, one row a set of workarounds, with its interval and the threshold.

    ``table`` has columns name, value, low, high in per cent, in order from the top.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.38 * len(table)))
    y = np.arange(len(table))[::-1]
    ax.hlines(y, table["low"], table["high"], color=COLOURS["China"], linewidth=2.4)
    ax.plot(table["value"], y, MARKERS["China"], color=COLOURS["China"], markersize=6)
    ax.axvline(threshold, color=COLOURS["reference"], linewidth=1, linestyle=":")
    label(ax, threshold, len(table) - 0.35, " counts as a handicap", fontsize=8.5)
    ax.set_yticks(y, table["name"])
    ax.set(xlabel="throughput lost against the H100, %", xlim=(-0.15, None), ylim=(-0.6, len(table)))
    return fig


def tornado(table: pd.DataFrame, threshold: float) -> Figure:
    """One bar an input: throughput lost with it alone at its 5% and 95% points.

    ``table`` has columns factor, low, high, value in per cent, widest first.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 1.1 + 0.42 * len(table)))
    charts.tornado(ax, table, ["ours"] * len(table), height=0.6)
    ax.axvline(threshold, color=COLOURS["reference"], linewidth=1, linestyle=":")
    label(ax, threshold, len(table) - 0.3, " counts as a handicap", fontsize=8.5)
    ax.set(xlabel="throughput lost without workarounds, %", ylim=(-0.6, len(table)))
    return fig


def gap(table: pd.DataFrame) -> Figure:
    """Best 16-bit rates by year: NVIDIA anywhere, NVIDIA sold to China, and domestic with its interval.

    ``table`` has columns year, nvidia, legal, domestic, low, high in TFLOP per second.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    year = table["year"]
    lines = {
        "nvidia": ("US", "best NVIDIA chip", "-"),
        "legal": ("US", "best that could be sold to China", ":"),
        "domestic": ("China", "best domestic chip", "-"),
    }
    band(ax, year, table["low"], table["high"], "China")
    for column, (hue, text, style) in lines.items():
        ax.plot(year, table[column], style, marker=MARKERS[hue], color=COLOURS[hue], linewidth=2)
        label(ax, year.iloc[-1] + 0.12, table[column].iloc[-1], text.replace(" that", "\nthat"), hue)
    ax.set(yscale="log", ylabel="16-bit TFLOP per second, dense", xlabel="end of the year",
           xlim=(year.min() - 0.3, year.max() + 2.1), xticks=list(year))  # fmt: skip
    ax.yaxis.set_major_locator(ticker.FixedLocator([125, 250, 500, 1000, 2000]))
    ax.yaxis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{x:,.0f}"))
    ax.yaxis.set_minor_locator(ticker.NullLocator())
    return fig

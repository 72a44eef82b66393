"""Figures of speed records: the fall of the time, what it came from, and others' paces beside it."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import matplotlib.ticker as ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import label, whiskers
from moat.plot.palette import COLOURS, MARKERS

CLASSES = ("algorithm", "mixed", "kernel", "framework", "precision")


def records(table: pd.DataFrame, day: str, words: Sequence[str]) -> Figure:
    """The time of each record on its date, marked by what it changed.

    ``table`` has columns date, minutes and class; ``day`` parts the two halves, which ``words`` describe.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.6))
    date = pd.to_datetime(table["date"])
    ax.step(date, table["minutes"], where="post", color=COLOURS["reference"], linewidth=1)
    first = table["class"] == "baseline"
    ax.plot(date[first], table["minutes"][first], MARKERS["reference"], color=COLOURS["reference"])
    for name in CLASSES:
        own = table["class"] == name
        ax.plot(
            date[own], table["minutes"][own], MARKERS[name], color=COLOURS[name], markersize=5.5, label=name
        )
    ax.axvline(pd.Timestamp(day), color=COLOURS["text"], linestyle=":", linewidth=1)
    for at, text, side in zip((0.31, 0.36), words, ("right", "left"), strict=True):
        ax.text(at, 0.93, text, transform=ax.transAxes, ha=side, va="top", fontsize=9.5)
    ax.legend(loc="upper right", bbox_to_anchor=(1, 0.84))
    _plain(ax, "y", [1, 2, 5, 10, 20, 45])
    ax.set(ylim=(1, 60), ylabel="minutes to the target loss on eight H100")
    ax.tick_params(axis="x", rotation=30)
    return fig


def parts(table: pd.DataFrame) -> Figure:
    """Share of all gain by class in two windows: columns window, class, value, low, high."""
    windows = list(dict.fromkeys(table["window"]))
    fig, ax = plt.subplots(figsize=(WIDTH, 3.8))
    rows = [c for c in CLASSES if c in set(table["class"])][::-1]
    for i, when in enumerate(windows):
        hue = ("dropped", "ours")[i]
        for row in table[table["window"] == when].itertuples():
            whiskers(ax, row.value, row.low, row.high, rows.index(row[2]) + 0.15 - 0.3 * i, hue)
        label(ax, 0.98, 0.46 - 0.09 * i, when, hue, ha="right", transform=ax.transAxes)
    ax.set_yticks(range(len(rows)), rows)
    ax.set(xlim=(-1, 101), xlabel="share of the gain, on a log scale of time, %")
    return fig


def tokens_and_speed(table: pd.DataFrame, named: dict[int, tuple[str, tuple[float, float]]]) -> Figure:
    """The path of the records in the plane of tokens needed and tokens a second, with lines of equal time.

    ``table`` has columns record, tokens and speed; ``named`` gives some records a word and its place
    as an offset in points.
    """
    known = table.dropna(subset=["tokens"])
    x, y = known["tokens"] / 1e9, known["speed"] / 1e6
    fig, ax = plt.subplots(figsize=(WIDTH, 4.6))
    span = np.array([0.25, 16])
    for minutes in (1.25, 3, 10, 45):
        ax.plot(span, span * 1e3 / minutes / 60, ":", color=COLOURS["reference"], linewidth=1)
        at = min(5.6e-3 * 60 * minutes, 13.5)
        text = f"{minutes:g} min"
        label(ax, at, at * 1e3 / minutes / 60, text, "reference", fontsize=8.5, ha="left", va="bottom")
    ax.plot(x, y, "-", color=COLOURS["ours"], linewidth=1, alpha=0.6)
    ax.plot(x, y, "o", color=COLOURS["ours"], markersize=4)
    for row in known[known["record"].isin(named)].drop_duplicates("record").itertuples():
        text, offset = named[int(row.record)]
        ax.annotate(text, (row.tokens / 1e9, row.speed / 1e6), offset, textcoords="offset points", fontsize=9)
    _plain(ax, "x", [0.3, 0.5, 1, 2, 5, 10])
    _plain(ax, "y", [2.5, 3, 3.5, 4, 5])
    ax.set(xlim=(14, 0.28), ylim=(2.2, 6), ylabel="million tokens a second")
    ax.set_xlabel("billion tokens to the target loss (fewer to the right)")
    return fig


def paces(table: pd.DataFrame) -> Figure:
    """Months in which time or compute halves: columns name, ours, value, low, high, top row first."""
    fig, ax = plt.subplots(figsize=(WIDTH, 0.5 * len(table) + 1.1))
    for i, row in enumerate(table.iloc[::-1].itertuples()):
        whiskers(ax, row.value, row.low, row.high, i, "ours" if row.ours else "hoffmann")
    ax.set_yticks(range(len(table)), table["name"][::-1])
    _plain(ax, "x", [1, 2, 5, 10, 20, 50])
    ax.set(xlim=(0.6, 60), ylim=(-0.6, len(table) - 0.4), xlabel="months to halve")
    return fig


def _plain(ax: Axes, axis: str, ticks: Sequence[float]) -> None:
    """A logarithmic axis with these ticks as plain numbers."""
    ax.set(**{f"{axis}scale": "log"})
    own = getattr(ax, f"{axis}axis")
    own.set_major_locator(ticker.FixedLocator(ticks))
    own.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    own.set_minor_locator(ticker.NullLocator())

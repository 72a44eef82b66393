"""Figures of compute against lag: runs by side, shares of chips, three series on one axis, steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label, log_axis
from moat.plot.palette import COLOURS, MARKERS


def runs(points: pd.DataFrame, levels: Mapping[str, pd.DataFrame], silent: pd.Timestamp, day: str) -> Figure:
    """Every run by date and compute, and the level of each side with what silence allows.

    ``points`` has columns date, flop, side; ``levels`` maps a side to date, low, high (FLOP).
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.4))
    for side, rows in points.groupby("side"):
        style = {"color": COLOURS[side], "alpha": 0.35, "markersize": 4.5, "linestyle": "none"}
        ax.plot(pd.to_datetime(rows["date"]), rows["flop"], marker=MARKERS[side], **style)
    for side, level in levels.items():
        when = pd.to_datetime(level["date"])
        band(ax, when, level["low"], level["high"], side)
        ax.plot(when, level["low"], color=COLOURS[side], linewidth=2)
        label(ax, when.iloc[-1] + pd.Timedelta(days=25), level["low"].iloc[-1], side, side)
    ax.set(yscale="log", ylabel="training compute, FLOP", xlim=(None, pd.Timestamp("2027-01-15")))
    log_axis(ax.yaxis)
    _days(ax, {"27 January 2025": pd.Timestamp(day)})
    ax.axvspan(silent, pd.Timestamp("2027-01-15"), color=COLOURS["reference"], alpha=0.1, linewidth=0)
    label(ax, silent + pd.Timedelta(days=15), ax.get_ylim()[0] * 2, "leaders silent", fontsize=8.5)
    return fig


def share(curve: pd.DataFrame, marks: Mapping[str, str]) -> Figure:
    """A share by quarter with its band, and dated marks; columns date, value, low, high, in per cent."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.6))
    band(ax, curve["date"], curve["low"], curve["high"], "China")
    ax.plot(curve["date"], curve["value"], MARKERS["China"] + "-", color=COLOURS["China"], markersize=5)
    ax.set(ylabel="share of counted AI compute, %", ylim=(0, None))
    _days(ax, {name: pd.Timestamp(day) for name, day in marks.items()})
    return fig


def three(series: Mapping[str, pd.DataFrame], day: str) -> Figure:
    """Panels below each other on one axis of half-years: title to columns date, value, low, high.

    A panel with a column bound is drawn as a range only where that is true.
    """
    fig, axes = plt.subplots(len(series), 1, figsize=(WIDTH, 5.6), sharex=True)
    for ax, (title, rows) in zip(axes, series.items(), strict=True):
        when = pd.to_datetime(rows["date"])
        ax.vlines(when, rows["low"], rows["high"], color=COLOURS["China"], linewidth=2.2)
        known = ~rows["bound"]
        ax.plot(when[known], rows["value"][known], MARKERS["China"] + "-", color=COLOURS["China"])
        ax.set_title(title)
        ax.set_ylim(0, rows["high"].max() * 1.12)
        ax.axvline(pd.Timestamp(day), color=COLOURS["reference"], linewidth=0.9, linestyle=":")
    return fig


def parts(table: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Shares of growth with intervals, one row a part; columns part, side, value, low, high."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.4))
    for side, move in {"US": 0.15, "China": -0.15}.items():
        rows = table[table["side"] == side].set_index("part").loc[list(names)]
        y = np.arange(len(names))[::-1] + move
        ax.hlines(y, rows["low"], rows["high"], color=COLOURS[side], linewidth=2.2)
        ax.plot(rows["value"], y, MARKERS[side], color=COLOURS[side], markersize=7, label=side)
    ax.axvline(0, color=COLOURS["reference"], linewidth=0.8)
    ax.set_yticks(range(len(names))[::-1], names)
    ax.set(xlabel="share of the growth of log training compute, %")
    ax.legend(loc="lower right")
    return fig


def steps(table: pd.DataFrame, bar: float, named: Sequence[str]) -> Figure:
    """Steps of the Chinese frontier by date, some named; columns model, date, step, low, high."""
    fig, ax = plt.subplots(figsize=(WIDTH, 3.6))
    when = pd.to_datetime(table["date"])
    ax.vlines(when, table["low"], table["high"], color=COLOURS["China"], alpha=0.4, linewidth=2)
    ax.plot(when, table["step"], MARKERS["China"], color=COLOURS["China"], markersize=6)
    for row in table[table["model"].isin(named)].itertuples():
        label(ax, pd.Timestamp(row.date) + pd.Timedelta(days=14), row.step, row.model)
    ax.axhline(bar, color=COLOURS["reference"], linestyle="--", linewidth=0.9)
    label(ax, when.max(), bar, "95th percentile before R1", ha="right", va="bottom", fontsize=8.5)
    ax.set(ylabel="step of the frontier, index points", ylim=(0, None))
    return fig


def _days(ax: Axes, days: Mapping[str, pd.Timestamp]) -> None:
    for name, day in days.items():
        ax.axvline(day, color=COLOURS["reference"], linewidth=0.9, linestyle=":")
        ax.annotate(name, (day, 1), xycoords=("data", "axes fraction"), xytext=(4, -8),
                    textcoords="offset points", fontsize=8.5, color=COLOURS["text"])  # fmt: skip

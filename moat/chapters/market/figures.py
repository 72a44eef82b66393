"""Figures of one day on the market: groups among ordinary days, paths, who fell, who came back."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import matplotlib.pyplot as plt
import matplotlib.ticker as ticker
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label
from moat.plot.palette import COLOURS, MARKERS, SHAPES

#: Which look of the palette stands for a side of the trade.
SIDES = {"supplier": "China", "buyer": "US", "neither": "elsewhere"}


def placebos(quiet: pd.DataFrame, event: pd.Series, sides: Mapping[str, str], threshold: float) -> Figure:
    """One row a group: a tick for each placebo day, and the event as a large mark.

    ``quiet`` has one column a group in order from the top and one row a day, ``event`` one value a group,
    both abnormal returns in per cent.
    """
    groups = list(quiet.columns)
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.52 * len(groups)))
    ax.axvline(0, color=COLOURS["reference"], linewidth=0.8)
    ax.axvline(threshold, color=COLOURS["reference"], linewidth=1, linestyle=":")
    for y, name in zip(range(len(groups))[::-1], groups, strict=True):
        hue = SIDES[sides[name]]
        ax.plot(quiet[name], np.full(len(quiet), y), "|", color=COLOURS["reference"], markersize=11,
                markeredgewidth=0.8, alpha=0.45, rasterized=True)  # fmt: skip
        ax.plot(event[name], y, MARKERS[hue], color=COLOURS[hue], markersize=10,
                markeredgecolor="white")  # fmt: skip
    ax.set_yticks(range(len(groups))[::-1], groups)
    label(ax, threshold - 0.25, len(groups) - 0.35, "counts as a fall", ha="right", fontsize=8.5)
    ax.set(xlabel="mean abnormal return, %", ylim=(-0.6, len(groups) - 0.1))
    return fig


def paths(table: pd.DataFrame, sides: Mapping[str, str], day: int) -> Figure:
    """Added abnormal returns by group in small panels, with the 90% range of placebo days.

    ``table`` has columns group, offset, value, low, high; offset 0 is ``day`` in the calendar of the
    axis and is marked.
    """
    groups = list(dict.fromkeys(table["group"]))
    deep = -(-len(groups) // 2)
    fig, axes = plt.subplots(
        deep, 2, sharex=True, sharey=True, squeeze=False, figsize=(WIDTH, 1.9 * deep + 0.5)
    )
    for ax in axes.flat[len(groups) :]:
        ax.set_visible(False)
    for ax, name in zip(axes.flat, groups, strict=False):
        part, hue = table[table["group"] == name], SIDES[sides[name]]
        band(ax, part["offset"], part["low"], part["high"], "reference")
        ax.axvline(day, color=COLOURS["reference"], linewidth=0.9, linestyle=":")
        ax.axhline(0, color=COLOURS["reference"], linewidth=0.8)
        ax.plot(part["offset"], part["value"], color=COLOURS[hue], linewidth=2)
        ax.set_title(name, fontsize=10)
    for ax in axes[-1]:
        ax.set_xlabel("trading days from 27 January")
    fig.supylabel("added abnormal return since 21 January, %", fontsize=10.5)
    return fig


def run_ups(points: pd.DataFrame, named: list[str]) -> alt.LayerChart:
    """Abnormal return against the run-up of the year before; hover a point to see which share it is.

    ``points`` has columns name, group, side, run_up and abnormal (per cent), chip_beta; those ``named``
    are labelled.
    """
    sides = [s for s in SIDES if s in set(points["side"])]
    x = (
        alt.X("run_up:Q", title="run-up over the year before, log %")
        .scale(nice=False, padding=20)
        .axis(values=list(range(-100, 250, 50)))
    )
    y = alt.Y("abnormal:Q", title="abnormal return of 27 January, %")
    looks = {"domain": sides, "range": [COLOURS[SIDES[s]] for s in sides]}
    shapes = {"domain": sides, "range": [SHAPES[SIDES[s]] for s in sides]}
    tip = [
        alt.Tooltip("name:N"), alt.Tooltip("group:N"),
        alt.Tooltip("abnormal:Q", format=".1f", title="abnormal return, %"),
        alt.Tooltip("run_up:Q", format=".0f", title="run-up, log %"),
        alt.Tooltip("chip_beta:Q", format=".2f", title="beta to chip makers"),
    ]  # fmt: skip
    dots = alt.Chart(points).mark_point(filled=True, size=60, opacity=0.8)
    dots = dots.encode(
        x=x,
        y=y,
        color=alt.Color("side:N").scale(**looks),
        shape=alt.Shape("side:N").scale(**shapes),
        tooltip=tip,
    )
    words = {"fontSize": 11, "color": COLOURS["text"], "align": "left", "dx": 7, "dy": 3}
    names = alt.Chart(points[points["name"].isin(named)]).mark_text(**words).encode(x=x, y=y, text="name:N")
    return alt.layer(dots, names)


def regained(members: pd.DataFrame, medians: pd.DataFrame, sides: Mapping[str, str], last: int) -> Figure:
    """Trading days until each share was back, a dot a share, and each group's median with its interval.

    ``members`` has columns group, days; ``medians`` group, value, low, high, in order from the top.
    """
    groups = list(medians["group"])
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.52 * len(groups)))
    for y, row in zip(range(len(groups))[::-1], medians.itertuples(), strict=True):
        days, hue = np.sort(members.loc[members["group"] == row.group, "days"]), SIDES[sides[row.group]]
        repeat = pd.Series(days).groupby(days).cumcount().to_numpy()
        ax.plot(
            days, y - 0.16 - 0.05 * np.minimum(repeat, 6), ".", color=COLOURS[hue], alpha=0.6, markersize=5
        )
        ax.plot(
            [row.low, row.high], [y + 0.12] * 2, color=COLOURS[hue], linewidth=2.4, solid_capstyle="round"
        )
        ax.plot(row.value, y + 0.12, MARKERS[hue], color=COLOURS[hue], markersize=8)
    ax.set_yticks(range(len(groups))[::-1], groups)
    ax.set_xscale("function", functions=(_root, _square))
    ax.xaxis.set_major_locator(ticker.FixedLocator([0, 1, 5, 20, 50, 100, 200, 300]))
    ax.set(xlabel="trading days after 27 January until the close of 24 January was regained",
           xlim=(-0.1, last), ylim=(-0.7, len(groups) - 0.4))  # fmt: skip
    return fig


def _root(x: np.ndarray) -> np.ndarray:
    """A square root that also knows what to do left of zero, where the axis has its margin."""
    return np.sign(x) * np.sqrt(np.abs(x))


def _square(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.square(x)

"""Figures of capability against compute, of multipliers, and of what crossing costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.charts import forest
from moat.plot.figure import WIDTH
from moat.plot.marks import label, log_axis
from moat.plot.palette import COLOURS, MARKERS, SHAPES


def compute_map(points: pd.DataFrame, lines: pd.DataFrame, named: Sequence[str]) -> alt.LayerChart:
    """Capability against training compute; hover a point to see which model it is.

    ``points`` has columns model, lab, side, date, flop, capability, multiplier, confidence; ``lines``
    flop, capability, day, one straight line a day; ``named`` models are labelled.
    """
    sides = [s for s in SHAPES if s in set(points["side"])]
    shown = points.assign(date=points["date"].dt.strftime("%d %b %Y"))
    x = alt.X("flop:Q", title="training compute, FLOP").scale(type="log", nice=False, padding=35)
    powers = "{22:'10²²',23:'10²³',24:'10²⁴',25:'10²⁵',26:'10²⁶',27:'10²⁷'}[round(log(datum.value)/LN10)]"
    x = x.axis(values=[10.0**k for k in range(22, 28)], labelExpr=powers)
    y = alt.Y("capability:Q", title="capability, index points").scale(zero=False)
    hue = alt.Color("side:N").scale(domain=sides, range=[COLOURS[s] for s in sides])
    form = alt.Shape("side:N").scale(domain=sides, range=[SHAPES[s] for s in sides])
    tip = [
        alt.Tooltip("model:N"), alt.Tooltip("lab:N"), alt.Tooltip("date:N"),
        alt.Tooltip("capability:Q", format=".1f"), alt.Tooltip("flop:Q", format=".1e", title="FLOP"),
        alt.Tooltip("multiplier:Q", format=".2g", title="worth × its compute"),
        alt.Tooltip("confidence:N", title="compute is"),
    ]  # fmt: skip
    dots = alt.Chart(shown).mark_point(filled=True, size=55, opacity=0.8)
    dots = dots.encode(x=x, y=y, color=hue, shape=form, tooltip=tip)
    trend = alt.Chart(lines).mark_line(color=COLOURS["text"], strokeWidth=1, strokeDash=[4, 3])
    trend = trend.encode(x=x, y=y, detail="day:N")
    ends = lines.loc[lines.groupby("day")["flop"].idxmin()]
    words = {"fontSize": 11, "color": COLOURS["text"]}
    days = alt.Chart(ends).mark_text(align="left", dx=2, dy=13, **words).encode(x=x, y=y, text="day:N")
    names = alt.Chart(shown[shown["model"].isin(named)]).mark_text(align="left", dx=7, dy=3, **words)
    return alt.layer(trend, days, dots, names.encode(x=x, y=y, text="model:N"))


def multipliers(table: pd.DataFrame, strong: str, xlabel: str) -> Figure:
    """One row a model with its interval, on a logarithmic axis; the row of lab ``strong`` stands out.

    ``table`` has columns lab, model, side, value, low, high, in the order of drawing from the top.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.27 * len(table)))
    widths = np.where(table["lab"] == strong, 3.2, 1.4)
    sizes = {"widths": widths, "sizes": 4 + widths, "capstyle": "round"}
    forest(ax, table, table["model"], table["side"], **sizes)
    ax.axvline(1, color=COLOURS["reference"], linewidth=0.8, linestyle=":")
    for tick, lab in zip(ax.get_yticklabels(), table["lab"], strict=True):
        tick.set_fontweight("bold" if lab == strong else "normal")
    ax.set(xscale="log", xlabel=xlabel)
    log_axis(ax.xaxis)
    sides = dict.fromkeys(table["side"])
    for name in sides:
        ax.plot([], [], marker=MARKERS[name], color=COLOURS[name], linestyle="none", label=name)
    ax.legend(loc="lower right")
    return fig


def curve(grid: pd.DataFrame, choices: Mapping[str, str], ylabel: str, primary: float) -> Figure:
    """All specifications in order of their value, and below which choices each one made.

    ``grid`` has the columns value, low, high and those of ``choices``, which gives each its label.
    """
    table = grid.sort_values("value", ignore_index=True)
    levels = [(c, v) for c in choices for v in dict.fromkeys(grid[c])]
    fig, (top, below) = plt.subplots(
        2, 1, sharex=True, figsize=(WIDTH, 2.9 + 0.19 * len(levels)),
        height_ratios=[2.6, 0.19 * len(levels)],
    )  # fmt: skip
    at = np.arange(len(table))
    top.vlines(at, table["low"], table["high"], color=COLOURS["others"], linewidth=0.7, alpha=0.6)
    top.plot(at, table["value"], ".", color=COLOURS["ours"], markersize=3)
    top.axhline(1, color=COLOURS["reference"], linewidth=0.8, linestyle=":")
    top.axhline(primary, color=COLOURS["text"], linewidth=0.8, linestyle="--")
    label(top, 0, primary * 1.25, "the first specification", fontsize=8.5)
    top.set(yscale="log", ylabel=ylabel)
    log_axis(top.yaxis)
    for k, (column, value) in enumerate(levels[::-1]):
        hit = at[(table[column] == value).to_numpy()]
        below.plot(hit, np.full(len(hit), k), "|", color=COLOURS["text"], markersize=5, markeredgewidth=0.7)
    below.set_yticks(range(len(levels)), [f"{choices[c]}: {v}" for c, v in levels[::-1]], fontsize=8)
    below.set_xlabel("specification, in the order of its result")
    return fig


def falls(table: pd.DataFrame, rate: float, low: float, high: float) -> Figure:
    """The discount of each record over the months, and the price of crossing through them.

    ``table`` has columns model, months, discount (log10); ``rate`` and its ends are × a year.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    for _, rows in table.groupby("model", sort=False):
        ax.plot(rows["months"], 10 ** rows["discount"], color=COLOURS["others"], linewidth=1.2, alpha=0.9)
    ends = table.loc[table.groupby("model")["months"].idxmax()].sort_values("discount")
    last = -np.inf
    for row in ends[ends["discount"] > 0].itertuples():
        last = max(row.discount, last + 0.09)
        label(ax, row.months + 0.3, 10**last, row.model, fontsize=8.5)
    months = np.array([0.0, table["months"].max()])
    power = months / 12
    ax.fill_between(months, low**power, high**power, color=COLOURS["ours"], alpha=0.15, linewidth=0)
    ax.plot(months, rate**power, color=COLOURS["ours"], linewidth=2.2)
    ax.set(yscale="log", xlabel="months since a level was first shown", xlim=(0, months[1] * 1.3))
    ax.set_ylabel("first compute over least compute since, ×")
    log_axis(ax.yaxis)
    return fig


def parity(panels: Mapping[str, tuple[pd.DataFrame, float]]) -> Figure:
    """Differences with their intervals against margins of equivalence, one panel a gauge.

    ``panels`` maps the label of an axis to (columns name, value, low, high; margin).
    """
    rows = [len(table) for table, _ in panels.values()]
    fig, axes = plt.subplots(
        len(panels), 1, figsize=(WIDTH, 1.2 + 0.42 * sum(rows)), height_ratios=rows, squeeze=False
    )
    for ax, (text, (table, margin)) in zip(axes[:, 0], panels.items(), strict=True):
        ax.axvspan(-margin, margin, color=COLOURS["reference"], alpha=0.15, linewidth=0)
        ax.axvline(0, color=COLOURS["reference"], linewidth=0.8)
        every = len(table)
        forest(ax, table, table["name"], ["China"] * every, widths=[2] * every, sizes=[6] * every)
        ax.set(xlabel=text, ylim=(-0.6, len(table) - 0.4))
    return fig

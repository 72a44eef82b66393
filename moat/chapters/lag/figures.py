"""Figures of the race: who led when, how far behind, how long until a step was matched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label
from moat.plot.palette import COLOURS, MARKERS, SHAPES


def staircases(points: pd.DataFrame, stairs: pd.DataFrame, day: str) -> alt.LayerChart:
    """Capability by date, a staircase of the best so far a side; hover a point to see who it is.

    ``points`` has columns model, lab, side, weights, date, score, interval; ``stairs`` date, score, side.
    """
    sides = [s for s in SHAPES if s in set(points["side"])]
    shown = points.assign(day=points["date"].dt.strftime("%d %b %Y"))
    x = alt.X("date:T", title=None).axis(format="%Y", tickCount="year")
    y = alt.Y("score:Q", title="capability, index points").scale(zero=False)
    hue = alt.Color("side:N").scale(domain=sides, range=[COLOURS[s] for s in sides])
    form = alt.Shape("side:N").scale(domain=sides, range=[SHAPES[s] for s in sides])
    tip = [alt.Tooltip(f"{name}:N") for name in ("model", "lab", "weights")]
    tip += [alt.Tooltip("day:N", title="date"), alt.Tooltip("interval:N", title="index, 90%")]
    dots = alt.Chart(shown).mark_point(filled=True, size=45, opacity=0.55)
    dots = dots.encode(x=x, y=y, color=hue, shape=form, tooltip=tip)
    line = alt.Chart(stairs).mark_line(interpolate="step-after", strokeWidth=2)
    rule = alt.Chart(pd.DataFrame({"date": [day]})).mark_rule(color=COLOURS["reference"], strokeDash=[2, 3])
    return alt.layer(rule.encode(x=x), line.encode(x=x, y=y, color=hue), dots)


def over_time(curves: Mapping[str, pd.DataFrame], day: float, marks: Sequence[float] = ()) -> Figure:
    """The as-of lag by date with its band, one curve a follower, and the day of the editorial.

    ``curves`` maps a name of the palette to columns day (since 1970), value, low, high, in months.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.0))
    for (name, curve), dash in zip(curves.items(), ("-", "--", ":"), strict=False):
        when = curve["day"].to_numpy().astype("datetime64[D]")
        band(ax, when, curve["low"], curve["high"], name)
        ax.plot(when, curve["value"], color=COLOURS[name], linestyle=dash, linewidth=1.6, label=name)
    editorial = np.datetime64(int(day), "D")
    ax.axvline(editorial, color=COLOURS["reference"], linewidth=0.9, linestyle=":")
    for height in marks:
        ax.axhline(height, color=COLOURS["reference"], linewidth=0.9, linestyle="--")
        label(ax, 0.01, height + 0.6, f"{height:g} months", transform=ax.get_yaxis_transform(), fontsize=8.5)
    ax.annotate("27 January 2025", (editorial, 1), xycoords=("data", "axes fraction"), xytext=(4, -8),
                textcoords="offset points", fontsize=8.5, color=COLOURS["text"])  # fmt: skip
    ax.set(ylabel="months behind, as of the day", ylim=(0, None))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return fig


def waiting(steps: pd.DataFrame, curves: Mapping[str, pd.DataFrame]) -> Figure:
    """Left, each step by date and the months until its match, open where it still waits; right, curves.

    ``steps`` has columns day, months, matched; ``curves`` maps a name to columns months, matched (per
    cent), before and after the editorial.
    """
    fig, (ax, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.9), width_ratios=[1.25, 1])
    when = steps["day"].to_numpy().astype("datetime64[D]")
    got = steps["matched"].to_numpy()
    style = {"linestyle": "none", "color": COLOURS["China"], "marker": MARKERS["China"], "markersize": 6}
    ax.plot(when[got], steps["months"][got], label="matched", **style)
    ax.plot(when[~got], steps["months"][~got], mfc="white", label="not yet", **style)
    for x, y in zip(when[~got], steps["months"][~got], strict=True):
        ax.annotate(
            "", (x, y + 2.2), (x, y + 0.4), arrowprops={"arrowstyle": "->", "color": COLOURS["China"]}
        )
    ax.set(
        ylabel="months until a Chinese model matched it", xlabel="day of the American step", ylim=(0, None)
    )
    ax.xaxis.set_major_locator(plt.matplotlib.dates.YearLocator())
    ax.xaxis.set_major_formatter(plt.matplotlib.dates.DateFormatter("%Y"))
    ax.legend(loc="upper right")
    for (name, curve), hue, dash in zip(curves.items(), ("reference", "China"), ("--", "-"), strict=True):
        right.step(curve["months"], curve["matched"], where="post", color=COLOURS[hue], linestyle=dash)
        label(right, curve["months"].iloc[-1] + 0.3, curve["matched"].iloc[-1], name, hue)
    right.axhline(50, color=COLOURS["reference"], linewidth=0.7, linestyle=":")
    right.set(xlabel="months since the step", ylabel="steps matched, %", ylim=(0, 102), xlim=(0, 24))
    return fig


def luck(slopes: Mapping[str, tuple[Sequence[float], float]]) -> Figure:
    """Slopes of simulated races without a trend, one panel a window, and the slope of the record.

    ``slopes`` maps a title to the simulated slopes and the real one, in months a year.
    """
    fig, axes = plt.subplots(1, len(slopes), figsize=(WIDTH, 3.0), sharex=True, sharey=True)
    for ax, (title, (simulated, real)) in zip(np.atleast_1d(axes), slopes.items(), strict=True):
        ax.hist(np.clip(simulated, -12, 12), bins=np.arange(-12, 12.5, 1), color=COLOURS["others"], alpha=0.6)
        ax.axvline(real, color=COLOURS["China"], linewidth=2)
        ax.axvspan(-2, 2, color=COLOURS["reference"], alpha=0.15, linewidth=0)
        ax.set(title=title, xlabel="slope of the lag, months a year", yticks=[])
        ax.spines["left"].set_visible(False)
        away = 0.4 if real > 0 else -0.4
        style = {"ha": "left" if real > 0 else "right", "transform": ax.get_xaxis_transform()}
        label(ax, real + away, 0.94, "the record", "China", **style)
    return fig


def specification_curve(grid: pd.DataFrame, marks: Mapping[str, float], xlabel: str) -> Figure:
    """Every specification sorted by its value, with its interval, coloured by follower; named marks."""
    table = grid.sort_values(["value", "follower"], ignore_index=True)
    fig, ax = plt.subplots(figsize=(WIDTH, 4.2))
    for follower, rows in table.groupby("follower"):
        style = {"color": COLOURS[follower], "alpha": 0.5, "linewidth": 1.2}
        ax.hlines(rows.index, rows["low"], rows["high"], **style)
        ax.plot(
            rows["value"],
            rows.index,
            MARKERS[follower],
            color=COLOURS[follower],
            markersize=4,
            label=follower,
        )
    for name, at in marks.items():
        ax.axvline(at, color=COLOURS["reference"], linewidth=0.9, linestyle="--")
        label(
            ax, at - 0.25, 0.97, name, transform=ax.get_xaxis_transform(), ha="right", va="top", rotation=90
        )
    ax.set(xlabel=xlabel, ylabel="specification, sorted", yticks=[], xlim=(0, None))
    ax.legend(loc="lower center", bbox_to_anchor=(0.56, 0.02))
    return fig

"""Marks that recur: bands, whiskers, direct labels, logarithmic axes."""

from __future__ import annotations

import matplotlib.ticker as ticker
from matplotlib.axes import Axes

from moat.numbers import scientific
from moat.plot.palette import COLOURS, MARKERS


def band(ax: Axes, x, low, high, name: str, **style) -> None:
    """An interval along x in the colour of ``name``."""
    ax.fill_between(x, low, high, color=COLOURS[name], alpha=0.18, linewidth=0, **style)


def whiskers(ax: Axes, value, low, high, y, name: str, **style) -> None:
    """A point with its horizontal interval."""
    ax.plot([low, high], [y, y], color=COLOURS[name], linewidth=2, solid_capstyle="round")
    ax.plot(value, y, marker=MARKERS[name], color=COLOURS[name], markersize=7, linestyle="none", **style)


def label(ax: Axes, x, y, text: str, name: str = "text", **style) -> None:
    """A word beside the thing it names, in its colour: better than a legend."""
    style = {"va": "center", "fontsize": 9.5} | style
    ax.text(x, y, text, color=COLOURS[name], **style)


def log_axis(axis, minor: bool = False) -> None:
    """A logarithmic axis with powers of ten as plain text."""
    axis.set_major_formatter(ticker.FuncFormatter(lambda x, _: _power(x)))
    if not minor:
        axis.set_minor_formatter(ticker.NullFormatter())


def _power(x: float) -> str:
    """Plain up to ten thousand, else a power of ten in superscript."""
    if x <= 0:
        return ""
    return f"{x:g}" if 1e-3 <= x < 1e4 else scientific(x, 2)

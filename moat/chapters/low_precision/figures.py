"""Figures of low precision: shares and what a bit buys, paired losses, a floor, and a break-even."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import matplotlib.ticker as ticker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import band, label, log_axis
from moat.plot.palette import COLOURS, MARKERS

#: The look of each family of formats, and where it stands beside the others of its bits.
FAMILIES = {
    "weights only": ("epoch", 0.94),
    "both": ("ours", 1.0),
    "both, not rotated": ("dropped", 1.06),
    "floating": ("slices", 1.12),
}


def shares_and_gains(shares: pd.DataFrame, gains: pd.DataFrame) -> Figure:
    """Share of parameters that count, and what a stored bit buys, by bits of a weight.

    Both tables have columns family, weight_bits, value, low, high.
    """
    fig, axes = plt.subplots(1, 2, figsize=(WIDTH, 4.4))
    for ax, table in zip(axes, (shares, gains), strict=True):
        for family, (hue, aside) in FAMILIES.items():
            part = table[table["family"] == family].sort_values("weight_bits")
            x = part["weight_bits"] * aside
            ax.vlines(x, part["low"], part["high"], color=COLOURS[hue], linewidth=2)
            ax.plot(
                x, part["value"], "-", marker=MARKERS[hue], color=COLOURS[hue], markersize=6, linewidth=0.8
            )
        ax.axhline(1, color=COLOURS["reference"], linewidth=0.9, linestyle=":")
        ax.set(xscale="log", xlabel="bits of a stored weight")
        ax.set_xticks([1, 2, 3, 4, 8], ["1", "2", "3", "4", "8"])
        ax.xaxis.set_minor_locator(ticker.NullLocator())
    axes[0].set(yscale="log", title="Share of parameters that count")
    axes[0].yaxis.set_major_locator(ticker.FixedLocator([0.02, 0.05, 0.1, 0.2, 0.5, 1]))
    axes[0].yaxis.set_major_formatter(ticker.FuncFormatter(lambda y, _: f"{y:g}"))
    axes[1].set(title="What a stored bit buys, BF16 = 1", ylim=(0, None))
    for i, (family, (hue, _)) in enumerate(FAMILIES.items()):
        words = "FP4, both" if family == "floating" else family
        label(axes[0], 0.98, 0.27 - 0.08 * i, words, hue, transform=axes[0].transAxes, ha="right")
    return fig


def excess(pairs: pd.DataFrame, names: Mapping[str, tuple[str, str, float]], ceiling: float) -> Figure:
    """Loss above the BF16 run of the same size and text, in per cent, by size.

    ``pairs`` has columns format, params, excess; ``names`` gives each format its palette name, line
    style and by what factor its label is moved; ``ceiling`` is marked, in per cent.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.8))
    for name, (hue, dashes, moved) in names.items():
        part = pairs[pairs["format"] == name].sort_values("params")
        ax.plot(part["params"], part["excess"], dashes, marker=MARKERS[hue], color=COLOURS[hue], markersize=5)
        last = part.iloc[-1]
        x, y = 1.08 * last["params"], moved * last["excess"]
        label(ax, x, y, name.replace(" plain", ", not rotated"), hue, fontsize=8.5)
    ax.axhline(ceiling, color=COLOURS["text"], linewidth=1, linestyle=":")
    label(ax, 2.5e9, ceiling * 0.88, "DeepSeek's ceiling, for training", fontsize=8.5, ha="right")
    _log(ax, "parameters without embeddings", "loss above the BF16 twin, %")
    ax.set_xlim(2.6e7, 2.6e9)
    return fig


def floor(curves: Mapping[str, tuple[pd.DataFrame, str]]) -> Figure:
    """How much worse the fit gets as E is held, in per cent of its lowest objective.

    ``curves`` maps a name to (columns value, objective; palette name).
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 3.8))
    for name, (curve, hue) in curves.items():
        rise = 100 * (curve["objective"] / curve["objective"].min() - 1)
        ax.plot(curve["value"], rise, marker=MARKERS[hue], markersize=4, color=COLOURS[hue])
        inside = curve["value"][rise <= 78]
        at = inside.idxmax()
        label(ax, curve["value"][at] - 0.04, rise[at] + 5, name, hue, ha="right")
    ax.set(xlabel="irreducible loss E, held, nats per token", ylabel="objective above its minimum, %")
    ax.set(ylim=(-3, 90), xlim=(-0.03, curves[next(iter(curves))][0]["value"].max() + 0.03))
    return fig


def break_even(
    lines: Mapping[str, tuple[pd.DataFrame, str]], claim: float, budgets: Mapping[str, float]
) -> Figure:
    """The rise of the loss that uses up a gain in speed, by budget.

    ``lines`` maps a name to (columns flop, value, low, high in per cent; palette name); ``claim`` is
    in per cent; ``budgets`` names some budgets in FLOP.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 4.6))
    for name, (line, hue) in lines.items():
        band(ax, line["flop"], line["low"], line["high"], hue)
        ax.plot(line["flop"], line["value"], color=COLOURS[hue], linewidth=2)
        at = line.iloc[len(line) // 8]
        label(ax, at["flop"], at["value"] * 1.22, name, hue)
    ax.axhline(claim, color=COLOURS["text"], linewidth=1, linestyle="--")
    label(ax, 1.15e20, claim * 0.88, "DeepSeek: at most", fontsize=8.5)
    bottom = min(float(line["low"].min()) for line, _ in lines.values())
    for name, flop in budgets.items():
        ax.axvline(flop, color=COLOURS["reference"], linewidth=0.8, linestyle=":")
        label(ax, flop * 0.9, bottom * 0.9, name, rotation=90, ha="right", va="bottom", fontsize=8.5)
    _log(ax, "training budget (FLOP)", "rise of the loss that uses up the speed, %")
    ax.set(xlim=(1e20, 1e26), ylim=(bottom * 0.85, None))
    return fig


def _log(ax: Axes, xlabel: str, ylabel: str) -> None:
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    for axis in (ax.xaxis, ax.yaxis):
        log_axis(axis)


def as_line(flop: np.ndarray, value: np.ndarray, draws: np.ndarray) -> pd.DataFrame:
    """Columns flop, value, low, high in per cent; ``draws`` has shape (draws, budgets)."""
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return pd.DataFrame({"flop": flop, "value": 100 * value, "low": 100 * low, "high": 100 * high})

"""Figures of attention: loss against cache, memory of long contexts, speed of decoding."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import matplotlib.ticker as ticker
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import label, log_axis
from moat.plot.palette import COLOURS, MARKERS

FAMILIES = {"grouped": ("reference", "shared keys and values"), "latent": ("ours", "latent")}
FORMS = {
    "multi-head": "hoffmann",
    "grouped": "reference",
    "multi-query": "epoch",
    "latent, naive": "dropped",
    "latent, absorbed": "ours",
}


def frontier(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Loss against bytes of cache a token, with intervals, one panel a size of model.

    Columns as `moat.chapters.attention.cache.frontier` gives them.
    """
    fig, axes = plt.subplots(1, len(tables), figsize=(WIDTH, 4.0), squeeze=False)
    for ax, (title, table) in zip(axes[0], tables.items(), strict=True):
        for family, (hue, name) in FAMILIES.items():
            part = table[table["family"] == family]
            x = part["bytes_token"] * (1.04 if family == "latent" else 1)
            ax.plot(x, part["loss"], color=COLOURS[hue], marker=MARKERS[hue], markersize=7, label=name)
            ax.vlines(x, part["low"], part["high"], color=COLOURS[hue], linewidth=1.6, alpha=0.7)
        full = table[table["arm"] == "multi-head"].iloc[0]
        label(ax, full["bytes_token"], full["high"], "one a head ", "reference", ha="right", va="bottom")
        ticks = sorted(table["bytes_token"].unique())
        ax.set(xscale="log", xlabel="bytes of cache a token", title=title if len(tables) > 1 else "")
        ax.set_xticks(ticks, [f"{x:,}" for x in ticks])
        ax.minorticks_off()
    axes[0][0].set_ylabel("loss, nats a character")
    handles, names = axes[0][0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside upper left", ncols=2)
    return fig


def memory(table: pd.DataFrame, room: float) -> Figure:
    """Gigabytes of one long context by model: as it is kept, and if each head kept its own.

    Columns model, gigabytes, full_gigabytes; ``room`` is the memory of one chip, GB.
    """
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.48 * len(table)))
    y = np.arange(len(table))[::-1]
    ax.hlines(y, table["gigabytes"], table["full_gigabytes"], color=COLOURS["reference"], linewidth=1)
    ax.plot(
        table["full_gigabytes"], y, "o", markerfacecolor="white", markersize=7,
        color=COLOURS["reference"], label="if each head kept its own",
    )  # fmt: skip
    ax.plot(table["gigabytes"], y, "o", color=COLOURS["ours"], markersize=8, label="as it is kept")
    for at, value in zip(y, table["gigabytes"], strict=True):
        label(ax, value * 0.86, at, f"{value:.3g}", "ours", ha="right")
    ax.axvline(room, color=COLOURS["text"], linewidth=1, linestyle=":")
    label(ax, room * 1.04, len(table) - 0.42, "one chip", fontsize=8.5)
    ax.set_yticks(y, table["model"])
    ax.set(xscale="log", xlabel="gigabytes of cache for one long context", ylim=(-0.6, len(table) - 0.1))
    ax.set_xlim(left=table["gigabytes"].min() / 2.2)
    log_axis(ax.xaxis)
    fig.legend(loc="outside upper left", ncols=2)
    return fig


def speed(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Tokens a second of one layer against the context, one panel a machine.

    Columns form, context, batch, low, seconds, high (quartiles); one batch a table.
    """
    fig, axes = plt.subplots(1, len(tables), figsize=(WIDTH, 4.2), squeeze=False)
    for ax, (title, table) in zip(axes[0], tables.items(), strict=True):
        for form, hue in FORMS.items():
            part = table[table["form"] == form].sort_values("context")
            if part.empty:
                continue
            x, batch = part["context"], part["batch"]
            style = {"color": COLOURS[hue], "marker": MARKERS[hue], "markersize": 6}
            ax.plot(x, batch / part["seconds"], label=form, **style)
            ax.vlines(
                x, batch / part["high"], batch / part["low"], color=COLOURS[hue], linewidth=2.5, alpha=0.5
            )
        ticks = sorted(table["context"].unique())
        ax.set(
            xscale="log", yscale="log", xlabel="tokens in the cache", title=title if len(tables) > 1 else ""
        )
        ax.set_xticks(ticks, [f"{t:,}" if t < 1024 else f"{t // 1024}k" for t in ticks])
        ax.xaxis.set_minor_locator(ticker.NullLocator())
        log_axis(ax.yaxis)
    axes[0][0].set_ylabel("tokens a second, one layer")
    handles, names = axes[0][0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside upper left", ncols=3)
    return fig


def roofline(tables: Mapping[str, tuple[pd.DataFrame, float, float]]) -> Figure:
    """What each form reached under the two ceilings of its machine.

    Maps a machine to (columns form, intensity in FLOP a byte, flop_s; FLOP a second; bytes a second).
    """
    fig, axes = plt.subplots(1, len(tables), figsize=(WIDTH, 4.2), squeeze=False)
    for ax, (title, (table, flop_s, byte_s)) in zip(axes[0], tables.items(), strict=True):
        x = np.geomspace(
            table["intensity"].min() / 2, max(table["intensity"].max(), flop_s / byte_s) * 3, 400
        )
        ax.plot(x, np.minimum(flop_s, byte_s * x), color=COLOURS["text"], linewidth=1.4)
        label(ax, x[-1], flop_s * 1.15, "arithmetic", "text", ha="right", va="bottom", fontsize=8.5)
        label(ax, x[85], byte_s * x[85] * 1.3, "memory ", "text", ha="right", va="bottom", fontsize=8.5)
        for row in table.itertuples():
            hue = FORMS[row.form]
            ax.plot(row.intensity, row.flop_s, marker=MARKERS[hue], color=COLOURS[hue], markersize=8,
                    linestyle="none", label=row.form)  # fmt: skip
        ax.set(
            xscale="log",
            yscale="log",
            xlabel="FLOP for each byte kept",
            title=title if len(tables) > 1 else "",
        )
        ax.set_ylim(table["flop_s"].min() / 2, flop_s * 2)
        log_axis(ax.xaxis)
        log_axis(ax.yaxis)
    axes[0][0].set_ylabel("FLOP a second")
    handles, names = axes[0][0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside upper left", ncols=3)
    return fig

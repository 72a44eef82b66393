"""The board in one picture: how far each of our values is from the published one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from moat.plot.figure import WIDTH
from moat.plot.marks import label
from moat.plot.palette import COLOURS, MARKERS

#: Where the axis ends; what lies beyond is drawn at the edge with its number.
EDGE = 2.0
LOOKS = {"reproduced": "ours", "missed": "dropped"}


def distances(score: pd.DataFrame, author: Callable[[str], str]) -> Figure:
    """Every row that was run by its distance in tolerances, one line a source; misses are named.

    ``score`` has columns citation, quantity, distance, outcome; ``author`` turns a citation into words.
    """
    shown = score[score["outcome"] != "not run"]
    sources = list(dict.fromkeys(shown["citation"]))
    fig, ax = plt.subplots(figsize=(WIDTH, 0.29 * len(sources) + 1.0))
    ax.axvspan(-1, 1, color=COLOURS["ours"], alpha=0.08, linewidth=0)
    for y, source in enumerate(reversed(sources)):
        rows = shown[shown["citation"] == source].reset_index(drop=True)
        # Dots of one line are spread a little, always in the same way, so that equal ones can be told apart.
        at = y + 0.44 * (np.arange(len(rows)) % 3 - 1) / 2
        for outcome in rows["outcome"].unique():
            here, look = (rows["outcome"] == outcome).to_numpy(), LOOKS[outcome]
            style = {"color": COLOURS[look], "alpha": 0.75, "linestyle": "none", "clip_on": False}
            ax.plot(
                rows["distance"][here].clip(-EDGE, EDGE), at[here], MARKERS[look], markersize=5.5, **style
            )
        for i in np.flatnonzero(rows["outcome"] == "missed"):
            far, x = rows["distance"][i], float(np.clip(rows["distance"][i], -EDGE, EDGE))
            text = textwrap.shorten(rows["quantity"][i], 40, placeholder="…")
            text += f" ({far:.0f} tolerances)" if abs(far) > EDGE else ""
            side, end = (-0.08, "right") if x > 1.4 else (0.08, "left")
            label(
                ax, x + side, at[i], textwrap.fill(text, 24), "dropped", fontsize=8, ha=end, in_layout=False
            )
    ax.set_yticks(range(len(sources)), [author(s) for s in reversed(sources)], fontsize=9)
    ax.set(xlim=(-EDGE, EDGE), ylim=(-0.7, len(sources) - 0.2), xticks=np.arange(-EDGE, EDGE + 1))
    ax.set_xlabel("our value minus the published one, in tolerances")
    label(ax, 0, len(sources) - 0.5, "within tolerance", "ours", ha="center", fontsize=8.5, va="bottom")
    return fig

"""Charts of one row an item: a forest of estimates, a tornado of what moves one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from moat.plot.palette import COLOURS, MARKERS


def forest(
    ax: Axes,
    table: pd.DataFrame,
    names: Sequence[str],
    hues: Sequence[str],
    *,
    widths: Sequence[float],
    sizes: Sequence[float],
    capstyle: str = "projecting",
) -> None:
    """One row an estimate from the top: its interval as a line, its value as the mark of its hue.

    Parameters
    ----------
    table
        Columns value, low and high.
    names, hues
        What each row is called, and its name in the palette.
    widths, sizes
        Width of each line and size of each mark, in points.
    capstyle
        How lines end.
    """
    places = np.arange(len(table))[::-1]
    looks = zip(places, table.itertuples(), hues, widths, sizes, strict=True)
    for y, row, hue, width, size in looks:
        line = {"linewidth": width, "solid_capstyle": capstyle}
        ax.plot([row.low, row.high], [y, y], color=COLOURS[hue], **line)
        ax.plot(row.value, y, marker=MARKERS[hue], color=COLOURS[hue], markersize=size)
    ax.set_yticks(places, names)


def tornado(ax: Axes, table: pd.DataFrame, hues: Sequence[str], *, height: float = 0.62) -> np.ndarray:
    """One bar a factor from the top, where a quantity ends with it at both of its ends; returns their places.

    ``table`` has columns factor, low, high and value, which is the same in every row and drawn as a line;
    ``hues`` names the colour of each bar.
    """
    y = np.arange(len(table))[::-1]
    tones = [COLOURS[hue] for hue in hues]
    ax.barh(y, table["high"] - table["low"], left=table["low"], height=height, color=tones, alpha=0.75)
    ax.axvline(table["value"].iloc[0], color=COLOURS["text"], linewidth=0.9)
    ax.set_yticks(y, table["factor"])
    return y

"""One look for all figures, SVG with text kept as text, and the data that was drawn."""

from __future__ import annotations

import io
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from moat.plot.palette import GREY

#: Width in inches of a figure that fills the text column.
WIDTH = 7.2


def setup() -> None:
    """Set the look.  Call once, in the cell of imports."""
    sns.set_theme(context="notebook", style="ticks")
    mpl.use("agg")
    mpl.rcParams.update(
        {
            "figure.figsize": (WIDTH, 4.2),
            "figure.constrained_layout.use": True,
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans"],
            "font.size": 10.5,
            "axes.labelsize": 10.5,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "xtick.labelsize": 9.5,
            "ytick.labelsize": 9.5,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": GREY,
            "legend.frameon": False,
            "legend.fontsize": 9.5,
            # Text stays text: searchable, scalable, and read aloud.
            "svg.fonttype": "none",
            # The same figure gives the same bytes.
            "svg.hashsalt": "moat",
        }
    )


class Figure:
    """A drawn figure and the table behind it, as one display.

    Jupyter shows the picture; the book also offers the table as CSV below it.
    """

    def __init__(self, drawing: mpl.figure.Figure, data: pd.DataFrame | None):
        buffer = io.StringIO()
        drawing.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
        plt.close(drawing)
        self.svg = slim(buffer.getvalue())
        self.data = data

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        bundle = {"image/svg+xml": self.svg, "text/plain": "<figure>"}
        if self.data is not None:
            bundle["text/csv"] = to_csv(self.data)
        return bundle


#: The attributes of a drawing that hold coordinates.
_PLACES = re.compile(r'\b(d|x|y|x1|x2|y1|y2|points|transform|width|height)="([^"]*)"')
#: A run of markers in one style, which a group can say once; opacity of a group is another thing.
_MARKERS = re.compile(
    r'((?:<use [^>]*? style="(?![^"]*(?<!-)opacity)([^"]*)"/>\n)(?:<use [^>]*? style="\2"/>\n)+)'
)


def slim(svg: str) -> str:
    """A drawing in half the bytes: coordinates to a hundredth of a point, styles of markers said once.

    >>> slim('<path d="M 57.123456 78.654321"/><text>0.3404</text>')
    '<path d="M 57.12 78.65"/><text>0.3404</text>'
    """
    svg = _PLACES.sub(_shorter, re.sub(r"\n +", "\n", svg))
    return _MARKERS.sub(_grouped, svg)


def _grouped(run: re.Match) -> str:
    style = f' style="{run[2]}"'
    return f"<g{style}>\n{run[1].replace(style, '')}</g>\n"


def _shorter(match: re.Match) -> str:
    value = " ".join(match[2].split())
    if "scale" not in value and "matrix" not in value:
        value = re.sub(r"-?[0-9]+[.][0-9]{3,}", _hundredth, value)
    return f'{match[1]}="{value}"'


def _hundredth(match: re.Match) -> str:
    return f"{round(float(match[0]), 2) + 0.0:g}"


def to_csv(data: pd.DataFrame) -> str:
    """The data of a display as it is offered for download."""
    return data.to_csv(index=False, float_format="%.8g", lineterminator="\n")


def figure(drawing: mpl.figure.Figure, data: pd.DataFrame | None = None) -> Figure:
    """Show ``drawing`` and publish ``data`` beside it.

    Leave ``data`` out where it would republish a table whose licence does not allow it.
    """
    return Figure(drawing, data)

"""Figures that answer to the pointer: who is that point?

A chart is shown as a static picture, as every figure is, with its description for Vega-Lite
beside it.  In the book a small script replaces the picture by the live chart; without scripts,
in a notebook, or on paper the picture stays.  Nothing is fetched from elsewhere.
"""

from __future__ import annotations

import copy
import json

import altair as alt
import pandas as pd
import vl_convert

from moat.plot.figure import slim, to_csv
from moat.plot.palette import BLACK, GREY

#: How the description travels in an executed notebook.
MIME = "application/vnd.moat.chart+json"
WIDTH, HEIGHT = 620, 380
FONT = "DejaVu Sans, sans-serif"
CONFIG = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {"grid": False, "domainColor": GREY, "tickColor": GREY, "labelColor": BLACK, "titleColor": BLACK,
             "labelFontSize": 12, "titleFontSize": 13, "titleFontWeight": "normal"},
    "legend": {"labelColor": BLACK, "titleColor": BLACK, "labelFontSize": 12, "orient": "top", "title": None},
}  # fmt: skip


class Interactive:
    """One chart: a picture, its live description and its data, as one display."""

    def __init__(self, chart: alt.TopLevelMixin, data: pd.DataFrame):
        self.spec = _eight_digits(chart.to_dict())
        self.spec |= {"config": CONFIG, "width": "container", "height": HEIGHT, "background": "transparent"}
        still = copy.deepcopy(self.spec) | {"width": WIDTH}
        self.svg = slim(vl_convert.vegalite_to_svg(json.dumps(still)))
        self.data = data

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        bundle = {"image/svg+xml": self.svg, "text/plain": "<interactive figure>", MIME: self.spec}
        return bundle | {"text/csv": to_csv(self.data)}


def _eight_digits(value):
    """A description with its numbers as in the CSV, so that it has the same bytes on every machine."""
    if isinstance(value, dict):
        return {k: _eight_digits(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_eight_digits(v) for v in value]
    return float(f"{value:.8g}") if isinstance(value, float) else value


def interactive(chart: alt.TopLevelMixin, data: pd.DataFrame) -> Interactive:
    """Show an Altair chart (one view or layers) and publish ``data`` beside it.

    >>> points = pd.DataFrame({"x": [1, 2], "y": [3, 4], "name": ["a", "b"]})
    >>> chart = alt.Chart(points).mark_point().encode(x="x:Q", y="y:Q", tooltip="name:N")
    >>> "svg" in interactive(chart, points).svg
    True
    """
    return Interactive(chart, data)

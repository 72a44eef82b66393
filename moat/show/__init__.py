"""Figures and tables with one look, and their data beside them."""

from moat.show.figure import Figure, figure, setup
from moat.show.marks import band, label, log_axis, whiskers
from moat.show.palette import COLOURS, MARKERS, colour
from moat.show.table import Table, table

__all__ = [
    "COLOURS",
    "MARKERS",
    "Figure",
    "Table",
    "band",
    "colour",
    "figure",
    "label",
    "log_axis",
    "setup",
    "table",
    "whiskers",
]

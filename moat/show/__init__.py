"""Figures and tables with one look, and their data beside them."""

from moat.show.figure import Figure, figure, setup
from moat.show.marks import band, label, log_axis, whiskers
from moat.show.palette import COLOURS, MARKERS, SYMBOLS, colour
from moat.show.table import Table, intervals, table

__all__ = [
    "COLOURS",
    "MARKERS",
    "SYMBOLS",
    "Figure",
    "Table",
    "band",
    "colour",
    "figure",
    "intervals",
    "label",
    "log_axis",
    "setup",
    "table",
    "whiskers",
]

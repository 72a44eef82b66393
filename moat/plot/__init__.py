"""Figures and tables with one look, and their data beside them."""

from moat.plot.figure import Figure, figure, setup
from moat.plot.marks import band, label, log_axis, whiskers
from moat.plot.palette import COLOURS, MARKERS, SYMBOLS, colour
from moat.plot.table import Table, intervals, table

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

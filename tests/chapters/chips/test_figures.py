"""Figures of the chips draw what they are given, with words for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import plot
from moat.chapters.chips import figures as draw


@pytest.fixture(autouse=True)
def look():
    plot.setup()


def svg(figure):
    return plot.figure(figure, None).svg


def test_axes_shade_what_is_worse_and_draw_ranges():
    rows = [("A over B", "rate", 1.0, 1.0, 1.0), ("C over B", "rate", 0.2, np.nan, 0.4)]
    rows += [("A over B", "link", 0.5, 0.5, 0.5)]
    table = pd.DataFrame(rows, columns=["name", "axis", "low", "ratio", "high"])
    text = svg(draw.axes(table, 0.9))
    for word in ("A over B", "C over B", "rate", "link"):
        assert f">{word}<" in text


def test_a_roofline_names_its_chips_and_marks():
    line = pd.DataFrame({"tokens": [1.0, 10.0, 100.0], "tflops": [2.0, 20.0, 20.0]})
    text = svg(draw.roofline({"H20": line, "H800": line * 2}, 10.0, 50.0))
    for word in ("H20", "H800", "lines cross", "training"):
        assert f">{word}<" in text


def test_lost_throughput_and_its_causes_show_the_threshold():
    table = pd.DataFrame(
        {"name": ["none", "overlap"], "value": [7.0, 1.0], "low": [6.0, 0.5], "high": [8.0, 2.0]}
    )
    for figure in (draw.lost(table, 5.0), draw.tornado(table.rename(columns={"name": "factor"}), 5.0)):
        text = svg(figure)
        assert "counts as a handicap" in text
        assert ">overlap<" in text


def test_the_gap_has_three_named_lines():
    columns = ["year", "nvidia", "legal", "domestic", "low", "high"]
    rows = [(2022, 900.0, 300.0, 250.0, 220.0, 300.0), (2023, 900.0, 150.0, 310.0, 220.0, 390.0)]
    table = pd.DataFrame(rows, columns=columns)
    text = svg(draw.gap(table))
    for word in ("best NVIDIA chip", "best domestic chip", "that could be sold to China"):
        assert word in text

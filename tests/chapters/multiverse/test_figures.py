"""Figures of the multiverse and the board: what they say is drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import plot
from moat.chapters.multiverse import figures as draw
from moat.chapters.multiverse.choices import REST
from moat.chapters.scoreboard import figures as scoreboard
from moat.evidence import published
from moat.plot.palette import COLOURS
from tests.chapters.multiverse.test_agreement import grid


@pytest.fixture(autouse=True)
def look():
    plot.setup()


def words(drawing) -> str:
    return plot.figure(drawing).svg


def drawn(ax, marker: str) -> np.ndarray:
    """Heights of all points with a marker, in the order of x."""
    lines = [line for line in ax.lines if line.get_marker() == marker]
    points = sorted(p for line in lines for p in zip(line.get_xdata(), line.get_ydata(), strict=True))
    return np.array([y for _, y in points])


def test_a_curve_rises_and_names_each_option_once():
    table = grid().table.iloc[::-1].reset_index(drop=True)
    drawing = draw.curve(grid(table=table))
    top, strip = drawing.axes
    assert drawn(top, "o").tolist() == [3, 4]  # on the claim's side
    assert drawn(top, "X").tolist() == [1, 2]
    text = words(drawing)
    for said in ("dates: b", "form: y", ">a<", ">x<", "months", ">2.5<"):
        assert said in text
    assert len(drawn(strip, "|")) == 2 * len(table)


def test_values_beyond_the_axis_are_arrow_heads_at_its_edge():
    top = draw.curve(grid(), limits=(1.5, 3.5)).axes[0]
    assert drawn(top, "v").tolist() == [1.5]
    assert drawn(top, "^").tolist() == [3.5]
    assert top.get_ylim() == (1.5, 3.5)


def test_a_logarithmic_grid_gets_a_logarithmic_axis():
    assert draw.curve(grid(scale="log")).axes[0].get_yscale() == "log"


def test_agreement_has_a_row_a_part_with_its_number_of_ways():
    table = pd.DataFrame({"claim": ["C01", "C02"], "part": ["p", "q"], "n": [48, 1320]})
    table = table.assign(value=[50.0, 100.0], low=[20.0, 100.0], high=[80.0, 100.0])
    drawing = draw.agreement(table)
    text = words(drawing)
    for said in ("C01  p", "C02  q", ">48<", ">1,320<", "unsettled"):
        assert said in text
    assert sorted(drawn(drawing.axes[0], "o")) == [0, 1]


def test_movers_are_sorted_and_what_acts_together_is_grey_and_last():
    table = pd.DataFrame(
        {"choice": ["small", "large", REST], "share": [0.1, 0.6, 0.3], "by_rank": [0.2, 0.5, 0.3]}
    )
    drawing = draw.movers({"one": table, "two": table})
    assert len(drawing.axes) == 2
    ax = drawing.axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["large", "small", REST]
    assert [round(p.get_width()) for p in ax.patches] == [60, 10, 30]
    grey = [p.get_facecolor()[:3] == pytest.approx(_rgb(COLOURS["reference"])) for p in ax.patches]
    assert grey == [False, False, True]


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def test_only_misses_are_named_and_what_is_far_is_at_the_edge():
    score = pd.DataFrame({"citation": ["one2024"] * 3 + ["two2024"], "distance": [0.2, -1.1, 12.8, np.nan]})
    score["quantity"] = ["met", "near miss", "far", "unrun"]
    score["outcome"] = ["reproduced", "missed", "missed", "not run"]
    drawing = scoreboard.distances(score, published.author)
    text = words(drawing)
    assert ">near miss<" in text
    assert "13" in text
    assert ">met<" not in text
    assert "One 2024" in text
    assert "Two 2024" not in text
    crosses = [x for line in drawing.axes[0].lines if line.get_marker() == "X" for x in line.get_xdata()]
    assert crosses == [-1.1, scoreboard.EDGE]

"""Figures and tables: text stays text, data travels along, the same input gives the same bytes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from moat import plot
from moat.errors import MoatError
from moat.plot.palette import SIDES

DATA = pd.DataFrame({"x": [1.0, 2.0], "name": ["a<b", "c"]})


def drawing():
    plot.setup()
    fig, ax = plt.subplots()
    ax.plot(DATA["x"], DATA["x"], color=plot.colour("ours"), marker=plot.MARKERS["ours"])
    ax.set_xlabel("training budget")
    return fig


def test_a_figure_is_svg_with_text_and_carries_its_data():
    open_before = plt.get_fignums()
    bundle = plot.figure(drawing(), DATA)._repr_mimebundle_()
    assert ">training budget<" in bundle["image/svg+xml"]
    assert bundle["text/csv"].splitlines()[0] == "x,name"
    assert plt.get_fignums() == open_before


def test_the_same_figure_has_the_same_bytes():
    assert plot.figure(drawing()).svg == plot.figure(drawing()).svg


def test_a_figure_without_data_offers_none():
    assert "text/csv" not in plot.figure(drawing())._repr_mimebundle_()


def test_a_table_is_accessible_and_escaped():
    html = plot.table(DATA, label="A & B").html()
    assert 'aria-label="A &amp; B"' in html
    assert "a&lt;b" in html
    assert html.count('scope="col"') == 2
    assert html.count('scope="row"') == 2


def test_a_wide_table_is_refused():
    wide = pd.DataFrame([range(8)])
    with pytest.raises(MoatError, match="at most 7"):
        plot.table(wide, label="w")


def test_every_colour_has_a_marker_and_no_two_things_of_one_kind_look_alike():
    assert set(plot.COLOURS) == set(plot.MARKERS)
    for kind in (set(SIDES), set(plot.COLOURS) - set(SIDES)):
        assert len({(plot.COLOURS[n], plot.MARKERS[n]) for n in kind}) == len(kind)

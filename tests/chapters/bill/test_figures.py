"""Figures of the bill: what they say is drawn."""

from __future__ import annotations

import pandas as pd
import pytest

from moat import plot
from moat.chapters.bill import figures as draw

SCOPES = {1: "final run", 2: "research"}


@pytest.fixture(autouse=True)
def look():
    plot.setup()


def words(drawing) -> str:
    return plot.figure(drawing).svg


def test_the_ladder_has_a_panel_a_rival_and_a_row_a_scope():
    table = pd.DataFrame({"rival": ["A", "A", "B", "B"], "scope": [1, 2, 1, 2], "value": [0.1, 0.1, 0.2, 0.2],
                          "low": [0.1, 0.05, 0.1, 0.1], "high": [0.1, 0.2, 0.4, 0.6]})  # fmt: skip
    drawing = draw.ladder(table, SCOPES, {"a half": 0.5}, "ratio")
    assert len(drawing.axes) == 2
    text = words(drawing)
    for said in ("against A", "against B", "(1) final run", "(2) research", "a half"):
        assert said in text


def test_the_tornado_names_each_factor_and_its_share():
    table = pd.DataFrame({"factor": ["DeepSeek: research", "Llama: staff"], "low": [0.05, 0.08],
                          "high": [0.16, 0.1], "value": 0.09, "share": [0.9, 0.1]})  # fmt: skip
    text = words(draw.tornado(table, "ratio"))
    for said in ("DeepSeek: research", "Llama: staff", "90%", "10%"):
        assert said in text


def test_rates_tell_sparse_from_dense_without_colour():
    table = pd.DataFrame({"model": ["a", "b"], "side": ["US", "China"], "sparse": [False, True],
                          "note": ["", "or more"], "value": [100.0, 300.0], "low": [100.0, 300.0],
                          "high": [110.0, 350.0]})  # fmt: skip
    drawing = draw.rates(table, 989.0, (0.1, 0.2))
    text = words(drawing)
    for said in ("or more", "US, dense", "China, sparse", "20%"):
        assert said in text
    faces = [line.get_markerfacecolor() for line in drawing.axes[0].lines if len(line.get_xdata()) == 1]
    assert "white" in faces


def test_only_misses_are_named():
    table = pd.DataFrame({"model": ["near", "far"], "ours": [1.0e6, 3.0e6], "published": [1.1e6, 1.0e6]})
    table["ratio"] = table["ours"] / table["published"]
    text = words(draw.beside(table, 1.25, "theirs", "ours"))
    assert ">far<" in text
    assert ">near<" not in text


def test_growth_labels_the_bills_of_our_own():
    points = pd.DataFrame({"system": ["GPT-3 175B (davinci)", "GPT-4"], "date": ["2020-05-28", "2023-03-15"],
                           "cost": [2e6, 4e7]})  # fmt: skip
    days = pd.to_datetime(["2020-01-01", "2024-01-01"])
    line = pd.DataFrame({"date": days, "value": [1e6, 1e7], "low": [5e5, 5e6], "high": [2e6, 2e7]})
    named = pd.DataFrame(
        [{"model": "V3", "date": "2024-12-26", "value": 6e6, "low": 4e6, "high": 9e6, "side": "China"}]
    )
    text = words(draw.growth(points, line, named))
    for said in (">V3<", ">GPT-3<", ">GPT-4<"):
        assert said in text

"""Figures of prices draw what they are given, with words for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import plot
from moat.chapters.prices import figures as draw


@pytest.fixture(autouse=True)
def look():
    plot.setup()


def test_lows_are_labelled_by_their_level():
    days = pd.to_datetime(["2024-01-01", "2024-02-01"])
    table = pd.DataFrame(
        {"level": [120.0, 120.0, 130.0, 130.0], "date": [*days, *days], "low": [4.0, 2, 8, 4]}
    )
    dots = pd.DataFrame({"date": days, "price": [4.0, 8.0], "side": ["US", "China"]})
    text = plot.figure(draw.lows(table, dots, "2024-01-15")).svg
    for word in ("120", "130", "US", "China"):
        assert f">{word}<" in text


def test_published_intervals_are_cut_and_rings_mark_differences():
    table = pd.DataFrame({"value": [9.0, 80.0], "low": [0.1, 5], "high": [1e7, 900]})
    table = table.assign(reselected=[9.0, 60.0], agrees=[True, False])
    figure = draw.published(table, ["one", "two"])
    assert figure.axes[0].get_xlim() == (1, 1e4)
    rings = figure.axes[0].lines[1]
    assert list(rings.get_xdata()) == [60.0]


def test_worlds_have_a_line_for_each_estimator():
    rows = [(p, e, 2 * p, p, 4 * p) for p in (2.0, 8.0) for e in draw.LOOKS]
    figure = draw.worlds(pd.DataFrame(rows, columns=["pace", "estimator", "value", "low", "high"]), 8.0, 4.0)
    text = plot.figure(figure).svg
    for word in (*draw.LOOKS, "the truth", "published median"):
        assert f">{word}<" in text


def test_tasks_name_whom_they_are_asked_to():
    bills = pd.DataFrame(
        {"model": ["a", "b"], "cost": [1.0, 9], "passed": [40.0, 70], "side": ["China", "US"]}
    )
    text = plot.figure(draw.tasks(bills, {"May": bills}, {"b": "Model B"})).svg
    assert ">Model B<" in text
    assert ">best by May<" in text


def test_falls_and_chips_show_their_marks():
    table = pd.DataFrame({"name": ["price"], "value": [8.0], "low": [2.0], "high": [30.0]})
    assert ">3×<" in plot.figure(draw.falls(table, (2.0, 3.0))).svg
    value = 10 ** np.arange(1.0, 9.0)
    days = pd.date_range("2024-03-31", periods=8, freq="QE")
    quarters = pd.DataFrame({"date": days, "value": value, "low": value / 2, "high": value * 2})
    assert ">fast<" in plot.figure(draw.chips(quarters, 4, ["fast", "slow"])).svg
    assert draw.side("DE", ("DE", "FR")) == "Europe"
    assert draw.side("KR", ("DE",)) == "elsewhere"

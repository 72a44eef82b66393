"""Figures of the market draw what they are given, with words for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import plot
from moat.chapters.market import figures as draw
from moat.plot.interactive import interactive

SIDES = {"chips": "supplier", "software": "buyer", "rest": "neither"}


@pytest.fixture(autouse=True)
def look():
    plot.setup()


def test_placebo_days_have_a_row_for_each_group():
    quiet = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3)), columns=list(SIDES))
    figure = draw.placebos(quiet, pd.Series({"chips": -6.0, "software": 1.0, "rest": 0.0}), SIDES, -3.0)
    text = plot.figure(figure, None).svg
    for word in (*SIDES, "counts as a fall"):
        assert f">{word}<" in text


def test_paths_have_a_panel_for_each_group():
    rows = [(g, o, -1.0 * o, -2.0, 2.0) for g in ("chips", "software") for o in range(-2, 3)]
    table = pd.DataFrame(rows, columns=["group", "offset", "value", "low", "high"])
    figure = draw.paths(table, SIDES, 0)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["chips", "software"]
    line = figure.axes[0].lines[-1]
    assert list(line.get_ydata()) == [2.0, 1.0, 0.0, -1.0, -2.0]


def test_run_ups_name_whom_they_are_asked_to():
    points = pd.DataFrame({
        "name": ["A", "B"], "group": ["chips", "rest"], "side": ["supplier", "neither"],
        "run_up": [100.0, -20.0], "chip_beta": [0.5, 0.0], "abnormal": [-9.0, 1.0],
    })  # fmt: skip
    text = interactive(draw.run_ups(points, ["A"]), points).svg
    assert ">A<" in text
    assert ">B<" not in text
    assert ">supplier<" in text


def test_recovery_places_every_share_and_its_median():
    members = pd.DataFrame({"group": ["chips"] * 3 + ["software"], "days": [0.0, 0.0, 90.0, 1.0]})
    rows = [("chips", 0.0, 0.0, 90.0), ("software", 1.0, 1.0, 1.0)]
    medians = pd.DataFrame(rows, columns=["group", "value", "low", "high"])
    figure = draw.regained(members, medians, SIDES, 300)
    dots = [x for line in figure.axes[0].lines if line.get_marker() == "." for x in line.get_xdata()]
    assert dots == [0.0, 0.0, 90.0, 1.0]
    left, right = figure.axes[0].get_xlim()
    assert left < 0
    assert right == 300
    assert np.isfinite(figure.axes[0].transData.transform([(0.0, 0.0), (90.0, 0.0)])).all()

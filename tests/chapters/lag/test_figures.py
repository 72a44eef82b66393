"""Figures of the race show what they are given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from moat.chapters.lag import figures as draw
from moat.plot.interactive import interactive


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_every_model_can_be_asked_for_its_name():
    days = pd.to_datetime(["2024-01-01", "2024-06-01"])
    text = {"model": ["one", "two"], "lab": "L", "side": ["US", "China"], "weights": "open", "interval": "?"}
    points = pd.DataFrame(text | {"date": days, "score": [120.0, 118.0]})
    shown = interactive(draw.staircases(points, points[["date", "score", "side"]], "2025-01-27"), points)
    layers = shown.spec["layer"]
    assert any("model" in str(layer["encoding"].get("tooltip")) for layer in layers)
    assert any(layer["mark"].get("interpolate") == "step-after" for layer in layers)


def test_the_saw_has_a_band_and_the_editorial_a_line():
    curve = pd.DataFrame(
        {"day": [19700.0, 19800.0], "value": [1.0, 4.0], "low": [0.5, 3.0], "high": [2.0, 5.0]}
    )
    ax = draw.over_time({"China": curve, "open weights": curve}, 20115.0, marks=(18,)).axes[0]
    assert len(ax.collections) == 2
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["China", "open weights"]
    assert "27 January 2025" in [t.get_text() for t in ax.texts]


def test_waiting_steps_are_open_marks():
    steps = pd.DataFrame({"day": [19700.0, 20500.0], "months": [9.0, 2.0], "matched": [True, False]})
    curve = pd.DataFrame({"months": [0.0, 9.0], "matched": [0.0, 100.0]})
    ax, right = draw.waiting(steps, {"before": curve, "after": curve}).axes
    matched, waits = ax.lines
    assert (len(matched.get_xdata()), len(waits.get_xdata())) == (1, 1)
    assert waits.get_markerfacecolor() == "white"
    assert len(right.lines) == 3


def test_luck_and_record_share_an_axis():
    fig = draw.luck({"short": (np.random.default_rng(0).normal(size=50), 1.5), "long": ([0.0, 1.0], -1.0)})
    assert [ax.get_title() or ax.get_title(loc="left") for ax in fig.axes] == ["short", "long"]
    assert [ax.lines[0].get_xdata()[0] for ax in fig.axes] == [1.5, -1.0]


def test_specifications_are_sorted():
    grid = pd.DataFrame({"follower": ["China", "open weights", "China"], "value": [3.0, 1.0, 2.0]})
    grid = grid.assign(low=[2.0, np.nan, 1.0], high=[4.0, np.nan, 3.0])
    ax = draw.specification_curve(grid, {"limit": 18.0}, "months").axes[0]
    drawn = {tuple(x) for line in ax.lines for x in line.get_xydata() if line.get_marker() != "None"}
    assert {(1.0, 0.0), (2.0, 1.0), (3.0, 2.0)} <= drawn

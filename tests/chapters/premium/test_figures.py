"""The figures of the premium say in marks and words what their tables hold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.chapters.premium import figures as draw
from moat.plot.figure import Figure
from moat.plot.interactive import interactive

ROWS = pd.DataFrame(
    {
        "lab": ["DeepSeek", "Meta"],
        "model": ["DeepSeek-V3", "Llama 3.1-405B"],
        "side": ["China", "US"],
        "value": [4.0, 0.3],
        "low": [2.0, 0.1],
        "high": [9.0, 0.6],
    }
)


def test_the_map_names_its_models_and_tells_sides_by_shape_and_colour():
    points = ROWS.assign(date=pd.Timestamp("2024-12-26"), flop=[3e24, 4e25], capability=[133.0, 129.0])
    points = points.assign(multiplier=points["value"], confidence="Confident")
    lines = pd.DataFrame({"flop": [1e22, 1e26], "capability": [100.0, 140.0], "day": "today"})
    shown = interactive(draw.compute_map(points, lines, ["DeepSeek-V3"]), points)
    assert "DeepSeek-V3" in shown.svg
    assert "today" in shown.svg
    encoding = shown.spec["layer"][2]["encoding"]
    assert encoding["color"]["scale"]["domain"] == ["US", "China"] == encoding["shape"]["scale"]["domain"]


def test_rows_of_multipliers_and_differences_are_named():
    svg = Figure(draw.multipliers(ROWS, "DeepSeek", "times"), ROWS).svg
    assert all(name in svg for name in ("DeepSeek-V3", "Llama 3.1-405B", "China"))
    named = ROWS.rename(columns={"model": "name"})
    svg = Figure(draw.parity({"index points": (named, 2.0), "per cent": (named, 3.0)}), named).svg
    assert "index points" in svg
    assert svg.count("DeepSeek-V3") == 2


def test_a_curve_lists_every_choice_and_falls_are_labelled():
    grid = ROWS.assign(direction=["forward", "reverse"])
    svg = Figure(draw.curve(grid, {"direction": "direction"}, "times", 4.0), grid).svg
    assert "direction: forward" in svg
    assert "direction: reverse" in svg
    falls = pd.DataFrame({"model": "GPT-4", "months": np.arange(1.0, 25), "discount": np.linspace(0, 1, 24)})
    assert "GPT-4" in Figure(draw.falls(falls, 3.0, 1.0, 9.0), falls).svg

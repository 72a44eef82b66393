"""Figures of the sparse-experts chapter draw what they are given and write its names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat import plot
from moat.chapters.sparse_experts import figures as sparse


def texts(drawing) -> str:
    return plot.figure(drawing).svg


def test_counts_and_hollow_marks():
    rows = pd.DataFrame({
        "name": ["9% active", "58% active"], "active": [2e8, 1.2e9], "total": [2.2e9, 2.2e9],
        "size": [6e8, 1.9e9], "low": [5.8e8, 1.7e9], "high": [6.2e8, 2.2e9], "inside": [True, False],
    })  # fmt: skip
    drawing = sparse.three_counts(rows)
    faces = [line.get_markerfacecolor() for line in drawing.axes[0].lines if line.get_marker() == "o"]
    assert faces == ["white", plot.COLOURS["ours"]]  # drawn from the bottom up
    svg = texts(drawing)
    assert all(word in svg for word in ("active", "dense equivalent", "geometric mean", "58% active"))


def test_an_interval_without_an_upper_end_is_dotted():
    rows = pd.DataFrame({
        "params": [2e8, 2e8], "tokens": [2e9, 2e10], "value": [2.0, 3.0], "low": [1.5, 2.9],
        "high": [np.inf, 3.1], "inside": [False, True],
    })  # fmt: skip
    drawing = sparse.by_tokens(rows, {2e8: "9% active"})
    dotted = [c for c in drawing.axes[0].collections if c.get_linestyle()[0][1] is not None]
    assert len(dotted) == 1
    assert "9% active" in texts(drawing)


def test_sizes_and_laws_are_named():
    points = pd.DataFrame({"params": [2e7, 1e8], "experts": 64, "value": 5.0, "low": 4.5, "high": 5.5})
    law = pd.DataFrame(
        {"params": np.repeat([2e7, 1e8], 2), "experts": [2, 64] * 2, "value": [1.2, 6, 1.1, 4]}
    )
    assert all(word in texts(sparse.by_experts(points, law)) for word in ("20M", "law at 100M"))
    curve = pd.DataFrame({"params": np.geomspace(1e7, 1e13, 9), "value": 5.0, "low": 4.0, "high": 6.0})
    drawing = sparse.by_size(
        {"with a floor": (curve, "ours", 1e10)}, points, 1e9, {"DeepSeek-V3, active": 3.7e10}
    )
    assert all(word in texts(drawing) for word in ("with a floor", "DeepSeek-V3", "no run is this large"))

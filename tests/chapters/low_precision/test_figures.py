"""Figures of low precision say what they show."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from moat import plot
from moat.chapters.low_precision import figures as draw


def texts(ax) -> set[str]:
    return {t.get_text() for t in ax.texts}


def test_shares_and_gains_name_each_family_and_keep_the_intervals():
    plot.setup()
    table = pd.DataFrame({"family": ["both", "both", "weights only", "floating"], "weight_bits": [2, 4, 3, 4],
                          "value": [0.15, 0.69, 0.65, 0.63]})  # fmt: skip
    table = table.assign(low=table["value"] * 0.9, high=table["value"] * 1.1)
    left, right = draw.shares_and_gains(table, table).axes
    assert {"both", "weights only", "FP4, both"} <= texts(left)
    ends = [tuple(segment[:, 1]) for c in left.collections for segment in c.get_segments()]
    assert len(ends) == 4
    assert any(np.allclose(end, (0.135, 0.165)) for end in ends)
    assert right.get_ylim()[0] == 0
    plt.close("all")


def test_excess_labels_each_line_at_its_end():
    pairs = pd.DataFrame(
        {"format": ["W4A4", "W4A4", "W8A8 plain"], "params": [1e8, 8e8, 1e8], "excess": [2, 1.4, 0.6]}
    )
    (ax,) = draw.excess(pairs, {"W4A4": ("ours", "-", 1.0), "W8A8 plain": ("dropped", "--", 0.9)}, 0.25).axes
    assert {"W4A4", "W8A8, not rotated"} <= texts(ax)
    assert ax.get_yscale() == "log"
    plt.close("all")


def test_a_floor_is_drawn_above_its_own_minimum():
    curve = pd.DataFrame({"value": [0.0, 0.5, 1.0], "objective": [1.1, 1.0, 1.5]})
    (ax,) = draw.floor({"a law": (curve, "ours")}).axes
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [10, 0, 50])
    assert "a law" in texts(ax)
    plt.close("all")


def test_break_even_marks_claim_and_budgets():
    flop = np.geomspace(1e20, 1e26, 9)
    line = draw.as_line(flop, np.full(9, 0.002), np.tile([[0.001], [0.003]], (1, 9)))
    assert line["value"].eq(0.2).all()
    assert (line["low"] > 0.1).all()
    assert (line["high"] < 0.3).all()
    (ax,) = draw.break_even({"twice as fast": (line, "ours")}, 0.25, {"V3": 3e24}).axes
    assert {"twice as fast", "V3", "DeepSeek: at most"} <= texts(ax)
    plt.close("all")

"""What a reader would call the same: numbers within a tolerance, words and shapes exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from moat import plot
from moat.plot.figure import to_csv
from moat.publish import likeness


def csv(**columns) -> str:
    return to_csv(pd.DataFrame(columns))


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        (csv(x=[0.0, 100.0]), csv(x=[0.9, 100.0]), ""),
        (csv(x=[0.0, 100.0]), csv(x=[1.1, 100.0]), "column x moved by 1.1% of its range (allowed 1%)"),
        (csv(x=[5.0, 5.0]), csv(x=[5.04, 5.04]), ""),
        (csv(x=[5.0, 5.0]), csv(x=[5.2, 5.2]), "column x moved by 4% of its range (allowed 1%)"),
        # Small values of a column that spans decades count on a logarithmic axis.
        (csv(x=[1e18, 1e26]), csv(x=[3e18, 1e26]), "column x moved by 5.96% of its range (allowed 1%)"),
        (csv(x=[1.0, np.nan]), csv(x=[1.0, 2.0]), "column x: values came or went"),
        (csv(x=[1.0]), csv(x=[1.0, 2.0]), "1 rows became 2"),
        (csv(x=[1.0]), csv(y=[1.0]), "columns x became y"),
        (csv(x=["7.2 [2.3, 9.0]"]), csv(x=["7.3 [2.3, 9.0]"]), ""),
        (csv(x=["7 [2, 9]"]), csv(x=["8 [2, 9]"]), "column x: 7 [2, 9] became 8 [2, 9]"),
        (csv(x=["refuted"]), csv(x=["supported"]), "column x: refuted became supported"),
    ],
)  # fmt: skip
def test_tables(before, now, why):
    assert likeness.tables(before, now) == why


def drawn(heights, colour="#0072b2", title="A line") -> str:
    plot.setup()
    figure, ax = plt.subplots()
    ax.plot(np.arange(len(heights)), heights, color=colour)
    ax.set(title=title, ylim=(0, 10))
    return plot.figure(figure).svg


def test_a_drawing_moves_only_when_one_would_see_it():
    line = np.linspace(1, 9, 30)
    before = drawn(line)
    assert likeness.drawings(before, drawn(line)) == ""
    nudged = line.copy()
    nudged[15] += 1e-7
    assert likeness.drawings(before, drawn(nudged)) == ""
    nudged[15] += 1
    assert "path" in likeness.drawings(before, drawn(nudged))
    assert likeness.drawings(before, drawn(line, colour="#c44e00")) != ""
    assert likeness.drawings(before, drawn(line, title="A curve")) == "'A line' became 'A curve'"


def test_the_same_figure_has_the_same_bytes():
    assert drawn([1, 5, 3]) == drawn([1, 5, 3])
    assert "date" not in drawn([1, 5, 3]).lower()

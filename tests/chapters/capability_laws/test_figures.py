"""Figures of components and families draw what they are given, with words for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import plot
from moat.chapters.capability_laws import figures as draw


@pytest.fixture(autouse=True)
def look():
    plot.setup()


def svg(figure):
    return plot.figure(figure, None).svg


def test_space_marks_what_was_printed_and_names_the_tests():
    rows = [(1, 80.0, 74.0, 86.0, 80.0), (2, 95.0, 90.0, 99.0, np.nan)]
    shares = pd.DataFrame(rows, columns=["component", "value", "low", "high", "published"])
    weights = pd.DataFrame(np.eye(3), index=["MMLU", "ARC", "GSM8K"], columns=[1, 2, 3])
    text = svg(draw.space(shares, weights))
    for word in ("as printed", "MMLU", "GSM8K", "first", "third"):
        assert f">{word}<" in text


def test_lines_name_the_families_asked_for_and_no_others():
    table = pd.DataFrame(
        {"family": ["A", "A", "B"], "side": ["US", "US", "China"], "flop": [1e21, 1e23, 1e22],
         "capability": [0.1, 0.5, 0.4]}
    )  # fmt: skip
    text = svg(draw.lines(table, 1e22, ["A"]))
    assert ">A<" in text
    assert ">B<" not in text
    assert ">China<" in text


def test_the_ladder_draws_every_family_and_the_line():
    days = pd.to_datetime(["2023-01-01", "2024-01-01", "2024-06-01"])
    table = pd.DataFrame(
        {"family": ["Yi-1.5", "B", "C"], "side": ["China", "US", "Europe"], "released": days,
         "value": [4.0, 1.0, 0.5], "low": [2.0, 0.5, 0.2], "high": [8.0, 2.0, 1.0]}
    )  # fmt: skip
    line = pd.DataFrame({"released": days[[0, 2]], "value": [0.5, 2.0]})
    figure = draw.ladder(table, line, ["Yi-1.5"], "worth")
    ax = figure.axes[0]
    assert sum(len(drawn.get_xdata()) == 1 for drawn in ax.lines) == len(table)
    text = svg(figure)
    assert ">Yi-1.5<" in text
    assert ">Europe<" in text


def test_old_and_new_tests_have_a_row_a_family():
    numbers = {f"{k}{end}": [1.0 + i, 2.0 + i] for k in ("old", "new") for i, end in enumerate(("", "_high"))}
    table = pd.DataFrame({"family": ["A", "B"], "side": ["US", "China"], **numbers})
    table = table.assign(old_low=0.5, new_low=0.5)
    text = svg(draw.tests(table, "worth"))
    for word in ("A", "B", "old tests", "new tests"):
        assert f">{word}<" in text

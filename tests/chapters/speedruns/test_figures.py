"""Figures of speed records draw what they are given, with words for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import plot
from moat.chapters.speedruns import figures as draw


@pytest.fixture(autouse=True)
def look():
    plot.setup()


def svg(figure):
    return plot.figure(figure, None).svg


def test_records_mark_their_classes_and_name_both_halves():
    rows = [
        ("2024-05-28", 45.0, "baseline"),
        ("2024-10-04", 25.0, "algorithm"),
        ("2025-05-25", 3.0, "kernel"),
    ]
    table = pd.DataFrame(rows, columns=["date", "minutes", "class"])
    text = svg(draw.records(table, "2025-01-27", ["fast", "slow"]))
    for word in ("fast", "slow", "algorithm", "kernel", "45"):
        assert f">{word}<" in text


def test_parts_name_their_windows_and_classes():
    rows = [("early", "algorithm", 50.0, 30.0, 70.0), ("late", "kernel", 20.0, 10.0, 30.0)]
    text = svg(draw.parts(pd.DataFrame(rows, columns=["window", "class", "value", "low", "high"])))
    for word in ("early", "late", "algorithm", "kernel"):
        assert f">{word}<" in text


def test_the_path_skips_unknown_tokens_and_names_what_it_is_told():
    table = pd.DataFrame({"record": [1, 2, 3], "tokens": [1e10, np.nan, 1e9], "speed": [3.8e6, np.nan, 4e6]})
    text = svg(draw.tokens_and_speed(table, {1: ("start", (4, 4)), 2: ("lost", (0, 0)), 3: ("end", (4, 4))}))
    assert ">start<" in text
    assert ">end<" in text
    assert ">lost<" not in text
    assert "45 min" in text


def test_paces_tell_ours_from_others():
    rows = [("ours, all", True, 5.0, 3.0, 9.0), ("theirs", False, 8.0, 5.0, 14.0)]
    text = svg(draw.paces(pd.DataFrame(rows, columns=["name", "ours", "value", "low", "high"])))
    assert ">ours, all<" in text
    assert ">theirs<" in text

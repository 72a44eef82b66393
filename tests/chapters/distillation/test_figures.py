"""Figures of a teacher draw what they are given, and name it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.chapters.distillation import figures as draw
from moat.chapters.distillation.ledgers import LEDGERS

RUNS = pd.DataFrame({"flop": [1e11, 1e11, 2e11, 2e11], "loss": [2.0, 2.2, 1.6, 1.8]})


def words(fig):
    (ax,) = fig.axes
    legend = ax.get_legend()
    return [t.get_text() for t in [*ax.texts, *(legend.get_texts() if legend else [])]]


def test_lessons_show_means_seeds_and_what_teachers_reach():
    best = RUNS.assign(loss=RUNS["loss"] - 0.5)
    fig = draw.lessons({"real text": (RUNS, "reference")}, {"teacher": (1.2, "ours")}, best)
    (ax,) = fig.axes
    drawn = [list(line.get_ydata()) for line in ax.lines]
    assert [2.1, 1.7] in [np.round(y, 9).tolist() for y in drawn]
    assert RUNS["loss"].tolist() in drawn
    assert [1.6, 1.2] in [np.round(y, 9).tolist() for y in drawn]
    assert [1.2, 1.2] in drawn
    assert {"real text", "real text, best width", "teacher"} <= set(words(fig))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1.0e11", "2.0e11"]


def test_ledgers_stand_in_their_order_and_keep_one_in_sight():
    rows = pd.DataFrame(
        {
            "group": ["laws"] * 3,
            "ledger": LEDGERS[::-1],
            "value": [0.1, 0.8, 1.5],
            "low": [0.09, 0.7, 1.4],
            "high": [0.11, 0.9, 1.6],
        }
    )
    (ax,) = draw.ledgers(rows, LEDGERS, {"laws": "ours"}).axes
    assert [t.get_text() for t in ax.get_xticklabels()] == list(LEDGERS)
    assert list(ax.lines[0].get_ydata()) == [1.5, 0.8, 0.1]
    low, high = ax.get_ylim()
    assert low < 0.09
    assert high > 1.6


def test_students_are_drawn_with_their_bands():
    many = np.array([1.0, 10.0, 100.0])
    curve = pd.DataFrame({"students": many, "value": many / 10, "low": many / 12, "high": many / 8})
    fig = draw.students({"kept": (curve, "ours", "-"), "anew": (curve, "ours", "--")})
    (ax,) = fig.axes
    assert len(ax.collections) == 2
    assert [line.get_linestyle() for line in ax.lines[:2]] == ["-", "--"]
    assert "everybody trains on text" in words(fig)
    assert ax.get_xscale() == ax.get_yscale() == "log"

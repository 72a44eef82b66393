"""The board: distances in tolerances, tallies, what is left out, and that every source is cited."""

from __future__ import annotations

import math

import nbformat
import numpy as np
import pandas as pd
import pytest

from moat import project
from moat.evidence import Chapter, EvidenceError, Finding, published

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("kind", published.KINDS)
def test_within_is_a_distance_of_at_most_one(kind):
    for _ in range(300):
        ours, value, tolerance = *RNG.normal(size=2).tolist(), abs(RNG.normal()) + 1e-3
        arms = abs(RNG.normal(size=2)) * 2
        level = tolerance if RNG.random() < 0.8 else None
        found = Finding("a", ours, low=ours - arms[0], high=ours + arms[1], level=level)
        row = (value, tolerance, kind)
        assert published.within(found, *row) is (abs(published.distance(found, *row)) <= 1), (found, row)


@pytest.mark.parametrize(
    ("finding", "row", "far"),
    [
        (Finding("a", 1.05), (1.0, 0.1, "absolute"), 0.5),
        (Finding("a", 0.9), (1.0, 0.1, "absolute"), -1.0),
        (Finding("a", -105.0), (-100.0, 0.1, "relative"), -0.5),
        (Finding("a", 0.25), (0.5, 0.5, "at most"), 0.5),
        (Finding("a", -3.0), (0.5, 0.5, "at most"), 0.0),
        (Finding("a", 1.0, low=0.8, high=1.4, level=0.95), (1.2, 0.95, "inside"), -0.5),
        (Finding("a", 1.0, low=0.8, high=1.4, level=0.95), (0.9, 0.95, "inside"), 0.5),
        (Finding("a", 1.0, low=0.8, high=1.4, level=0.9), (1.0, 0.95, "inside"), math.inf),
        (Finding("a", 1.0), (1.0, 0.95, "inside"), math.inf),
        (Finding("a", math.nan), (1.0, 0.1, "absolute"), math.inf),
    ],
)
def test_a_distance_is_in_tolerances_with_its_sign(finding, row, far):
    assert published.distance(finding, *row) == pytest.approx(far)


def made_up() -> pd.DataFrame:
    """Four rows of two sources: met, missed, not run, and one that asks for our interval."""
    rows = [
        ("one-2024.a", "lag.a", "a", 1.0, 0.1, "absolute", "one2024"),
        ("one-2024.b", "lag.b", "b", 1.0, 0.1, "absolute", "one2024"),
        ("one-2024.c", "lag.c", "c", 1.0, 0.1, "absolute", "one2024"),
        ("two-2023.d", "chinchilla.d", "d", 1.0, 0.95, "inside", "two2023"),
    ]
    table = pd.DataFrame(
        rows, columns=["id", "finding", "quantity", "published", "tolerance", "kind", "citation"]
    )
    return table.assign(uncertainty=np.nan, place="Table 1", note="")


def score() -> pd.DataFrame:
    d = Finding("d", 1.1, low=0.9, high=1.2, level=0.95)
    found = {"lag": [Finding("a", 1.05), Finding("b", 2.0)], "chinchilla": [d]}
    chapters = {
        c: Chapter(c, "", {}, "", "", 0.0, "", {}, {f.name: f for f in fs}) for c, fs in found.items()
    }
    return published.scoreboard(chapters, made_up())


def test_the_tally_counts_by_source_and_keeps_the_largest_distance_of_what_was_met():
    table = published.tally(score())
    assert table[["source", "rows", "reproduced", "missed", "not run"]].values.tolist() == [
        ["One 2024", 3, 1, 1, 1],
        ["Two 2023", 1, 1, 0, 0],
    ]
    assert table["largest"].tolist() == pytest.approx([0.5, 0.5])


def test_the_board_has_words_for_readers_and_parts_of_the_book():
    whole = published.board(score())
    assert whole["tolerance"].tolist() == ["± 0.1", "± 0.1", "± 0.1", "in our 95% interval"]
    assert whole["ours"].tolist() == ["1.05", "2", "", "1.1"]
    assert published.board(score(), "Part I")["result"].tolist() == ["d"]
    assert published.board(score(), "Part II")["result"].tolist() == ["a", "b", "c"]
    assert published.board(score(), "Part III").empty


def test_the_parts_hold_every_row_of_a_chapter_of_the_book_once():
    full = published.scoreboard({})
    parts = [published.board(full, p) for p in ("Part I", "Part II", "Part III")]
    there = full["finding"].str.split(".").str[0].isin(project.in_book())
    assert sorted(i for p in parts for i in p.index) == sorted(full.index[there])


def test_tolerances_in_words():
    rows = made_up().assign(kind=["absolute", "relative", "at most", "inside"])
    words = [published.tolerance_text(r) for r in rows.itertuples()]
    assert words == ["± 0.1", "± 10%", "at most 0.1", "in our 95% interval"]


def test_rows_of_one_fit_are_one_group():
    rows = made_up().assign(kind="inside")
    assert sorted(published.chance_groups(rows)) == [1, 3]
    assert published.chance_groups(made_up()).sum() == 1


def test_what_is_left_out_is_not_on_the_board():
    left = published.load_left_out()
    assert not set(left["id"]) & set(published.load_published()["id"])
    assert set(left["chapter"]) - {""} <= set(project.chapters())


@pytest.mark.parametrize("fault", [{"handling": "forgotten"}, {"reason": ""}, {"id": "no dot"}])
def test_a_row_that_is_left_out_without_a_reason_is_named(fault, tmp_path):
    row = {"id": "a-2024.b", "result": "r", "published": "1", "source": "s", "reason": "because"}
    row = row | {"handling": "copied", "chapter": ""} | fault
    pd.DataFrame([row]).to_csv(tmp_path / "n.csv", index=False)
    with pytest.raises(EvidenceError, match="malformed"):
        published.load_left_out(tmp_path / "n.csv")


def test_every_source_of_the_board_is_cited_in_its_chapter():
    cells = nbformat.read(project.notebooks() / "scoreboard.ipynb", as_version=4).cells
    text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    uncited = [c for c in published.load_published()["citation"].unique() if c not in text]
    assert not uncited, f"cite them in notebooks/scoreboard.ipynb: {uncited}"

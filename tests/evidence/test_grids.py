"""Grids of specifications: what is kept, what is refused, what counts as drift."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from moat.evidence import EvidenceError, Findings, grids
from moat.evidence.findings import MIME, drift
from tests.evidence.test_findings import chapter

GRID = pd.DataFrame(
    {"method": ["a", "b"], "runs": [10, 20], "value": [0.5, 0.4], "low": [0.4, np.nan], "high": [0.6, np.nan]}
)


def test_a_grid_travels_with_the_findings_and_comes_back(tmp_path):
    found = Findings("c")
    found.record_grid("slope", GRID)
    rows = found._repr_mimebundle_()[MIME]["grids"]["slope"]
    kept = dataclasses.replace(chapter(), grids={"slope": rows})
    kept.save(tmp_path / "c.json")
    back = grids.as_table(type(kept).load(tmp_path / "c.json").grids["slope"])
    expected = GRID.astype({"runs": str})
    assert back[["method", "runs"]].values.tolist() == expected[["method", "runs"]].values.tolist()
    np.testing.assert_array_equal(back[list(grids.NUMBERS)], expected[list(grids.NUMBERS)])


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (GRID.drop(columns="low"), "needs columns"),
        (GRID[["value", "low", "high"]], "at least one choice"),
        (GRID.head(1), "at least two"),
        (GRID.assign(method="a", runs=1), "same choices twice"),
        (GRID.assign(value=np.nan), "not a finite number"),
        (GRID.assign(low=0.7, high=0.6), "above its high end"),
    ],
)
def test_a_bad_grid_is_one_sentence(table, why):
    with pytest.raises(EvidenceError, match=why):
        Findings("c").record_grid("slope", table)


def test_a_grid_is_recorded_once():
    found = Findings("c")
    found.record_grid("slope", GRID)
    with pytest.raises(EvidenceError, match="of its own"):
        found.record_grid("slope", GRID)


def test_a_grid_that_loses_specifications_has_drifted():
    rows = grids.as_rows("slope", GRID)
    before, now = (dataclasses.replace(chapter(), grids={"slope": r}) for r in (rows * 2, rows))
    assert drift(before, before) == []
    assert drift(before, now) == ["c, grid slope: 4 specifications became 2"]

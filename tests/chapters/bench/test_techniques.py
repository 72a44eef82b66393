"""The table of techniques, and what a list of multipliers covers."""

from __future__ import annotations

import pytest

from moat.chapters.bench import techniques
from moat.chapters.bench.techniques import LARGER, SMALL, Entry
from moat.errors import EvidenceError
from moat.evidence.findings import Chapter, Finding
from moat.stats.estimate import Estimate


def chapter(findings=(), grids=None):
    body = dict(title="", parameters={}, commit="", executed="", seconds=0.0, device="", versions={})
    return Chapter("demo", findings={f.name: f for f in findings}, grids=grids or {}, **body)


GRID = [
    {"arm": arm, "flop": flop, "value": value, "low": value - 0.2, "high": value + 0.2}
    for arm, flop, value in (("a", "2e11", 1.5), ("a", "1e10", 0.7), ("b", "1e10", 9.0))
]


def test_findings_and_grids_become_one_table():
    known = {
        "demo": chapter([Finding("x", 1.02, 0.9, 1.1, 0.95, n=3, method="t")], {"m": GRID}),
    }
    entries = (
        Entry("one", "by budget", SMALL, "demo", "m", {"arm": "a"}),
        Entry("two", "at one", LARGER, "demo", "x"),
    )
    table = techniques.collect(known, entries)
    assert list(table["value"]) == [0.7, 1.5, 1.02], "budgets as numbers, the smallest first"
    assert list(table["step"]) == [0, 1, 0]
    assert list(table["word"]) == ["loss", "gain", "open"]


@pytest.mark.parametrize(
    "entry", [Entry("", "", "", "demo", "y"), Entry("", "", "", "demo", "m", {"arm": "z"})]
)
def test_what_a_chapter_does_not_have_is_named(entry):
    with pytest.raises(EvidenceError, match="again"):
        techniques.collect({"demo": chapter(grids={"m": GRID})}, (entry,))


def test_a_share_is_of_the_logarithm():
    found = techniques.share(Estimate(10.0, 1.0, 100.0, 3, "m"), 100.0)
    assert (found.value, found.low, found.high) == pytest.approx((50, 0, 100))


def test_every_entry_is_told_apart():
    keys = [(e.technique, e.reading, e.models) for e in techniques.ENTRIES]
    assert len(set(keys)) == len(keys)

"""The scoreboard is computed, and can say no."""

from __future__ import annotations

import pytest

from moat.evidence import Chapter, EvidenceError, Finding, scoreboard
from moat.evidence.findings import computed_path, recorded_path
from moat.evidence.published import load_published, within

#: Rows of the board that we do not reproduce; their notes say why.
MISSED: frozenset[str] = frozenset(
    {"zhao-2025.llama-times", "deepseekv3-2024.fp8-loss-small", "wpnews-2026.crossing-us"}
)


def chapters(**values: float) -> dict[str, Chapter]:
    found = {name: Finding(name, value) for name, value in values.items()}
    return {"chinchilla-refit": Chapter("chinchilla-refit", "", {}, "", "", 0.0, "", {}, found)}


def test_a_value_is_reproduced_missed_or_not_run():
    score = scoreboard(chapters(alpha=0.3473, beta=0.4)).set_index("id")
    assert score.loc["besiroglu-2024.alpha", "outcome"] == "reproduced"
    assert score.loc["besiroglu-2024.beta", "outcome"] == "missed"
    assert score.loc["besiroglu-2024.E", "outcome"] == "not run"


@pytest.mark.parametrize(
    ("ours", "published", "tolerance", "kind", "good"),
    [
        (1.05, 1.0, 0.06, "absolute", True),
        (1.05, 1.0, 0.04, "absolute", False),
        (105, 100, 0.06, "relative", True),
        (-95, -100, 0.04, "relative", False),
        (0.9, 1.0, 1.0, "at most", True),
        (1.1, 1.0, 1.0, "at most", False),
        (float("nan"), 1.0, 9.0, "absolute", False),
    ],
)
def test_tolerances(ours, published, tolerance, kind, good):
    assert within(Finding("a", ours), published, tolerance, kind) is good


def test_inside_asks_our_interval_at_its_level():
    ours = Finding("a", 1.05, low=0.9, high=1.1, level=0.95)
    assert within(ours, 1.0, 0.95, "inside")
    assert not within(ours, 1.2, 0.95, "inside")
    assert not within(ours, 1.0, 0.9, "inside")
    assert not within(Finding("a", 1.05), 1.05, 0.95, "inside")


@pytest.mark.parametrize("row", list(load_published().itertuples()), ids=lambda row: row.id)
def test_a_published_result_is_met_at_its_tolerance(row):
    """From the run of this build, or the recorded one where a source cannot be had."""
    chapter, name = row.finding.split(".", 1)
    path = computed_path(chapter)
    finding = Chapter.load(path if path.is_file() else recorded_path(chapter)).findings[name]
    met = within(finding, row.published, row.tolerance, row.kind)
    assert met is (row.id not in MISSED), f"{row.published} was published, we have {finding.value}"


def test_every_row_cites_something_and_names_a_chapter():
    table = load_published()
    assert table["citation"].str.len().gt(0).all()
    assert table["place"].str.len().gt(0).all()
    assert table["finding"].is_unique


def test_a_malformed_list_is_named(tmp_path):
    (tmp_path / "p.csv").write_text("id,finding\na,b\n")
    with pytest.raises(EvidenceError, match="malformed"):
        load_published(tmp_path / "p.csv")


def test_a_row_that_we_miss_says_why():
    notes = load_published().set_index("id")["note"]
    assert notes[sorted(MISSED)].str.len().min() > 40

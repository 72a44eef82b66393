"""Findings: what may be recorded, what survives a round trip, what counts as drift."""

from __future__ import annotations

import json

import pytest

from moat import sources
from moat.evidence import Chapter, EvidenceError, Finding, Findings
from moat.evidence.findings import MIME, drift, parse
from moat.stats.estimate import Estimate

ALPHA = Estimate(0.3404, 0.3168, 0.3692, n=240, method="bootstrap")


def chapter(**found: Finding) -> Chapter:
    return Chapter("c", "C?", {}, "abc", "2026-01-01T00:00:00+00:00", 1.0, "cpu", {}, found)


def test_a_finding_prints_value_interval_and_unit():
    found = Findings("c")
    found.record("alpha", ALPHA)
    found.record("cut", Estimate(33.71, 32.3, 35.3, n=3, method="m"), unit="%")
    found.record("budget", 5.76e23, unit="FLOP", exact="printed")
    found.record("verdict", "partly", rule="the rule")
    texts = [found[name].text() for name in ("alpha", "cut", "budget", "verdict")]
    assert texts == ["0.340 [0.317, 0.369]", "33.7 [32.3, 35.3]%", "5.76 × 10²³ FLOP", "partly"]


@pytest.mark.parametrize(
    ("name", "value", "options", "why"),
    [
        ("a b", 1.0, {"exact": "count"}, "joined with hyphens"),
        ("a", 1.0, {}, "has no interval"),
        ("a", "word", {}, "needs the rule"),
    ],
)
def test_what_cannot_stand_is_refused(name, value, options, why):
    with pytest.raises(EvidenceError, match=why):
        Findings("c").record(name, value, **options)


def test_a_name_is_used_once():
    found = Findings("c")
    found.record("a", ALPHA)
    with pytest.raises(EvidenceError, match="twice"):
        found.record("a", ALPHA)


def test_what_a_notebook_shows_is_what_is_read_back():
    sources.load("chinchilla-points")
    found = Findings("c")
    found.record("alpha", ALPHA, unit="nats", drift=0.2)
    found.record("word", "yes", rule="r")
    shown = json.loads(json.dumps(found._repr_mimebundle_()))
    back = parse(shown[MIME]["findings"])
    assert back["alpha"].text() == found["alpha"].text()
    assert back["alpha"].sources["chinchilla-points"] == sources.loaded()["chinchilla-points"]
    assert (back["alpha"].n, back["alpha"].drift, back["word"].value) == (240, 0.2, "yes")
    assert shown[MIME]["chapter"] == "c"
    assert "<table" in shown["text/html"]


def test_a_chapter_survives_being_saved(tmp_path):
    made = chapter(alpha=Finding("alpha", 0.34, 0.31, 0.37, 0.95, n=3))
    again = Chapter.load(made.save(tmp_path / "c.json"))
    assert again == made
    (tmp_path / "c.json").write_text("{}")
    with pytest.raises(EvidenceError, match="does not hold"):
        Chapter.load(tmp_path / "c.json")


@pytest.mark.parametrize(
    ("before", "now", "moved"),
    [
        ((0.34, 0.31, 0.37), (0.3409, 0.3109, 0.3709), False),
        ((0.34, 0.31, 0.37), (0.342, 0.31, 0.37), True),
        ((0.34, 0.31, 0.37), (0.34, 0.30, 0.37), True),
        ((0.34, None, None), (0.34 * (1 + 1e-7), None, None), False),
        ((0.34, None, None), (0.35, None, None), True),
        ((0.34, 0.31, 0.37), (0.34, None, None), True),
        (("yes", None, None), ("no", None, None), True),
        ((0.0, None, None), (0.0, None, None), False),
    ],
)
def test_drift_is_measured_in_half_widths(before, now, moved):
    share = 0.05 if before[1] is not None else 1e-6
    old, new = (Finding("a", *values, drift=share) for values in (before, now))
    sentences = drift(chapter(a=old), chapter(a=new))
    assert bool(sentences) is moved
    assert all(s.startswith("c.a: ") for s in sentences)


def test_a_finding_that_came_or_went_is_named():
    a, b = Finding("a", 1.0), Finding("b", 2.0)
    assert drift(chapter(a=a), chapter(b=b)) == [
        "c.a: it is no longer computed",
        "c.b: it is not recorded yet",
    ]

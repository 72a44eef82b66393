"""All claims of the editorial, each once, each with a rule that could fail it."""

from __future__ import annotations

import re

import pytest
import yaml

from moat import project
from moat.evidence import Chapter, EvidenceError, Finding, load_claims
from moat.evidence.claims import UNTESTED, filled, look_up
from moat.evidence.findings import recorded_path
from moat.publish import pages

CLAIMS = load_claims()


def verdict(claim, word) -> dict[str, Chapter]:
    found = {f"verdict-{claim.id.lower()}": Finding("v", word)}
    return {claim.chapters[0]: Chapter("x", "", {}, "", "", 0.0, "", {}, found)}


def test_there_are_twenty_eight_in_order():
    assert [c.id for c in CLAIMS] == [f"C{i:02d}" for i in range(1, 29)]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_a_claim_says_what_would_show_and_what_would_refute_it(claim):
    for text in (claim.claim, claim.hypothesis, claim.gauge, claim.rule, claim.falsifier, claim.sentence):
        assert text.strip()
    assert claim.chapters
    assert claim.state({}) == UNTESTED


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_a_claim_names_its_number_and_argues_with_its_own_verdict(claim):
    """The findings that it names exist, no number is typed, and the argument fits the word of today."""
    assert all((claim.means, claim.against, claim.datum))
    assert not re.search(r"\d\.\d", re.sub(r"Llama 3\.1|GPT-4\.5", "", claim.against + claim.datum))
    known = {p.stem: Chapter.load(p) for p in recorded_path("x").parent.glob("*.json")}
    text = filled(claim.against + claim.datum, known)
    assert "{" not in text
    assert "not computed" not in text
    assert look_up(claim.key, known) is not None
    assert claim.argued == claim.state(known)
    assert claim.verdict(known, then=True) is not None


def test_every_claim_has_a_rule_that_some_test_calls():
    """The functions are named after their claims, ``c07_cost`` after its part."""
    rules = {p: p.read_text() for p in (project.root() / "moat").rglob("rules.py")}
    names = {n for text in rules.values() for n in re.findall(r"^def (c\d\d\w*)\(", text, re.M)}
    assert {f"C{n[1:3]}" for n in names} == {c.id for c in CLAIMS}
    tests = "\n".join(p.read_text() for p in (project.root() / "tests").rglob("test_rules.py"))
    assert not [n for n in names if not re.search(rf"\b{n}\(", tests)]


def test_a_recorded_verdict_is_the_state():
    assert CLAIMS[0].state(verdict(CLAIMS[0], "partly")) == "partly"
    with pytest.raises(EvidenceError, match="use one of"):
        CLAIMS[0].state(verdict(CLAIMS[0], "perhaps"))


def test_a_verdict_comes_with_its_reason_and_with_the_earlier_clock():
    claim, (chapter,) = CLAIMS[0], verdict(CLAIMS[0], "partly").values()
    chapter.findings["verdict-c01"] = Finding("v", "partly", method="two of three")
    chapter.findings["verdict-c01-then"] = Finding("v", "untestable", method="no data then")
    text = pages.claim_section(claim, {claim.chapters[0]: chapter})
    assert "**State: partly.**" in text
    assert "Why\n: two of three\n" in text
    assert "As of 27 January 2025\n: untestable. no data then\n" in text
    assert "Why" not in pages.claim_section(claim, {})


def test_parts_that_several_chapters_grade_are_combined():
    claim = next(c for c in CLAIMS if len(c.chapters) > 1)
    words = {"supported": "supported", "refuted": "partly"}
    for second, whole in words.items():
        graded = {}
        for chapter, word in zip(claim.chapters, ("supported", second), strict=False):
            graded[chapter] = next(iter(verdict(claim, word).values()))
        assert claim.state(graded) == whole
        assert f"{claim.chapters[1]}: {second}" in claim.verdict(graded).method


def test_the_page_holds_every_claim_once_and_the_table_adds_up():
    text = "\n".join(pages.claim_section(c, {}) for c in CLAIMS)
    assert all(text.count(f"(claim-{c.id.lower()})=") == 1 for c in CLAIMS)
    rows = [line.split("|") for line in pages.verdict_table(CLAIMS, {}).splitlines()[2:]]
    assert sum(int(row[2]) for row in rows) == len(CLAIMS)


@pytest.mark.parametrize(
    "change", [{"id": "C02"}, {"kind": "X"}, {"peek": "maybe"}, {"color": 1}, {"argued": "so"}]
)
def test_a_malformed_claim_is_named(change, tmp_path):
    raw = yaml.safe_load((project.root() / "data" / "claims.yml").read_text())
    raw[0] |= change
    (tmp_path / "claims.yml").write_text(yaml.safe_dump(raw))
    with pytest.raises(EvidenceError, match=r"claims\.yml"):
        load_claims(tmp_path / "claims.yml")


def test_a_text_names_only_findings_that_exist():
    (lag,) = verdict(CLAIMS[0], "partly").values()
    assert filled("it is {x.verdict-c01}", {"x": lag}) == "it is partly"
    assert look_up("far.total", {}) is None
    with pytest.raises(EvidenceError, match="'x' records no finding 'width'"):
        filled("{x.width}", {"x": lag})

"""Every claim stands once, with its number, and argues only with the word that it has."""

from __future__ import annotations

import pytest

from moat.chapters.verdict import claim_status
from moat.evidence import EvidenceError, Finding, Findings, load_claims
from moat.evidence.claims import UNTESTED, VERDICTS

CLAIMS = load_claims()


def chapter(word):
    findings = Findings("lag")
    for name in ("width-china", "points-behind", "points-behind-then", "width-china-untuned"):
        findings.record(name, 7.0, exact="made up", unit="months")
    findings.record("verdict-c21", word, rule="by the width")
    return {"lag": findings.so_far()}


def c21(word):
    (found,) = claim_status.standings([c for c in CLAIMS if c.id == "C21"], chapter(word))
    return found


def test_every_claim_occurs_exactly_once_whatever_is_computed():
    table = claim_status.table(claim_status.standings(CLAIMS, {}))
    assert list(table["id"]) == [c.id for c in CLAIMS]
    assert set(table["now"]) == {UNTESTED}
    assert set(table["number"]) | set(table["against"]) | set(table["datum"]) == {""}


def test_a_claim_argues_only_with_the_word_that_was_argued():
    assert "7 months against 7 months" in c21("supported").against
    assert c21("supported").number.text() == "7 months"
    for other in set(VERDICTS) - {"supported"}:
        assert c21(other).against == claim_status.NOT_ARGUED
        assert c21(other).datum == ""
    assert (c21("partly").now, c21("partly").then, c21("partly").why) == ("partly", UNTESTED, "by the width")


def test_a_number_that_its_chapter_does_not_record_is_an_error():
    found = chapter("supported")
    del found["lag"].findings["width-china"]
    with pytest.raises(EvidenceError, match="'width-china', which a claim names"):
        claim_status.standings([c for c in CLAIMS if c.id == "C21"], found)


def test_a_finding_gives_its_estimate_back_and_a_word_does_not():
    finding = Finding("width", 7.0, low=2.0, high=9.0, level=0.9, n=3, method="made up")
    assert (finding.estimate().low, finding.estimate().level) == (2.0, 0.9)
    for other in (Finding("word", "partly"), Finding("count", 3.0)):
        with pytest.raises(EvidenceError, match="no interval"):
            other.estimate()

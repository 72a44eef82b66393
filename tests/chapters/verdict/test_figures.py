"""The verdict's figures and folds say in marks and words what their tables hold."""

from __future__ import annotations

import pandas as pd
import pytest

from moat.chapters.verdict import claim_status
from moat.chapters.verdict import figures as draw
from moat.evidence import Findings, load_claims
from moat.evidence.claims import UNTESTED
from moat.plot.figure import Figure, setup
from moat.stats.estimate import Estimate

CLAIMS = load_claims()


@pytest.fixture(autouse=True)
def look():
    """Text as text."""
    setup()


def stand(word="supported"):
    findings = Findings("lag")
    for name in ("width-china", "points-behind", "points-behind-then", "width-china-untuned"):
        findings.record(name, 7.0, exact="made up", unit="months < a year")
    for clock in ("", "-then"):
        findings.record(f"verdict-c21{clock}", word if not clock else "partly", rule="made up")
    return claim_status.standings([c for c in CLAIMS if c.id in ("C10", "C21")], {"lag": findings.so_far()})


def est(value, half):
    return Estimate(value, value - half, value + half, n=9, method="made up", level=0.9)


def test_the_strip_has_every_claim_once_a_clock_and_only_words_that_occur():
    table = claim_status.table(claim_status.standings(CLAIMS, {}))
    svg = Figure(draw.strip(table), table).svg
    assert all(svg.count(f">{i}</text>") == 2 for i in range(1, 29))
    assert UNTESTED in svg
    assert ">refuted<" not in svg
    mixed = Figure(draw.strip(claim_status.table(stand())), None).svg
    assert all(f">{word}</text>" in mixed for word in ("supported", "partly", UNTESTED))


def test_a_gauge_says_on_which_side_of_zero_its_interval_lies():
    gauges = {
        "a": (est(-2, 1), "months"), "b": (est(2, 1), "orders"), "c": (est(0, 1), "points"),
        "d": (None, "shares"),
    }  # fmt: skip
    svg = Figure(draw.gauges(gauges), None).svg
    for text in ("narrower</text>", "wider</text>", "not settled", "not measured yet", "a, months"):
        assert text in svg


def test_the_causes_have_their_mean_and_both_extreme_orders():
    rows = [(c, o, 1.0, 0.5, 1.5) for c in ("spending", "price") for o in ("mean", "first", "last")]
    table = pd.DataFrame(rows, columns=["cause", "order", "value", "low", "high"])
    svg = Figure(draw.causes(table), table).svg
    for text in ("spending", "price", "mean over orders", "first to move", "last to move"):
        assert text in svg


def test_a_row_names_both_words_the_number_and_the_doubt_and_leads_on():
    bundle = draw.Board(stand())._repr_mimebundle_()
    html = bundle["text/html"]
    assert html.count("<details>") == html.count("<tr>") - 1 == 2
    untested, graded = html[: html.index("C21")], html[html.index("C21") :]
    assert "<td>partly</td><td><strong>supported</strong></td>" in graded
    assert 'href="../book/claims.html#claim-c21"' in graded
    assert 'href="lag.html"' in graded
    assert "7 months &lt; a year" in graded
    assert "Against our verdict" in graded
    assert "Against our verdict" not in untested
    assert 'href="openness.html"' not in untested
    assert len(bundle["text/csv"].splitlines()) == 3

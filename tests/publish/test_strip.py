"""The verdict strip and the state of the build: every claim once, told by more than colour."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from moat.evidence import load_claims
from moat.evidence.claims import SIGNS
from moat.evidence.findings import Chapter, Finding
from moat.publish import pages
from moat.publish.strip import build_state, verdict_strip
from tests.chromium import ARGUMENTS, find_chromium, patient


def chapter(name: str, **words: tuple[str, str]) -> Chapter:
    found = {
        k.replace("_", "-"): Finding(k.replace("_", "-"), w, method=why) for k, (w, why) in words.items()
    }
    return Chapter(name, name, {}, "abc", "2026-11-26T00:00:00", 1.0, "cpu", {}, found)


CHAPTERS = {
    "lag": chapter("lag", verdict_c21=("supported", "7 < 18 & more"), verdict_c21_then=("partly", "early")),
    "bill": chapter("bill", verdict_c07=("partly", "word " * 200)),
}


def strip() -> BeautifulSoup:
    text = verdict_strip(load_claims(), CHAPTERS)
    assert text.startswith("```{raw} html\n")
    return BeautifulSoup(text.split("\n", 1)[1].rsplit("```", 1)[0], "html.parser")


def test_every_claim_has_one_cell_that_leads_to_its_section():
    cells = strip().select(".verdict-cells a")
    claims = load_claims()
    assert [c["href"] for c in cells] == [f"claims.html#claim-{c.id.lower()}" for c in claims]
    sections = pages.fragments(CHAPTERS, set())["claims.md"]
    assert all(f"({c['href'].partition('#')[2]})=" in sections for c in cells)


def test_a_cell_tells_both_clocks_by_sign_and_in_words():
    cell = strip().find("a", href="claims.html#claim-c21")
    assert cell.select_one(".sign").text == SIGNS["supported"]
    assert cell.select_one(".sign-then").text == SIGNS["partly"]
    assert cell["aria-label"].endswith(": supported; as of 27 January 2025: partly")
    assert "7 < 18 & more" in cell["title"]
    assert "supported" in cell["class"]


def test_a_long_reason_is_cut_and_no_sign_stands_for_two_words():
    title = strip().find("a", href="claims.html#claim-c07")["title"]
    assert title.endswith("word \u2026")
    assert len(title) < 400
    assert len(set(SIGNS.values())) == len(SIGNS)


def test_the_key_counts_every_claim():
    counts = [int(li.text.rsplit(": ", 1)[1]) for li in strip().select(".verdict-key li")]
    assert sum(counts) == len(load_claims())


def test_the_state_lists_every_chapter_once():
    text = build_state(["lag", "bill", "chips"], {"chips"})
    assert text.startswith("Of 3 chapters 2 were computed in this build, 1 is taken from the record.")
    head, tail = text.split("Taken from the record")
    assert "lag.ipynb" in head
    assert "chips.ipynb" not in head
    assert "chips.ipynb" in tail
    assert "Taken" not in build_state(["lag"], set())


@pytest.mark.browser
@pytest.mark.skipif(not find_chromium(), reason="there is no Chromium")
@pytest.mark.parametrize("width", [1280, 390])
def test_the_strip_fits_its_page_and_its_cells_their_words(width, tmp_path):
    from playwright.sync_api import sync_playwright

    from moat.publish.sphinx_ext import STATIC

    page_file = tmp_path / "page.html"
    css = (STATIC / "moat.css").read_text(encoding="utf-8")
    page_file.write_text(
        f"<!doctype html><meta charset=utf-8><style>{css}</style>{strip()}", encoding="utf-8"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        page = patient(browser.new_page(viewport={"width": width, "height": 800}))
        page.goto(page_file.as_uri())
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
        cells = page.locator(".verdict-cells a")
        assert all(c.evaluate("e => e.scrollWidth <= e.clientWidth") for c in cells.all())
        boxes = [c.bounding_box() for c in cells.all()]
        assert len({round(b["y"]) for b in boxes}) == (2 if width > 700 else 4)
        browser.close()

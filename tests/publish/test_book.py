"""The built book as files: links, anchors, findings, and nothing that calls another host."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from moat import project
from moat.evidence import load_claims
from moat.publish.plan import load_plan

pytestmark = pytest.mark.book


@lru_cache(maxsize=64)
def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def pages(built: Path) -> list[Path]:
    found = sorted(p for p in built.rglob("*.html") if "_static" not in p.parts)
    assert len(found) > 8
    return found


def test_every_internal_link_and_anchor_leads_somewhere(built):
    dead = []
    for page in pages(built):
        for tag, attribute in (("a", "href"), ("img", "src"), ("link", "href"), ("script", "src")):
            for element in soup(page).find_all(tag, **{attribute: True}):
                parts = urlsplit(element[attribute])
                if parts.scheme or parts.netloc or (not parts.path and not parts.fragment):
                    continue
                target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
                if not target.is_file():
                    dead.append(f"{page.relative_to(built)}: {element[attribute]}")
                elif parts.fragment and target.suffix == ".html" and not _anchor(target, parts.fragment):
                    dead.append(f"{page.relative_to(built)}: {element[attribute]} (no such anchor)")
    assert not dead


def _anchor(target: Path, fragment: str) -> bool:
    return soup(target).find(id=unquote(fragment)) is not None


def test_nothing_is_loaded_from_another_host(built):
    foreign = []
    for page in pages(built):
        loaded = soup(page).select(
            "script[src], img[src], iframe[src], link[rel=stylesheet][href], source[src]"
        )
        for element in loaded:
            address = element.get("src") or element.get("href")
            if urlsplit(address).netloc:
                foreign.append(f"{page.name}: {address}")
    assert not foreign


def test_every_finding_in_prose_is_printed_with_where_it_comes_from(built):
    count = 0
    for source in sorted((project.root() / "book").glob("*.md")) + sorted(
        project.notebooks().glob("*.ipynb")
    ):
        text = source.read_text(encoding="utf-8")
        wanted = len(re.findall(r"\{finding\}`", text))
        page = built / source.relative_to(project.root()).with_suffix(".html")
        printed = soup(page).select("article .finding")
        assert len(printed) == wanted, page
        for element in printed:
            tooltip = soup(page).find(id=element["aria-describedby"])
            assert "at commit" in tooltip.text
            assert element["tabindex"] == "0"
        count += wanted
    assert count > 80


def test_nothing_looks_like_a_leak(built):
    for page in pages(built):
        article = soup(page).find("article")
        if article is None:
            continue
        text = article.get_text(" ")
        for leak in (
            "np.float64",
            "WARNING",
            "Traceback",
            "[no finding",
            "Finding(",
            "<Figure",
            str(Path.home()),
        ):
            assert leak not in text, f"{page.name}: {leak}"


def test_every_picture_has_words_and_text_that_is_text(built):
    for name in load_plan().chapters:
        page = built / "notebooks" / f"{name}.html"
        pictures = soup(page).select("article figure img")
        assert pictures
        for picture in pictures:
            assert len(picture.get("alt", "")) > 60
            svg = (page.parent / picture["src"]).read_text(encoding="utf-8")
            assert "<text" in svg


def test_every_display_offers_its_data_or_says_where_they_can_be_had(built):
    for name in load_plan().chapters:
        article = soup(built / "notebooks" / f"{name}.html").find("article")
        links = [a["href"] for a in article.select("a.download") if a["href"].endswith(".csv")]
        shown = len(article.select("figure img, table.sortable, .moat-explorer"))
        assert len(links) + len(article.select(".admonition.elsewhere")) == shown, name
        assert len(set(links)) == len(links)


def test_a_recorded_page_says_so_once_and_a_computed_one_does_not(built):
    for name in load_plan().chapters:
        article = soup(built / "notebooks" / f"{name}.html").find("article")
        notices = article.select(".admonition.recorded-page")
        assert len(notices) == (name in load_plan().recorded), name
        assert not article.select(".finding sup")


def test_the_claims_page_has_all_claims(built):
    page = soup(built / "book" / "claims.html")
    for claim in load_claims():
        assert page.find(id=f"claim-{claim.id.lower()}") is not None


def test_the_executed_notebook_can_be_had_and_tells_nothing_of_this_machine(built):
    for name in load_plan().chapters:
        source = built / "_sources" / "notebooks" / f"{name}.ipynb"
        text = source.read_text(encoding="utf-8")
        assert any(c.get("outputs") for c in json.loads(text)["cells"])
        assert str(project.root()) not in text


def test_the_landing_page_has_its_figure_the_triple_and_a_cell_for_every_claim(built):
    page = (built / "book" / "index.html").read_text(encoding="utf-8")
    assert 'src="../_images/landing.svg"' in page
    assert "<svg" in (built / "_images" / "landing.svg").read_text(encoding="utf-8")
    for finding in ("lag.width-china", "lag.hazard-ratio", "premium.price-of-crossing"):
        assert finding in page
    for claim in load_claims():
        assert f"claims.html#claim-{claim.id.lower()}" in page

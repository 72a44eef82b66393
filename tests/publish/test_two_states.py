"""The book where no source can be had, beside the book as built here: the same pages to a reader."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from moat import project
from moat.publish.inputs import inputs
from moat.publish.plan import load_plan
from tests.chromium import find_chromium, patient
from tests.publish.serving import served

pytestmark = [
    pytest.mark.book,
    pytest.mark.browser,
    pytest.mark.skipif(not find_chromium(), reason="there is no Chromium"),
]
#: What a reader sees, counted in the page; rows of another's table, which are not recorded, are left out.
COUNT = """() => {
  const ours = (e) => !e.closest('[class*="tag_rows-of-"]');
  const count = (what) => [...document.querySelectorAll("article " + what)].filter(ours).length;
  const pictures = [...document.querySelectorAll("article figure img")].filter(ours);
  return {
    figures: count("figure"), captions: count("figcaption"), tables: count("table"),
    broken: pictures.filter((i) => !i.hidden && !i.naturalWidth).length,
    live: count("figure .moat-live svg"), numbers: count(".finding"),
    formulas: count("mjx-container"), folds: count("details.hide"),
  };
}"""


@pytest.fixture(scope="module")
def sourceless(tmp_path_factory) -> Path:
    """The book of a copy of this project that reaches no source.

    What needs no source was executed in this build and is taken over; the rest it has to show as recorded.
    """
    root = tmp_path_factory.mktemp("sourceless") / "book"
    kept = shutil.ignore_patterns("_build", ".venv", ".git", ".snakemake", "__pycache__")
    shutil.copytree(project.root(), root, ignore=kept)
    for chapter in load_plan().computed:
        needs = inputs(project.notebooks() / f"{chapter}.ipynb")
        if needs.remote or needs.chapters:
            continue
        for made in (f"executed/{chapter}.ipynb", f"findings/{chapter}.json"):
            target = root / "_build" / made
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project.build() / made, target)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MOAT_", "PYTEST_"))}
    # A closed door in place of the network: no source can be had, whatever this machine reaches.
    closed = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    environment |= {
        "MOAT_ROOT": str(root),
        "PYTHONPATH": str(root),
        "MOAT_CACHE": str(root / "none"),
        **closed,
    }
    command = [sys.executable, "-m", "moat", "book"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "_build" / "html"


def test_a_book_without_sources_shows_all_that_a_computed_one_shows(built, sourceless, browser):
    here, there = (counted(browser, html) for html in (built, sourceless))
    assert here.keys() == there.keys()
    for address, counts in here.items():
        there[address].pop("folds"), counts.pop("folds")
        assert there[address] == counts, address
        assert counts["broken"] == 0, address


def counted(browser, html: Path) -> dict[str, dict[str, int]]:
    """The counts of every page of a built book."""
    found = {}
    with served(html) as site:
        page = patient(browser.new_page(viewport={"width": 1280, "height": 900}))
        for path in sorted([*html.glob("book/*.html"), *html.glob("notebooks/*.html")]):
            address = str(path.relative_to(html))
            page.goto(site + address, wait_until="load")
            if page.locator(".moat-chart").count():
                page.wait_for_selector(".moat-live svg")
            if page.locator("article .math").count():
                page.wait_for_function("!document.querySelector('article .math:not(:has(mjx-container))')")
            found[address] = page.evaluate(COUNT)
            assert "Not drawn" not in page.locator("article").inner_text()
        page.close()
    return found

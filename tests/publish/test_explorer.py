"""The explorer in a browser, from a disk and without a network: the same answers as Python's."""

from __future__ import annotations

import copy
import json
from collections import defaultdict

import numpy as np
import pytest
from bs4 import BeautifulSoup

from moat import numbers, sources
from moat.chapters.explorer import answers as explorer
from moat.chapters.explorer import board as explorer_board
from moat.chapters.explorer.figures import explorer as shown
from moat.chapters.explorer.settings import SETTINGS, default, drawn
from moat.evidence import load_claims
from moat.evidence.findings import Chapter, recorded_path
from moat.publish.sphinx_ext import STATIC
from tests.chromium import find_chromium, patient

CHROMIUM = find_chromium()
in_browser = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
#: The chapters' own assumptions, and ten at random.
CASES = [default(), *drawn(10, seed=20250127)]


@pytest.fixture(scope="module")
def board() -> dict:
    names = ("lag", "premium", "bill", "scissors")
    chapters = {name: Chapter.load(recorded_path(name)) for name in names}
    return explorer_board.board(chapters, sources.load("cost-inputs"))


@pytest.fixture(scope="module")
def widget(board) -> str:
    return shown(board, {c.id: c.claim for c in load_claims()}).html()


@pytest.fixture(scope="module")
def address(widget, tmp_path_factory) -> str:
    css, script = ((STATIC / name).read_text(encoding="utf-8") for name in ("moat.css", "explorer.js"))
    page = tmp_path_factory.mktemp("explorer") / "page.html"
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>x</title><style>{css}</style>"
    page.write_text(f"{head}<main>{widget}</main><script>{script}</script>", encoding="utf-8")
    return page.as_uri()


@pytest.fixture
def page(browser, address):
    """The page, watched: an error, or a request that leaves the disk, fails the test."""
    context = patient(browser.new_context(viewport={"width": 1280, "height": 900}, offline=True))
    page, trouble = context.new_page(), []
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith("file:") else trouble.append(r.url))
    page.goto(address)
    yield page
    context.close()
    assert not trouble


def as_printed(found: dict) -> dict[str, str]:
    texts = {k: (row, numbers.with_interval(*row)) for k, row in found["numbers"].items()}
    return {k: text[0] if row[1] == row[2] else " ".join(text) for k, (row, text) in texts.items()}


def read(page) -> tuple[dict[str, str], dict[str, str]]:
    """The numbers and words that the page shows now."""
    cells = page.locator("[data-answer]:visible")
    texts = dict(
        zip(cells.evaluate_all("all => all.map(e => e.dataset.answer)"), cells.all_inner_texts(), strict=True)
    )
    words = {k: v.split(" ", 1)[1] for k, v in texts.items() if k[0] == "C"}
    return {k: v for k, v in texts.items() if k not in words}, words


def turn(page, chosen: dict) -> None:
    """Set every control by hand, as a reader would."""
    for setting in SETTINGS:
        handle, value = page.locator(f"#explorer-{setting.name}"), chosen[setting.name]
        if setting.options:
            handle.select_option(value)
        elif value is not None:
            handle.fill(f"{value:g}")
        elif (free := handle.locator("xpath=..").locator(".explorer-free")).is_enabled():
            free.click()


def test_without_scripts_the_tables_hold_the_answers(widget, board):
    page = BeautifulSoup(widget, "html.parser")
    cells = {c["data-answer"]: c.text for c in page.select("[data-answer]")}
    found = explorer.answer(board)
    assert {k: v for k, v in cells.items() if k[0] != "C"} == as_printed(found)
    assert {k: v.split(" ", 1)[1] for k, v in cells.items() if k[0] == "C"} == found["verdicts"]
    stored = page.select_one("script[type='application/json']").string
    assert json.loads(stored)["board"] == json.loads(json.dumps(board))


@in_browser
@pytest.mark.browser
@pytest.mark.parametrize("chosen", CASES, ids=range(len(CASES)))
def test_the_page_answers_as_python_does(page, board, chosen):
    ours = explorer.answer(board, chosen)
    theirs = page.evaluate("([b, s]) => moatExplorer.answer(b, s)", [board, chosen])
    assert theirs["verdicts"] == ours["verdicts"]
    assert set(theirs["numbers"]) == set(ours["numbers"])
    for key, row in ours["numbers"].items():
        assert theirs["numbers"][key] == pytest.approx(row, rel=1e-9), key


def made_up(board: dict, rng: np.random.Generator) -> dict:
    """Another book: every interval and grid moved, so that each rule gets to say each of its words."""
    made = copy.deepcopy(board)

    def shake(row: list[float], positive: bool = False) -> list[float]:
        value, low, high = row
        half = max(high - low, abs(value), 1.0) * rng.choice([0.02, 0.3, 1.0])
        middle = value + rng.normal() * max(abs(value), high - low, 2.0)
        middle = abs(middle) + 1.01 * half if positive else middle
        return [middle, middle - half, middle + half]

    wider = float(rng.choice([0, 40]))
    for dated in made["dates"].values():
        for key in dated:
            dated[key] = shake([x + wider * key.startswith("width") for x in dated[key]])
    made["even"] = {k: v | {"row": shake(v["row"])} for k, v in made["even"].items()}
    for part in ("printed", "leaps"):
        made[part] = {k: shake(v) for k, v in made[part].items()}
    if rng.random() < 0.3:  # a slope close to none
        made["dates"] = {k: v | {"slope": [0.2, -1.0, 1.2]} for k, v in made["dates"].items()}
    side = int(rng.choice([-1, 1]))
    if rng.random() < 0.3:  # all comparisons alike, or parts would hardly ever agree
        made["even"] = {
            k: v | {"row": [30 * side, 30 * side - 1, 30 * side + 1]} for k, v in made["even"].items()
        }
        made["printed"] = {k: [60 * side, 60 * side - 1, 60 * side + 1] for k in made["printed"]}
    rows = made["rows"]
    for key in ("uncounted", "mixtral", "lag-change"):
        rows[key] = shake(rows[key])
    for key in ("share-then", "share-now"):
        value = rng.uniform(2, 40)
        rows[key] = [value, 0.9 * value, 1.1 * value]
    rows["adoption"] = shake([10.0, 5.0, 15.0]) if rng.random() < 0.5 else None
    made["counts"] = {"days-led-china": float(rng.choice([0, 3])), "days-led": float(rng.choice([0, 3])),
                      "mixtral-active": float(rng.choice([2, 5]))}  # fmt: skip
    for key, row in made["dates"]["chapter"].items():
        if key in made["grids"]:
            spread = rng.choice([0.01, 1.0, 10.0]) * max(abs(row[0]), 1.0)
            made["grids"][key] = (row[0] + spread * rng.normal(size=10)).tolist()
    bill = made["bill"] | {"points": 64, "hours_llama": float(rng.choice([0.5, 2.0, 5.0, 30.0, 300.0]))}
    kinds = {row[key] for row in bill["grid"] for key in ("price", "research")}
    factor = {kind: float(rng.choice([0.2, 1.0, 4.0])) for kind in sorted(kinds)}
    bill["grid"] = [
        row | {"value": 5 * row["value"] * factor[row["price"]] * factor[row["research"]]}
        for row in bill["grid"]
    ]
    return made | {"bill": bill}


@in_browser
@pytest.mark.browser
def test_the_rules_of_the_page_are_those_of_the_book_on_made_up_books(page, board):
    rng = np.random.default_rng(3)
    settings = [s | {"rival": "Llama 3.1-405B"} if i % 3 else s for i, s in enumerate(drawn(400, seed=4))]
    cases = [[made_up(board, rng), chosen] for chosen in settings]
    theirs = page.evaluate(
        "cases => JSON.parse(cases).map((c) => moatExplorer.answer(...c))", json.dumps(cases)
    )
    seen = defaultdict(set)
    for (made, chosen), found in zip(cases, theirs, strict=True):
        ours = explorer.answer(made, chosen)
        assert found["verdicts"] == ours["verdicts"], chosen
        for claim, word in ours["verdicts"].items():
            seen[claim].add(word)
    assert not {claim: words for claim, words in seen.items() if len(words) < 3}


@in_browser
@pytest.mark.browser
def test_turning_the_controls_shows_what_python_prints(page, board):
    for chosen in CASES:
        turn(page, chosen)
        numbers, words = read(page)
        found = explorer.answer(board, chosen)
        assert words == found["verdicts"]
        assert numbers == as_printed(found)
    page.get_by_role("button", name="Back to").click()
    assert read(page) == (as_printed(explorer.answer(board)), explorer.answer(board)["verdicts"])
    assert page.locator(".explorer-said").inner_text() == "Every word is the chapters' own."


@in_browser
@pytest.mark.browser
def test_the_keyboard_moves_a_slider_and_the_page_says_what_changed(page, board):
    slider = page.get_by_label("Chinese chips that nobody counts")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#explorer-uncounted + output").inner_text() == "0.1"
    page.keyboard.press("End")
    words = explorer.answer(board, {"uncounted": 15.0})["verdicts"]
    assert f"C17 is {words['C17']} (was " in page.locator(".explorer-said").inner_text()
    assert page.locator("[data-answer=C17].explorer-moved").count() == 1
    assert slider.get_attribute("aria-valuetext") == "15"


@in_browser
@pytest.mark.browser
def test_every_control_has_a_label_and_the_source_of_its_range(page):
    for setting in SETTINGS:
        handle = page.get_by_label(setting.label)
        assert handle.count() == 1
        note = page.locator(f"#{handle.get_attribute('aria-describedby')}").inner_text()
        assert setting.source in note
        assert all(claim in note for claim in setting.enters)


@in_browser
@pytest.mark.browser
@pytest.mark.parametrize(("width", "columns"), [(1280, 2), (390, 1)])
def test_it_fits_its_page(browser, address, width, columns):
    page = patient(browser.new_page(viewport={"width": width, "height": 800}))
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    form, answers = (page.locator(f".explorer-{part}").bounding_box() for part in ("form", "answers"))
    assert (abs(form["y"] - answers["y"]) < 2) == (columns == 2)
    page.close()

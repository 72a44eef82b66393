"""The built book in a browser: light, dark and on a phone; nothing red, nothing sideways."""

from __future__ import annotations

import pytest

from tests.chromium import find_chromium, patient
from tests.publish.serving import served

CHROMIUM = find_chromium()
pytestmark = [
    pytest.mark.book,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium"),
]
VIEWS = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True},
}


@pytest.fixture(scope="module")
def site(built):
    with served(built) as address:
        yield address


def addresses(built) -> list[str]:
    folders = ("book", "notebooks")
    return [str(p.relative_to(built)) for f in folders for p in sorted((built / f).glob("*.html"))]


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_is_quiet_and_fits(view, browser, site, built):
    context = patient(browser.new_context(**VIEWS[view]))
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda m: trouble.append(f"{page.url}: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda e: trouble.append(f"{page.url}: {e}"))
    page.on("response", lambda r: trouble.append(f"{r.url}: {r.status}") if r.status >= 400 else None)
    page.on(
        "request",
        lambda r: None if r.url.startswith((site, "data:", "blob:")) else trouble.append(f"foreign {r.url}"),
    )
    for address in ["index.html", *addresses(built)]:
        page.goto(site + address, wait_until="load")
        page.wait_for_timeout(250)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            trouble.append(f"{address}: {wide} px too wide")
    theme = page.evaluate("document.documentElement.dataset.theme")
    context.close()
    assert not trouble
    assert theme == ("dark" if view == "dark" else "light")


def test_a_finding_tells_where_it_comes_from_on_hover_and_on_focus(browser, site):
    page = patient(browser.new_page(**VIEWS["light"]))
    page.goto(site + "notebooks/chinchilla.html")
    finding = page.locator("article .finding").first
    tooltip = finding.locator(".provenance")
    assert not tooltip.is_visible()
    finding.hover()
    assert tooltip.is_visible()
    assert "at commit" in tooltip.inner_text()
    page.mouse.move(0, 0)
    assert not tooltip.is_visible()
    finding.focus()
    assert tooltip.is_visible()
    box = tooltip.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1280
    page.close()


def test_a_table_sorts_by_number_in_both_directions(browser, site):
    page = patient(browser.new_page(**VIEWS["light"]))
    page.goto(site + "notebooks/chinchilla.html")
    table = page.locator("table.sortable").first
    button = table.locator("thead button").nth(1)

    def column() -> list[float]:
        texts = table.locator("tbody tr td:nth-child(2)").all_inner_texts()
        return [float(t.split()[0].replace(",", "")) for t in texts]

    button.click()
    assert column() == sorted(column())
    button.focus()
    page.keyboard.press("Enter")
    assert column() == sorted(column(), reverse=True)
    page.close()


@pytest.mark.parametrize("view", VIEWS)
def test_a_live_chart_fills_its_column_and_names_the_point_under_the_pointer(view, browser, site):
    page = patient(browser.new_page(**VIEWS[view]))
    page.goto(site + "notebooks/market.html")
    page.wait_for_selector(".moat-live svg")
    chart = page.locator(".moat-live").first
    assert chart.bounding_box()["width"] > 0.85 * page.locator("article").first.bounding_box()["width"]
    assert len(chart.get_attribute("aria-label")) > 60
    assert not page.locator("figure:has(.moat-live) img").first.is_visible()
    if view != "phone":
        point = chart.locator("g.mark-symbol.role-mark path").nth(40)
        point.scroll_into_view_if_needed()
        point.hover(force=True)
        page.wait_for_selector("#vg-tooltip-element.visible")
        assert len(page.locator("#vg-tooltip-element").inner_text()) > 10
    page.close()


def test_mathematics_is_drawn_without_another_host(browser, site):
    page = patient(browser.new_page(**VIEWS["light"]))
    page.goto(site + "notebooks/chinchilla.html")
    page.wait_for_selector("mjx-container")
    assert page.locator("mjx-container").count() >= 2
    page.close()


@pytest.mark.parametrize("view", VIEWS)
def test_the_explorer_answers_and_its_first_line_stays_in_sight(view, browser, site):
    page = patient(browser.new_page(**VIEWS[view]))
    page.goto(site + "notebooks/explorer.html")
    slider = page.locator("#explorer-uncounted")
    slider.scroll_into_view_if_needed()
    slider.focus()
    page.keyboard.press("End")
    said = page.locator(".explorer-said")
    assert "C17 is " in said.inner_text()
    assert 0 < said.bounding_box()["y"] < VIEWS[view]["viewport"]["height"]
    card = page.locator(".text_html:has(.moat-explorer)").evaluate("e => getComputedStyle(e).backgroundColor")
    assert view != "dark" or card == "rgba(0, 0, 0, 0)"
    page.close()

"""Recorded figures and tables: kept without another's rows, shown as if computed, gated like numbers."""

from __future__ import annotations

import io
import json
import shutil

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from moat import project, sources
from moat.errors import ChapterFailed
from moat.evidence.findings import MIME, Chapter, recorded_path
from moat.publish import displays
from moat.publish.displays import CHART, CSV, HTML, SVG, Display
from moat.publish.inputs import bare, code_digest, inputs
from moat.publish.parameters import read
from moat.publish.plan import load_plan
from moat.publish.stage import fold


def code(source: str, tags=("hide-input",), output: dict | None = None, **metadata) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags), **metadata})
    if output:
        cell.outputs = [nbformat.v4.new_output("execute_result", data=output, execution_count=1)]
    return cell


def test_of_anothers_rows_only_a_picture_is_kept():
    shown = {SVG: '<path aria-label="model: V3" d="M0,0"/>', CHART: "{}", HTML: "<table>", CSV: "a\n1\n"}
    assert Display("a", shown).publishable().shown == shown
    assert set(Display("a", shown, data_of=("x",)).publishable().shown) == {SVG, HTML}
    assert Display("a", shown, rows_of=("x",)).publishable().shown == {SVG: '<path d="M0,0"/>'}
    assert Display("a", {HTML: "<table>", CSV: "a\n"}, rows_of=("x",)).publishable().shown == {}


def test_two_displays_of_one_name_are_refused():
    shown = {"output": {CSV: "x\n1\n", HTML: "<p>"}, "mystnb": {"figure": {"name": "fig-a"}}}
    cells = [code("a", **shown), code("b", **shown)]
    with pytest.raises(ChapterFailed, match="fig-a shows more than one"):
        displays.collect(nbformat.v4.new_notebook(cells=cells), "near")


def test_a_plain_table_is_a_display_and_the_list_of_findings_is_none():
    shown = nbformat.v4.new_notebook(
        cells=[code("rows.describe()", output={HTML: "<table>"}), code("f", output={HTML: "<p>", MIME: {}})]
    )
    assert [d.shown for d in displays.collect(shown, "near").values()] == [{HTML: "<table>"}]


def test_hidden_cells_that_follow_one_another_are_one_fold():
    cells = [
        code("import a", ["hide-cell"]), code("b = 1"), code("c = 2", output={HTML: "<p>"}),
        nbformat.v4.new_markdown_cell("words"), code("d = 3"), code("e = 4", []),
        code("f = 5"), code("findings", ["hide-cell"], output={HTML: "<p>"}),
    ]  # fmt: skip
    folded = fold(cells)
    assert [c.source for c in folded] == [
        "import a\n\nb = 1\n\nc = 2", "words", "d = 3", "e = 4", "f = 5", "findings",
    ]  # fmt: skip
    assert folded[0].metadata["tags"] == ["hide-input"]
    assert folded[0].outputs


def test_the_digest_of_code_ignores_what_does_not_compute():
    code_a = 'def f(x):\n    """Twice."""\n    return 2 * x  # two\n'
    code_b = 'def f(x):\n    "Übersetzt: doubled."\n\n    return 2 * x\n'
    assert bare(code_a) == bare(code_b) == "def f(x): return 2 * x"
    assert bare(code_a.replace("2 * x", "3 * x")) != bare(code_b)
    assert bare("x = 'a # b'\n") == "x = 'a # b'"


# On the small project: `far` shows a figure and a table of ours and rows of a downloaded table.


def soup(mini, name: str = "notebooks/far") -> BeautifulSoup:
    page = mini.root / "_build" / "html" / f"{name}.html"
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def offline(mini):
    shutil.rmtree(mini.root / "_build")
    shutil.rmtree(mini.cache, ignore_errors=True)
    return mini.moat("book", offline=True)


def test_what_is_recorded_is_ours(built_mini):
    kept = {p.name for p in (built_mini.root / "data" / "displays" / "far").iterdir()}
    assert kept == {"fig-line.svg", "fig-line.csv", "c8.html", "c8.csv"}


def test_a_recorded_page_looks_like_a_computed_one(mini):
    before = soup(mini)
    done = offline(mini)
    assert done.returncode == 0, done.stdout + done.stderr
    after = soup(mini)
    for shown in ("figure img", "figcaption", "table.sortable", "table.findings", "a.download"):
        count = len([e for e in before.select(shown) if not e.find_parent(class_="tag_rows-of-points")])
        gone = 1 if shown == "a.download" else 0  # the data of another's rows
        assert len(after.select(shown)) == count - gone, shown
    notice = after.select_one(".recorded-page")
    assert "Recorded on" in notice.text
    assert "earlier version" not in notice.text
    assert "points" in notice.text
    assert "2 rows" not in after.text  # the small source states no number of rows
    assert "columns x (m), y (m)" in after.select_one(".elsewhere").text
    assert not after.select(".finding-mark")
    assert soup(mini, "book/index").select(".finding-recorded")


@pytest.mark.slow
def test_a_recorded_page_says_that_its_code_has_changed(mini):
    mini.edit("notebooks/far.ipynb", "factor = 1.0", "factor = 1.0 + 0.0")
    mini.edit("notebooks/far.ipynb", "factor = 1.0 + 0.0", "factor = 1.5")
    assert offline(mini).returncode == 0
    assert "by an earlier version of its code" in soup(mini).select_one(".recorded-page").text


def test_a_renamed_figure_stops_the_build_and_names_the_command(mini):
    mini.edit("notebooks/far.ipynb", '"name": "fig-line"', '"name": "fig-curve"')
    done = offline(mini)
    assert done.returncode == 1
    said = done.stderr.strip().splitlines()[-1]
    assert "fig-line is recorded, but the notebook shows no such figure" in said
    assert "`make record`" in said


def test_a_display_that_moved_stops_the_build_until_it_is_recorded(mini):
    figure = mini.root / "data" / "displays" / "far" / "fig-line.csv"
    mini.edit("notebooks/far.ipynb", "mine = (factor * table)", "mine = (2 * table)")
    done = mini.moat("book")
    assert done.returncode == 1
    assert "far, fig-line: column step moved by 200% of its range" in done.stderr
    assert mini.moat("record").returncode == 0
    assert figure.read_text() == "step,height\n2,4\n4,8\n"
    assert mini.moat("book").returncode == 0


@pytest.mark.slow
def test_a_display_that_looks_the_same_keeps_its_file(mini):
    kept = {p: p.read_bytes() for p in (mini.root / "data").rglob("far/*")}
    mini.edit("notebooks/far.ipynb", "mine = (factor * table)", "mine = ((1 + 1e-9) * table)")
    assert mini.moat("book").returncode == 0
    accepted = mini.moat("record").stdout.splitlines()
    assert {p: p.read_bytes() for p in kept} == kept
    assert accepted[:-1] == ["data/findings/far.json"]  # its code has changed
    assert mini.moat("record").stdout.splitlines()[:-1] == []


# On this repository.


def test_every_recorded_display_belongs_to_its_notebook():
    for chapter in project.in_book():
        notebook = read(project.notebooks() / f"{chapter}.ipynb")
        attached = displays.attach(notebook, chapter)
        assert any(cell.get("outputs") for cell in attached.cells), chapter


def test_the_recorded_displays_are_light():
    size = sum(p.stat().st_size for p in (project.root() / "data" / "displays").rglob("*"))
    assert size < 6_000_000


@pytest.mark.book
@pytest.mark.parametrize("chapter", project.in_book())
def test_what_is_recorded_was_made_by_this_code(chapter):
    """Where the sources are at hand: elsewhere the page itself says that its code has changed."""
    if chapter in load_plan().recorded:
        pytest.skip(f"Source {load_plan().recorded[chapter][0]!r} is not in the cache or mirror.")
    recorded = Chapter.load(recorded_path(chapter))
    assert recorded.code == code_digest(project.notebooks() / f"{chapter}.ipynb"), (
        "run `make book` and `make record`, and read the diff"
    )


@pytest.mark.parametrize("chapter", project.in_book())
def test_no_recorded_data_repeat_rows_of_another(chapter):
    """Two columns that agree with a downloaded table row by row, one of them measured, are its rows."""
    tables = {n: sources.load(n) for n in inputs(project.notebooks() / f"{chapter}.ipynb").remote}
    for name, display in displays.load(chapter).items():
        for kept in frames(display):
            for source, table in tables.items():
                repeated = repeats(kept, table)
                assert not repeated, f"{name} repeats {repeated} of {source}: tag its cell data-of-{source}"


def frames(display: Display) -> list[pd.DataFrame]:
    """The data that a display carries: its CSV, a rendered table, the description of a live chart."""
    found = [pd.read_csv(io.StringIO(display.shown[CSV]))] if CSV in display.shown else []
    if HTML in display.shown:
        rows = BeautifulSoup(display.shown[HTML], "html.parser").select("table tr")
        cells = [[cell.get_text() for cell in row.select("th, td")] for row in rows]
        if cells and len({len(row) for row in cells}) == 1:
            found.append(pd.read_csv(io.StringIO(pd.DataFrame(cells[1:]).to_csv(index=False))))
    if CHART in display.shown:
        described = json.loads(display.shown[CHART])
        found += [pd.DataFrame(rows) for rows in described.get("datasets", {}).values()]
    return found


def repeats(kept: pd.DataFrame, table: pd.DataFrame) -> str:
    """A pair of columns that occurs in both, in most rows; "" when there is none.

    Small whole numbers agree by chance, so a measured column has to have other values.
    """
    ours, theirs = ({c: as_keys(t[c]) for c in t} for t in (kept, table))
    measured = [c for c in ours if is_measured(kept[c])]
    for a in measured:
        for x in theirs:
            if x not in measured_in(table) or share(ours[a], theirs[x]) < 0.7:
                continue
            for b in ours:
                for y in theirs:
                    if b == a or y == x or ours[b].nunique() < 4 or share(ours[b], theirs[y]) < 0.7:
                        continue
                    pairs = set(zip(theirs[y], theirs[x], strict=True))
                    found = [pair in pairs for pair in zip(ours[b], ours[a], strict=True)]
                    if np.mean(found) > 0.5:
                        return f"{b} and {a} (as {y} and {x})"
    return ""


def share(ours: pd.Series, theirs: pd.Series) -> float:
    return ours.isin(set(theirs)).mean()


def measured_in(table: pd.DataFrame) -> set[str]:
    return {c for c in table if is_measured(table[c])}


def is_measured(column: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return False
    values = column.dropna().astype(float)
    telling = values[(values != values.round()) | (values.abs() >= 1000)]
    return telling.nunique() >= 8


def as_keys(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column.astype(float).map("{:.6g}".format)
    return column.astype(str)

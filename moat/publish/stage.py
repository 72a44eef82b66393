"""The tree that Jupyter Book renders: pages as written, chapters as executed, data beside them.

It mirrors the repository, so links and download buttons have the paths of the sources.
"""

from __future__ import annotations

import copy
import json
import shutil
import zlib
from datetime import date
from importlib.metadata import files
from pathlib import Path
from typing import Any

import nbformat

from moat import project, sources
from moat.errors import BuildFailed
from moat.evidence.findings import MIME, Chapter, findings_html
from moat.publish import displays, pages
from moat.publish.inputs import code_digest
from moat.publish.parameters import read
from moat.publish.plan import Plan

#: The class of the element that holds a live chart's description.
CHART_CLASS = "moat-chart"
#: The one figure that the landing page repeats: chapter and name.
LANDING = ("scissors", "fig-scissors-three")
#: The landing picture of a book without that chapter.
EMPTY = '<svg xmlns="http://www.w3.org/2000/svg"/>'
HIDING = {"hide-input", "hide-cell"}


def stage_path() -> Path:
    return project.build() / "stage"


def stage(plan: Plan, chapters: dict[str, Chapter]) -> Path:
    """Write the tree.  Unchanged files keep their time stamps; files of former builds go."""
    tree = _Tree(stage_path())
    root = project.root()
    live = False
    for path in (root / "_config.yml", root / "_toc.yml", *sorted((root / "book").rglob("*"))):
        if path.is_file():
            tree.write(path.relative_to(root), path.read_bytes())
    for name in plan.chapters:
        notebook, tables = page(name, plan, chapters[name])
        live |= any(CHART_CLASS in cell.source for cell in notebook.cells)
        for table, csv in tables.items():
            tree.write(Path("csv") / name / f"{table}.csv", csv)
        tree.write(Path("notebooks") / f"{name}.ipynb", nbformat.writes(notebook))
    for name, chapter in chapters.items():
        state = "recorded" if name in plan.recorded else "computed"
        tree.json(Path("findings") / f"{name}.json", _with_state(chapter, state))
    for name, text in pages.fragments(chapters, set(plan.recorded)).items():
        tree.write(Path("generated") / name, text)
    tree.write(Path("generated") / "landing.svg", landing(plan))
    for relative, path in mathjax().items():
        tree.write(Path("offline") / relative, path.read_bytes())
    if live:
        tree.write(Path("offline") / "vega.js", vega())
    tree.prune()
    return tree.root


def landing(plan: Plan) -> str:
    """The picture of the landing page, as its chapter drew it in this build or when it was recorded."""
    chapter, figure = LANDING
    if chapter in plan.recorded:
        shown = displays.load(chapter)
    elif chapter in plan.computed:
        shown = displays.collect(read(project.build() / "executed" / f"{chapter}.ipynb"), chapter)
    else:
        return EMPTY
    if figure not in shown:
        raise BuildFailed(
            f"The landing page repeats the figure {figure} of {chapter}, which has none of that name; "
            "correct LANDING in moat/publish/stage.py."
        )
    return shown[figure].shown[displays.SVG]


def _with_state(chapter: Chapter, state: str) -> dict:
    body = vars(chapter) | {"state": state, "sources": chapter.sources}
    body["findings"] = {name: vars(f) for name, f in chapter.findings.items()}
    return body


class _Tree:
    """Files written under a root; `prune` removes what this build did not write."""

    def __init__(self, root: Path):
        self.root = root
        self.kept: set[Path] = set()

    def write(self, relative: Path, content: str | bytes) -> None:
        self.kept.add(project.write(self.root / relative, content))

    def json(self, relative: Path, value: object) -> None:
        self.kept.add(project.write_json(self.root / relative, value))

    def prune(self) -> None:
        for path in sorted(self.root.rglob("*"), reverse=True):
            if path.is_file() and path not in self.kept:
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()


def page(name: str, plan: Plan, chapter: Chapter) -> tuple[nbformat.NotebookNode, dict[str, str]]:
    """A chapter as a page, and the CSV behind each figure and table.

    Both kinds of page are made in the same way; the recorded one begins with a notice.
    """
    if name in plan.recorded:
        source = project.notebooks() / f"{name}.ipynb"
        notebook = recorded(read(source), name, chapter)
        title, _, rest = notebook.cells[0].source.partition("\n\n")
        notice = _notice(plan.recorded[name], chapter, code_digest(source))
        notebook.cells[0].source = f"{title}\n\n{notice}\n\n{rest}"
    else:
        notebook = read(project.build() / "executed" / f"{name}.ipynb")
    tables: dict[str, str] = {}
    cells = []
    for cell in fold(notebook.cells):
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata["tags"].append("remove-cell")
        cells.append(cell)
        cells += [_markdown(text) for text in _beside(cell, name, tables)]
    notebook.cells = [*cells, _stamp(name)]
    return _public_metadata(notebook), tables


def recorded(notebook: nbformat.NotebookNode, name: str, chapter: Chapter) -> nbformat.NotebookNode:
    """The source notebook with what its cells showed when it was recorded."""
    displays.attach(notebook, name)
    last = [c for c in notebook.cells if c.cell_type == "code"][-1]
    last.outputs = [
        nbformat.v4.new_output("display_data", data={"text/html": findings_html(chapter.findings)})
    ]
    return notebook


def fold(cells: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Hidden cells that follow one another become one, with what the last of them shows.

    A cell whose output is hidden too, such as the list of findings, keeps a line of its own.
    """
    folded: list[nbformat.NotebookNode] = []
    for cell in cells:
        before = folded[-1] if folded else None
        if before is not None and _silent(before) and _hidden(cell):
            tags = [*_tags(before), *_tags(cell)]
            cell.metadata["tags"] = list(dict.fromkeys(t for t in tags if t not in HIDING))
            cell.metadata["tags"].append("hide-input")
            cell.source = f"{before.source}\n\n{cell.source}"
            folded[-1] = cell
        else:
            folded.append(cell)
    return folded


def _tags(cell: nbformat.NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _hidden(cell: nbformat.NotebookNode) -> bool:
    """Whether its code is folded away and its output, if any, is not."""
    if cell.cell_type != "code" or not HIDING & set(_tags(cell)):
        return False
    return "hide-input" in _tags(cell) or not cell.outputs


def _silent(cell: nbformat.NotebookNode) -> bool:
    return _hidden(cell) and not cell.outputs


def _beside(cell: nbformat.NotebookNode, chapter: str, tables: dict[str, str]) -> list[str]:
    """What stands below a cell: its live chart, its data or where they can be had.  Cleans its outputs."""
    added = []
    if cell.cell_type == "code":
        # Progress is for whoever waits, not for readers.
        cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
    chart, csv = _take(cell, displays.CHART), _take(cell, displays.CSV)
    if chart is not None:
        added.append(_live(cell, chart))
    if csv is not None:
        table = displays.display_name(cell)
        tables[table] = csv
        added.append(f"{{download}}`Data of this display (CSV) <../csv/{chapter}/{table}.csv>`")
    elif kept_back := _kept_back(cell):
        added.append(kept_back)
    return added


def _kept_back(cell: nbformat.NotebookNode) -> str:
    """Where another's rows can be had, which this page does not pass on; "" where there are none."""
    if rows := displays.tagged(cell, displays.ROWS_OF):
        if cell.outputs and not any(displays.SVG in o.get("data", {}) for o in cell.outputs):
            return ""  # the rows themselves are shown
        words = "This chart is live" if cell.outputs else "This table is shown"
        words += " where its rows, published by others, are at hand"
    elif rows := displays.tagged(cell, displays.DATA_OF):
        words = "The data behind this are published by others"
    else:
        return ""
    return f":::{{admonition}} {words}\n:class: dropdown elsewhere\n{displays.elsewhere(rows)}\n:::"


def _notice(missing: tuple[str, ...], chapter: Chapter, code: str) -> str:
    """One quiet line that unfolds: when, by which code, from which tables, and what is missing here."""
    day = f"{date.fromisoformat(chapter.executed[:10]):%-d %B %Y}"
    older = "" if chapter.code == code else " by an earlier version of its code"
    by = f"digest `{chapter.code}`" if chapter.code else "no digest"
    read_then = "\n".join(f"- `{s}`, sha256 `{d[:16]}…`" for s, d in chapter.sources.items())
    absent = "\n".join(f"- `{m}`: {sources.find(m).title}" for m in missing)
    return (
        f":::{{admonition}} Recorded on {day}{older}, not recomputed here\n:class: dropdown recorded-page\n"
        "A source of this chapter could not be had in this build, so its numbers, figures and tables are "
        f"those of the recorded run (commit `{chapter.commit}`, code with {by}).\n\n"
        f"Missing here:\n\n{absent}\n\nRead by the recorded run:\n\n{read_then}\n:::"
    )


def _take(cell: nbformat.NotebookNode, mime: str) -> Any:
    """Remove and return what a cell's outputs hold under ``mime``; the findings go as well."""
    for output in cell.get("outputs", []):
        output.get("data", {}).pop(MIME, None)
        held = output.get("data", {}).pop(mime, None)
        if held is not None:
            return held
    return None


def _live(cell: nbformat.NotebookNode, chart: dict) -> str:
    """The description of a live chart, for the script that replaces the picture."""
    name = cell.metadata["mystnb"]["figure"]["name"]
    # Inside a script element only "</" could end it early.
    spec = json.dumps(chart, sort_keys=True).replace("</", "<\\/")
    holder = f'<div class="{CHART_CLASS}" data-figure="{name}" hidden>'
    return f'```{{raw}} html\n{holder}<script type="application/json">{spec}</script></div>\n```'


def vega() -> str:
    """Vega-Lite as one classic script: modules do not load from a disk."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.moatVega = vegaEmbed;")
    return f"(function () {{\n{bundle}\n}})();\n"


def _stamp(name: str) -> nbformat.NotebookNode:
    return _markdown(f"```{{run-stamp}} {name}\n```")


def _markdown(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(source, id=f"added-{zlib.crc32(source.encode()):08x}")


def _public_metadata(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what papermill adds, local paths and times, which would differ in every build.

    What a notebook says to the tests goes as well: the page would begin with it.
    """
    notebook = copy.deepcopy(notebook)
    for key in ("papermill", "moat"):
        notebook.metadata.pop(key, None)
    for cell in notebook.cells:
        for key in ("papermill", "execution", "ExecuteTime"):
            cell.metadata.pop(key, None)
    return notebook


def mathjax() -> dict[str, Path]:
    """MathJax and its fonts out of their package, so that no page asks a foreign host for them."""
    found = {}
    for file in files("sphinx-mathjax-offline") or []:
        parts = file.parts
        if file.name == "tex-mml-chtml.js" or ("woff-v2" in parts and file.suffix == ".woff"):
            relative = Path("mathjax", *parts[parts.index("mathjax") + 1 :])
            found[str(relative)] = Path(str(file.locate()))
    return found


def clean() -> None:
    """Remove everything that can be made again."""
    for folder in (project.build(), project.root() / ".snakemake"):
        shutil.rmtree(folder, ignore_errors=True)

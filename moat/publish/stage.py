"""The tree that Jupyter Book renders: pages as written, chapters as executed, data beside them.

It mirrors the repository, so links and download buttons have the paths of the sources.
"""

from __future__ import annotations

import copy
import json
import shutil
import zlib
from importlib.metadata import files
from pathlib import Path

import nbformat

from moat import project, sources
from moat.evidence.findings import MIME, Chapter
from moat.publish import pages
from moat.publish.parameters import read
from moat.publish.plan import Plan

#: How a live chart travels in an executed notebook (`moat.show.interactive`, which is slow to import).
CHART_MIME = "application/vnd.moat.chart+json"
#: The class of the element that holds a live chart's description.
CHART = "moat-chart"
#: The one figure that the landing page repeats: chapter and name.
LANDING = ("scissors", "fig-scissors-three")
PLACEHOLDER = Path(__file__).parent / "static" / "not-drawn.svg"


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
        if name in plan.recorded:
            notebook = recorded_page(name, plan.recorded[name], chapters[name])
        else:
            notebook, tables = computed_page(name)
            live |= any(CHART in cell.source for cell in notebook.cells)
            for table, csv in tables.items():
                tree.write(Path("csv") / name / f"{table}.csv", csv)
        tree.write(Path("notebooks") / f"{name}.ipynb", nbformat.writes(notebook))
    for name, chapter in chapters.items():
        state = "recorded" if name in plan.recorded else "computed"
        tree.json(Path("findings") / f"{name}.json", _with_state(chapter, state))
    for name, text in pages.fragments(chapters, set(plan.recorded)).items():
        tree.write(Path("generated") / name, text)
    tree.write(Path("notebooks") / PLACEHOLDER.name, PLACEHOLDER.read_bytes())
    tree.write(Path("generated") / "landing.svg", landing(plan))
    for relative, path in mathjax().items():
        tree.write(Path("offline") / relative, path.read_bytes())
    if live:
        tree.write(Path("offline") / "vega.js", vega())
    tree.prune()
    return tree.root


def landing(plan: Plan) -> str:
    """The picture of the landing page, out of its chapter, or the stand-in where that was not run."""
    name, figure = LANDING
    if name in plan.computed:
        for cell in read(project.build() / "executed" / f"{name}.ipynb").cells:
            if _cell_name(cell, 0) == figure:
                return next(
                    o.data["image/svg+xml"] for o in cell.outputs if "image/svg+xml" in o.get("data", {})
                )
    return PLACEHOLDER.read_text(encoding="utf-8")


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


def computed_page(name: str) -> tuple[nbformat.NotebookNode, dict[str, str]]:
    """The executed notebook as a page, and the CSV behind each figure and table."""
    notebook = read(project.build() / "executed" / f"{name}.ipynb")
    tables: dict[str, str] = {}
    cells = []
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata["tags"].append("remove-cell")
        cells.append(cell)
        chart = _take(cell, CHART_MIME)
        if chart is not None:
            cells.append(_markdown(_live(cell, chart)))
        csv = _take(cell, "text/csv")
        if csv is not None:
            table = _cell_name(cell, len(tables))
            tables[table] = csv
            cells.append(_markdown(f"{{download}}`Data of this display (CSV) <../csv/{name}/{table}.csv>`"))
    notebook.cells = [*cells, _stamp(name)]
    return _public_metadata(notebook), tables


def recorded_page(name: str, missing: tuple[str, ...], chapter: Chapter) -> nbformat.NotebookNode:
    """The source notebook with a notice and a box in the place of each display."""
    notebook = read(project.notebooks() / f"{name}.ipynb")
    cells = []
    for index, cell in enumerate(notebook.cells):
        cells.append(cell)
        if index == 0:
            cells.append(_markdown(_notice(missing, chapter)))
        if cell.cell_type == "code" and (box := _not_drawn(cell)):
            cells.append(_markdown(box))
    notebook.cells = [*cells, _stamp(name)]
    return _public_metadata(notebook)


def _notice(missing: tuple[str, ...], chapter: Chapter) -> str:
    titles = "; ".join(f"`{m}` ({sources.find(m).title})" for m in missing)
    return (
        "```{admonition} Not recomputed in this build\n:class: warning\n"
        f"A source could not be had: {titles}.  The numbers on this page are the findings recorded on "
        f"{chapter.executed[:10]} at commit `{chapter.commit}`; figures and tables are left out.\n```"
    )


def _not_drawn(cell: nbformat.NotebookNode) -> str:
    """A numbered stand-in for a figure, so that references to it still resolve."""
    shown = cell.metadata.get("mystnb", {})
    if "figure" not in shown:
        return ""
    figure = shown["figure"]
    return (
        f"```{{figure}} {PLACEHOLDER.name}\n:name: {figure['name']}\n"
        f":alt: Not drawn in this build. {shown['image']['alt']}\n\n{figure['caption']}\n```"
    )


def _take(cell: nbformat.NotebookNode, mime: str):
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
    holder = f'<div class="{CHART}" data-figure="{name}" hidden>'
    return f'```{{raw}} html\n{holder}<script type="application/json">{spec}</script></div>\n```'


def vega() -> str:
    """Vega-Lite as one classic script: modules do not load from a disk."""
    import vl_convert

    bundle = vl_convert.javascript_bundle("window.moatVega = vegaEmbed;")
    return f"(function () {{\n{bundle}\n}})();\n"


def _cell_name(cell: nbformat.NotebookNode, index: int) -> str:
    figure = cell.metadata.get("mystnb", {}).get("figure", {})
    return figure.get("name", f"table-{index + 1}")


def _stamp(name: str) -> nbformat.NotebookNode:
    return _markdown(f"```{{run-stamp}} {name}\n```")


def _markdown(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(source, id=f"added-{zlib.crc32(source.encode()):08x}")


def _public_metadata(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what papermill adds: local paths and times, which would differ in every build."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("papermill", None)
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

"""The displays of a chapter as they travel with the repository: figures, live charts, tables.

``make record`` keeps what each cell showed under ``data/displays/CHAPTER/``; where a chapter cannot be
computed its cells show these again, so that its page looks like a computed one.  A display has the
name of its figure, or of its cell.  Nothing of another's table is kept.  A cell tagged
``data-of-SOURCE`` shows something of ours, but the data behind it repeat rows of that source: it is kept
without its CSV.  One tagged ``rows-of-SOURCE`` shows such rows: of a live chart the picture is kept, of a
table nothing.  In both cases the page says where the rows can be had.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat

from moat import project, sources
from moat.errors import BuildFailed, ChapterFailed
from moat.evidence.findings import MIME
from moat.publish import likeness

SVG, HTML, CSV = "image/svg+xml", "text/html", "text/csv"
#: How a live chart travels in an executed notebook (`moat.plot.interactive`, which is slow to import).
CHART = "application/vnd.moat.chart+json"
SUFFIXES = {SVG: ".svg", CHART: ".chart.json", HTML: ".html", CSV: ".csv"}
ROWS_OF, DATA_OF = "rows-of-", "data-of-"


@dataclass(frozen=True)
class Display:
    """What one cell shows.

    Parameters
    ----------
    name
        Of the figure, else the id of the cell.
    shown
        Content by MIME type, as text; only types of `SUFFIXES`.
    rows_of
        Sources whose rows it shows.
    data_of
        Sources whose rows the data behind it repeat.
    """

    name: str
    shown: Mapping[str, str]
    rows_of: tuple[str, ...] = ()
    data_of: tuple[str, ...] = ()

    def publishable(self) -> Display:
        """Itself without what would pass on rows of another's table; it may then be empty."""
        if self.rows_of:
            kept = {SVG: without_labels(self.shown[SVG])} if SVG in self.shown else {}
        elif self.data_of:
            kept = {kind: self.shown[kind] for kind in (SVG, HTML) if kind in self.shown}
        else:
            kept = dict(self.shown)
        return Display(self.name, kept, self.rows_of, self.data_of)

    def data(self) -> str:
        """The MIME type by which it is compared: its data where they are kept, else what is drawn."""
        return next((kind for kind in (CSV, HTML, SVG) if kind in self.shown), "")


def display_name(cell: nbformat.NotebookNode) -> str:
    """
    >>> display_name(nbformat.v4.new_code_cell(id="table-width"))
    'table-width'
    """
    return cell.metadata.get("mystnb", {}).get("figure", {}).get("name", cell.get("id", ""))


def tagged(cell: nbformat.NotebookNode, prefix: str) -> tuple[str, ...]:
    """The sources that a cell's tags name.  Raises `RegistryError` for one that is not registered."""
    tags = cell.metadata.get("tags", [])
    return tuple(sources.find(t.removeprefix(prefix)).name for t in tags if t.startswith(prefix))


def without_labels(svg: str) -> str:
    """A picture without the values that a chart writes beside its marks for screen readers.

    >>> without_labels('<path aria-label="model: V3; score: 140" d="M0,0"/>')
    '<path d="M0,0"/>'
    """
    return re.sub(r'\s+aria-(?:label|roledescription)="[^"]*"', "", svg)


def collect(notebook: nbformat.NotebookNode, chapter: str) -> dict[str, Display]:
    """The displays of an executed notebook by name.

    Raises `ChapterFailed` where a cell shows two things or two displays share a name.
    """
    found: dict[str, Display] = {}
    for cell in notebook.cells:
        bundles = [_bundle(o) for o in cell.get("outputs", []) if _bundle(o)]
        if not bundles:
            continue
        name = display_name(cell)
        if len(bundles) > 1 or name in found:
            raise ChapterFailed(
                f"Chapter {chapter}: {name} shows more than one figure or table; give each a cell of its own."
            )
        found[name] = Display(name, bundles[0], tagged(cell, ROWS_OF), tagged(cell, DATA_OF))
    return found


def _bundle(output: nbformat.NotebookNode) -> dict[str, str]:
    """What an output shows, by MIME type; the list of findings is no display of its own."""
    data = output.get("data", {})
    if MIME in data:
        return {}
    return {kind: _as_text(data[kind]) for kind in SUFFIXES if kind in data}


def _as_text(content: str | dict) -> str:
    if isinstance(content, str):
        return content
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


# What is recorded.


def folder(chapter: str) -> Path:
    return project.root() / "data" / "displays" / chapter


def load(chapter: str) -> dict[str, Display]:
    """The recorded displays of a chapter by name."""
    shown: dict[str, dict[str, str]] = {}
    kinds = {suffix: kind for kind, suffix in SUFFIXES.items()}
    for path in sorted(folder(chapter).glob("*")):
        name, dot, ending = path.name.partition(".")
        if dot + ending in kinds:
            shown.setdefault(name, {})[kinds[dot + ending]] = path.read_text(encoding="utf-8")
    return {name: Display(name, kept) for name, kept in shown.items()}


def record(chapter: str, computed: Mapping[str, Display]) -> list[Path]:
    """Keep the displays of a run; return the files that were written or removed.

    One that still looks the same is left alone, so that a diff shows what a reader would see.
    """
    before, touched = load(chapter), []
    for name, display in computed.items():
        kept = display.publishable()
        if name in before and not likeness.looks_different(before[name].shown, kept.shown):
            continue
        for kind, suffix in SUFFIXES.items():
            path = folder(chapter) / f"{name}{suffix}"
            was = before[name].shown.get(kind) if name in before else None
            if kept.shown.get(kind) != was:
                touched.append(_replace(path, kept.shown.get(kind)))
    for name in before.keys() - computed.keys():
        touched += [_replace(folder(chapter) / f"{name}{SUFFIXES[k]}", None) for k in before[name].shown]
    return touched


def _replace(path: Path, content: str | None) -> Path:
    """Write the file, or remove it where there is nothing to keep."""
    if content is None:
        path.unlink()
        return path
    return project.write(path, content)


def moved(chapter: str, computed: Mapping[str, Display]) -> list[str]:
    """One sentence for each display whose data left the recorded ones, or that came or went."""
    before, sentences = load(chapter), []
    for name in before.keys() - computed.keys():
        sentences.append(f"{chapter}, {name}: it is recorded and no longer shown")
    for name, display in computed.items():
        kept = display.publishable()
        if not kept.shown:
            continue
        if name not in before:
            sentences.append(f"{chapter}, {name}: it is not recorded yet")
            continue
        old, new = before[name].data(), kept.data()
        why = likeness.difference(old, before[name].shown[old], kept.shown[old]) if old == new else (
            f"it was recorded as {old} and is now {new}"
        )  # fmt: skip
        if why:
            sentences.append(f"{chapter}, {name}: {why}")
    return sorted(sentences)


# A page from the record.


def attach(notebook: nbformat.NotebookNode, chapter: str) -> nbformat.NotebookNode:
    """The notebook with the recorded displays as outputs of its cells, as if it had been executed.

    Raises `BuildFailed` where displays and cells do not match: one was renamed, added or removed since.
    """
    kept = load(chapter)
    cells = {display_name(c): c for c in notebook.cells if c.cell_type == "code"}
    figures = {name for name, cell in cells.items() if "figure" in cell.metadata.get("mystnb", {})}
    _refuse(chapter, kept.keys() - cells.keys(), "recorded, but the notebook shows no such figure or table")
    _refuse(chapter, figures - kept.keys(), "in the notebook, but not recorded")
    for name, display in kept.items():
        data: dict = dict(display.shown)
        if CHART in data:
            data[CHART] = json.loads(data[CHART])
        cells[name].outputs = [nbformat.v4.new_output("display_data", data=data)]
    return notebook


def _refuse(chapter: str, names: Iterable[str], what: str) -> None:
    if names := sorted(names):
        raise BuildFailed(
            f"Chapter {chapter}: {', '.join(names)} {'is' if len(names) == 1 else 'are'} {what}; "
            "where the sources are at hand run `make book` and `make record`."
        )


def elsewhere(names: Iterable[str]) -> str:
    """Where rows that are not passed on can be had: a sentence for each source, as Markdown."""
    return "\n\n".join(_where(sources.find(name)) for name in names)


def _where(source: sources.Source) -> str:
    columns = ", ".join(f"`{c.name}`" + (f" ({c.unit})" if c.unit else "") for c in source.columns)
    rows = f"{source.rows:,} rows, " if source.rows else ""
    place = source.files[0].url if len(source.files) == 1 else source.files[0].url.rsplit("/", 1)[0]
    return f"{source.title}: {rows}columns {columns}; to be had from <{place}>."

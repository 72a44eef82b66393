"""A small project in a temporary folder: the real package and pipeline, two tiny chapters."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from moat import project


class Mini:
    """A small project in a temporary folder: the real package and pipeline, two tiny chapters."""

    def __init__(self, root: Path):
        self.root = root
        self.mirror = root.parent / f"{root.name}-mirror"
        self.cache = root.parent / f"{root.name}-cache"
        self.python = sys.executable

    def environment(self, offline: bool = False) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MOAT_", "PYTEST_"))}
        here = {"MOAT_ROOT": str(self.root), "MOAT_CACHE": str(self.cache), "PYTHONPATH": str(self.root)}
        return kept | here | ({} if offline else {"MOAT_MIRROR": str(self.mirror)})

    def moat(self, *arguments: str, offline: bool = False) -> subprocess.CompletedProcess:
        command = [self.python, "-m", "moat", *arguments]
        environment = self.environment(offline)
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True)

    def executed(self) -> dict[str, int]:
        """When each chapter was last executed."""
        return {p.stem: p.stat().st_mtime_ns for p in (self.root / "_build" / "executed").glob("*.ipynb")}

    def edit(self, relative: str, old: str, new: str) -> None:
        path = self.root / relative
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


def notebook(path: Path, *cells: tuple[str, str, list[str]]) -> None:
    """Write a notebook from (kind, source, tags); a tag ``fig-NAME`` makes the cell a figure."""
    body = []
    for i, (kind, source, tags) in enumerate(cells):
        metadata: dict = {"tags": [t for t in tags if not t.startswith("fig-")]} if tags else {}
        for name in (t for t in tags if t.startswith("fig-")):
            words = {"name": name, "caption": f"The figure {name} of a small project, drawn for a test."}
            metadata["mystnb"] = {"figure": words, "image": {"alt": "A line that rises." * 4}}
        cell = {"cell_type": kind, "id": f"c{i}", "metadata": metadata, "source": source}
        body.append(cell | ({"outputs": [], "execution_count": None} if kind == "code" else {}))
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    whole = {"cells": body, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole), encoding="utf-8")


#: What the chapter that needs a download shows: a figure of ours, a table of ours, rows of another's.
SHOWN = [
    ("code", "from matplotlib import pyplot as plt\nfrom moat import plot", ["hide-input"]),
    ("code", "plot.setup()\nmine = (factor * table).set_axis(['step', 'height'], axis=1)", ["hide-input"]),
    ("code", "drawing, ax = plt.subplots()\nax.plot(mine['step'], mine['height'])\n"
     "plot.figure(drawing, mine)", ["hide-input", "fig-line"]),
    ("code", "plot.table(mine.tail(1), label='Highest point', data=mine)", ["hide-input"]),
    ("code", "plot.table(table, label='The downloaded points')", ["hide-input", "rows-of-points"]),
]  # fmt: skip

REMOTE = "https://data.example/points.csv"
POINTS = "x,y\n1,2\n2,4\n"


def make_mini(root: Path) -> Mini:
    mini = Mini(root)
    for name in ("moat", "profiles"):
        shutil.copytree(project.root() / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "_config.yml"):
        shutil.copy2(project.root() / name, root / name)

    def write(relative: str, text: str) -> None:
        project.write(root / relative, text)

    write("_toc.yml", "format: jb-book\nroot: book/index\nparts:\n- caption: All\n  chapters:\n"
          "  - file: notebooks/near\n  - file: notebooks/far\n  - file: book/references\n")  # fmt: skip
    write(
        "book/index.md", "# Home\n\nNear {finding}`near.total`, far {finding}`far.total`, {cite:p}`a2020`.\n"
    )
    write("book/references.md", "# References\n\n```{bibliography}\n```\n")
    write("book/references.bib", "@misc{a2020, author={A. Author}, title={A title}, year={2020}}\n")
    write("book/favicon.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
    write("data/claims.yml", "[]\n")
    header = "id,finding,quantity,published,uncertainty,tolerance,kind,citation,place,note"
    write("data/published.csv", f"{header}\na-2020.total,far.total,total,6,,0.5,absolute,a2020,table 1,\n")
    column = "{kind: float, unit: m}"
    write("data/facts.yml", f"own:\n  title: Own\n  path: facts/own.csv\n  columns: {{x: {column}}}\n")
    write("data/facts/own.csv", "x\n1\n2\n")
    target = mini.mirror / "data.example" / "points.csv"
    project.write(target, POINTS)
    write("data/sources.yml", f"points:\n  title: Points\n  files:\n  - {{url: '{REMOTE}', "
          f"sha256: {project.sha256(target)}, bytes: {len(POINTS)}}}\n"
          f"  columns: {{x: {column}, y: {column}}}\n")  # fmt: skip
    for name, source, module in (("near", "own", "moat.stats.estimate"), ("far", "points", "moat.laws")):
        column = "x" if name == "near" else "y"
        shown = SHOWN if name == "far" else []
        notebook(
            root / "notebooks" / f"{name}.ipynb",
            ("markdown", f"# Chapter {name}", []),
            ("code", "factor = 1.0", ["parameters"]),
            ("code", f"import {module}\nfrom moat import sources\nfrom moat.evidence import Findings", []),
            ("code", f"table = sources.load('{source}')\nfindings = Findings('{name}')", []),
            (
                "code",
                f"findings.record('total', factor * table['{column}'].sum(), unit='m', exact='sum')",
                [],
            ),
            *shown,
            ("code", "findings", ["hide-cell"]),
        )
    return mini

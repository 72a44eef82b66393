"""The four examples of CONTRIBUTING.md, carried out as they are printed, on a small project.

The first word after the language of a fenced block says what to do with it: ``file=`` writes it, ``append=``
adds it to a file, ``url=`` is what that address gives, ``cell=NOTEBOOK#NAME`` is the source of a cell,
``metadata=NOTEBOOK#NAME`` joins the metadata of a cell or of the notebook, ``run`` is a command.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from moat import project
from tests import test_notebooks
from tests.mini import Mini, make_mini

BLOCK = re.compile(r"^```(\w+) ([^\n]+)\n(.*?)^```$", re.M | re.S)
CHAPTER = "notebooks/batch-limit.ipynb"


@dataclass(frozen=True)
class Block:
    """A fenced block: what to do, with what, and its text."""

    action: str
    where: str
    after: str
    text: str


def blocks() -> list[Block]:
    text = (project.root() / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = []
    for _, info, body in BLOCK.findall(text):
        first, *rest = info.split()
        action, _, where = first.partition("=")
        found.append(Block(action, where, "".join(rest).removeprefix("after="), body))
    return found


def write_cell(root: Path, block: Block) -> None:
    """Replace the source of a cell, or put a new one after another."""
    relative, _, name = block.where.partition("#")
    path = root / relative
    notebook = json.loads(path.read_text(encoding="utf-8"))
    names = [cell["id"] for cell in notebook["cells"]]
    if block.after:
        new = {"cell_type": "code", "id": name, "metadata": {"tags": ["hide-input"]}, "outputs": []}
        notebook["cells"].insert(names.index(block.after) + 1, new | {"execution_count": None})
        names.insert(names.index(block.after) + 1, name)
    notebook["cells"][names.index(name)]["source"] = block.text.rstrip("\n")
    path.write_text(json.dumps(notebook), encoding="utf-8")


def write_metadata(root: Path, block: Block) -> None:
    relative, _, name = block.where.partition("#")
    path = root / relative
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    (cells[name] if name else notebook)["metadata"].update(json.loads(block.text))
    path.write_text(json.dumps(notebook), encoding="utf-8")


def carry_out(mini: Mini, block: Block) -> str:
    """What a reader of the guide would do with the block; returns what a command printed."""
    root = mini.root
    if block.action == "file":
        project.write(root / block.where, block.text)
    elif block.action == "append":
        path = root / block.where
        before = path.read_text(encoding="utf-8")
        path.write_text(("" if before == "[]\n" else before + "\n") + block.text, encoding="utf-8")
    elif block.action == "url":
        project.write(mini.mirror / block.where.removeprefix("https://"), block.text)
    elif block.action == "cell":
        write_cell(root, block)
    elif block.action == "metadata":
        write_metadata(root, block)
    else:
        assert block.action == "run", block
        command = ["sh", "-e", "-c", block.text]
        done = subprocess.run(command, cwd=root, env=mini.environment(), capture_output=True, text=True)
        assert done.returncode == 0, block.text + done.stdout + done.stderr
        return done.stdout
    return ""


@pytest.fixture(scope="module")
def guided(tmp_path_factory) -> tuple[Mini, str]:
    """The small project after the whole guide, and what its commands printed."""
    mini = make_mini(tmp_path_factory.mktemp("guide") / "project")
    mini.edit("_toc.yml", "caption: All", "caption: Part I. Laws")
    shutil.copy2(project.root() / "pyproject.toml", mini.root)
    for name, module in (("moat", "-m moat"), ("python", "")):
        command = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {module} "$@"\n'
        script = project.write(mini.root / ".venv/bin" / name, command)
        script.chmod(0o755)
    return mini, "".join(carry_out(mini, block) for block in blocks())


def findings(mini: Mini) -> dict[str, dict]:
    body = json.loads((mini.root / "data" / "findings" / "batch-limit.json").read_text(encoding="utf-8"))
    return {finding["name"]: finding for finding in body["findings"]}


def test_the_source_loads_from_a_mirror(guided):
    assert "batch-steps: 16 rows" in guided[1]


def test_the_tests_of_the_law_and_of_the_rule_ran(guided):
    # The exponent of simulated runs and a doctest; three sides of a threshold.
    assert "2 passed" in guided[1]
    assert "3 passed" in guided[1]


def test_the_chapter_became_a_page_with_its_numbers(guided):
    page = (guided[0].root / "_build" / "html" / "notebooks" / "batch-limit.html").read_text()
    assert "When does a larger batch stop paying?" in page
    assert "fig-batch-limit" in page
    power = findings(guided[0])["power"]
    assert power["low"] < 1 < power["high"]


def test_the_claim_has_a_verdict(guided):
    assert findings(guided[0])["verdict-c29"]["value"] == "refuted"
    claims = (guided[0].root / "_build" / "stage" / "generated" / "claims.md").read_text()
    assert "## C29. Doubling the batch always halves the number of steps" in claims
    assert "**State: refuted.**" in claims


def test_the_notebook_keeps_the_rules_of_all_notebooks(guided, monkeypatch):
    monkeypatch.setenv("MOAT_ROOT", str(guided[0].root))
    for name, rule in vars(test_notebooks).items():
        if name.startswith("test_"):
            rule(guided[0].root / CHAPTER)
    notebook = json.loads((guided[0].root / CHAPTER).read_text())
    assert set(notebook["metadata"]["moat"]["steady"]) <= set(findings(guided[0]))


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]])
def test_the_printed_code_is_in_our_style(guided, arguments):
    written = [block.where for block in blocks() if block.where.endswith(".py")]
    command = [sys.executable, "-m", "ruff", *arguments, "--no-cache", *written, CHAPTER]
    done = subprocess.run(command, cwd=guided[0].root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_example_is_carried_out():
    """A block that names a file, a cell or a command is one of ours; none is left as decoration."""
    text = (project.root() / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert text.count("\n```") == 2 * len(blocks())

"""The code itself: lint, types, direction of imports, and what a public project must not say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from moat import project

ROOT = project.root()
#: Written apart so that this file does not contain them.
UNWANTED = [
    "py" + "pi.org",
    "file" + "s.pythonhosted",
    "npm" + "js",
    "/wo" + "rk/",
    "TO" + "DO",
    "FIX" + "ME",
]


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name]


def test_ruff():
    command = [sys.executable, "-m", "ruff", "check", "--quiet", "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_format():
    command = [sys.executable, "-m", "ruff", "format", "--check", "--quiet", "moat", "tests", "benchmarks"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, "run `.venv/bin/ruff format moat tests benchmarks`"


def test_types():
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_run_one_way():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_no_text_names_what_it_should_not():
    found = []
    for path in tracked():
        if path.suffix in (".png", ".svg") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        found += [f"{path.relative_to(ROOT)}: {word}" for word in UNWANTED if word in text]
    assert not found


def test_modules_fit_on_a_few_screens():
    long = {p: n for p in (ROOT / "moat").rglob("*.py") if (n := len(p.read_text().splitlines())) > 400}
    assert not long


def test_every_room_belongs_to_a_chapter():
    rooms = {p.name for kind in ("moat", "tests") for p in (ROOT / kind / "chapters").iterdir() if p.is_dir()}
    assert rooms - {"__pycache__"} <= {name.replace("-", "_") for name in project.chapters()}


def test_spelling():
    pytest.importorskip("codespell_lib")
    command = [sys.executable, "-m", "codespell_lib"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_forms_and_workflows_are_yaml_with_the_parts_that_they_need():
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert len(forms) == 3
    for path in forms:
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(form), path.name
        named = [part["id"] for part in form["body"]]
        assert len(set(named)) == len(named), path.name
        for part in form["body"]:
            assert all(isinstance(o, str | dict) for o in part["attributes"].get("options", [])), path.name
    for path in workflows:
        # The word `on` is a truth value in YAML.
        assert {"name", True, "permissions", "jobs"} <= set(yaml.safe_load(path.read_text(encoding="utf-8")))

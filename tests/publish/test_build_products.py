"""What chapters share is made once by the pipeline of a small project, and only where one asks for it."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from moat import project
from tests.chapters.lag.race_worlds import answers
from tests.mini import Mini, make_mini, notebook

CHAPTERS = ("near", "far")
PRODUCT = "_build/data/capability-index.npz"


def run(mini: Mini, *arguments: str) -> str:
    """Plan, run Snakemake for the chapters alone, and return what was said."""
    planned = mini.moat("plan")
    assert planned.returncode == 0, planned.stderr
    wanted = [f"_build/executed/{name}.ipynb" for name in mini_plan(mini)]
    command = [mini.python, "-m", "snakemake", "--nolock", "--cores", "2", *arguments, "--", *wanted]
    done = subprocess.run(command, cwd=mini.root, env=mini.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def mini_plan(mini: Mini) -> list[str]:
    return json.loads((mini.root / "_build" / "plan.json").read_text())["computed"]


@pytest.fixture
def sharing(tmp_path) -> Mini:
    """A small project in which both chapters say how long the one fit of the index took."""
    mini = make_mini(tmp_path / "project")
    known = {"m10": "Claude 3.5 Sonnet", "m30": "GPT-5", "b00": "Winogrande"}
    scores = answers(np.random.default_rng(0))[0].replace(known).to_csv(index=False)
    target = mini.mirror / "data.example" / "scores.csv"
    project.write(target, scores)
    entry = (
        "eci-benchmarks:\n  title: Scores\n  files:\n  - {url: 'https://data.example/scores.csv', "
        f"sha256: {project.sha256(target)}, bytes: {len(scores)}}}\n"
        "  columns: {model: {}, benchmark: {}, performance: {kind: float}}\n  partial: true\n"
    )
    path = mini.root / "data" / "sources.yml"
    path.write_text(path.read_text() + entry)
    for name in CHAPTERS:
        notebook(
            mini.root / "notebooks" / f"{name}.ipynb",
            ("markdown", f"# Chapter {name}", []),
            ("code", "draws = 1000\nseed = 0", ["parameters"]),
            ("code", "from moat import sources\nfrom moat.evidence import Findings", []),
            ("code", "from moat.index.kept import index_of", []),
            ("code", "index = index_of(sources.load('eci-benchmarks'), draws=draws, seed=seed)", []),
            ("code", f"findings = Findings('{name}')\nfindings.record('s', index.seconds, exact='time')", []),
            ("code", "findings", []),
        )
    return mini


def seconds(mini: Mini) -> list[float]:
    found = [json.loads((mini.root / f"_build/findings/{name}.json").read_text()) for name in CHAPTERS]
    return [chapter["findings"][0]["value"] for chapter in found]


def test_the_pipeline_makes_it_once_and_again_when_it_is_lost_or_its_code_changes(sharing):
    run(sharing)
    first, other = seconds(sharing)
    assert first == other > 0  # two fits never take the same time
    made = (sharing.root / PRODUCT).stat().st_mtime_ns
    assert "Nothing to be done" in run(sharing)
    assert (sharing.root / PRODUCT).stat().st_mtime_ns == made
    solver = sharing.root / "moat" / "index" / "solver.py"
    solver.write_text(solver.read_text() + "\n# edited\n")
    again = run(sharing, "--dry-run", "--quiet", "host")
    assert again.count("rule product:") == 1
    (sharing.root / PRODUCT).unlink()
    run(sharing)
    again, other = seconds(sharing)
    assert again == other != first


def test_without_the_sources_no_rule_asks_for_it(sharing):
    for name in CHAPTERS:
        project.write(sharing.root / "data" / "findings" / f"{name}.json", "{}")
    assert sharing.moat("plan", offline=True).returncode == 0
    assert mini_plan(sharing) == []
    command = [sys.executable, "-m", "snakemake", "--nolock", "--cores", "1", "--dry-run", "--quiet", "host"]
    environment = sharing.environment(offline=True)
    done = subprocess.run(command, cwd=sharing.root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rule html" in done.stdout + done.stderr
    assert "rule product" not in done.stdout + done.stderr

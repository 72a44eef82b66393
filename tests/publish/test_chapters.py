"""Each chapter runs with other parameters, through our own door and through plain papermill."""

from __future__ import annotations

import subprocess
import sys

import pytest

from moat import project, sources
from moat.evidence.findings import Chapter, computed_path, parse, recorded_path
from moat.publish.execute import displayed, execute
from moat.publish.inputs import inputs
from moat.publish.parameters import check, declared, read

#: What every chapter is run again with; its notebook's metadata says what differs or is added there.
SMALL = {"draws": 200, "seed": 3}
#: What a notebook's metadata may say to these tests, under "moat".
SAID = {"small", "steady"}


def said(chapter: str) -> dict:
    return read(project.notebooks() / f"{chapter}.ipynb").metadata.get("moat", {})


def needs(chapter: str) -> None:
    for name in inputs(project.notebooks() / f"{chapter}.ipynb").remote:
        try:
            sources.fetch(sources.find(name))
        except sources.SourceUnavailable as error:
            pytest.skip(str(error))


@pytest.mark.parametrize("name", project.chapters())
def test_a_notebook_says_which_findings_are_steady(name):
    """Findings that neither draws nor seed may move, in the notebook's metadata."""
    assert said(name).keys() <= SAID
    assert said(name)["steady"]
    assert set(said(name)["steady"]) <= set(Chapter.load(recorded_path(name)).findings)
    small = said(name).get("small", {})
    defaults = declared(read(project.notebooks() / f"{name}.ipynb"), name)
    assert check(SMALL | small, defaults, name)
    assert not small.items() & SMALL.items(), "only what differs from the usual"


def runs_again() -> list:
    """All chapters: every third of the book in any run of the tests, all of them in the slow ones."""
    quick = project.in_book()[::3]
    return [pytest.param(c, marks=() if c in quick else pytest.mark.slow) for c in project.chapters()]


@pytest.mark.parametrize("name", runs_again())
def test_a_chapter_runs_with_other_parameters(name, tmp_path):
    needs(name)
    ran = execute(name, SMALL | said(name).get("small", {}), tmp_path / "out.ipynb")
    assert ran.parameters["draws"] == 200
    recorded = Chapter.load(recorded_path(name))
    assert set(ran.findings) == set(recorded.findings)
    for key, finding in ran.findings.items():
        before = recorded.findings[key]
        if finding.low is None or finding.n != before.n:
            continue  # exact, or another quantity: a share of other starts, a spread of other draws
        # Other draws, another seed: the same estimate, and an interval that overlaps.
        assert finding.low <= before.high, key
        assert before.low <= finding.high, key
    # What does not depend on draws is the same number as in the book built on this machine.
    built = Chapter.load(computed_path(name)).findings
    for key in said(name)["steady"]:
        assert ran.findings[key].value == pytest.approx(built[key].value, rel=1e-9)


def test_plain_papermill_works_too(tmp_path):
    out = tmp_path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", "notebooks/chinchilla.ipynb", str(out)]
    command += ["-p", "draws", "100", "-p", "simulations", "19", "--no-progress-bar"]
    done = subprocess.run(command, cwd=project.root(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    findings = parse(displayed(read(out), "chinchilla")["findings"])
    assert findings["draws"].value == 100
    assert findings["alpha"].value == pytest.approx(0.340, abs=5e-4)


@pytest.mark.book
def test_the_findings_that_must_hold():
    """The figures of Besiroglu et al. 2024, from the run of this build or the recorded one."""
    path = computed_path("chinchilla-refit")
    refit = Chapter.load(path if path.is_file() else recorded_path("chinchilla-refit")).findings
    assert refit["alpha"].value == pytest.approx(0.3473, abs=5e-5)
    assert refit["beta"].value == pytest.approx(0.3672, abs=5e-5)
    assert refit["E"].value == pytest.approx(1.8172, abs=5e-5)
    assert refit["objective"].value <= 0.0010183
    ours = Chapter.load(computed_path("chinchilla")).findings
    assert ours["alpha"].value == pytest.approx(0.340, abs=5e-4)
    assert ours["beta"].value == pytest.approx(0.377, abs=5e-4)
    assert ours["draws"].value == 4000
    assert ours["status"].value == "converged"

"""The command line: a law fitted to one's own runs, mistakes answered in one sentence."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from moat import cli, laws, project
from moat.bench import command, experiments
from moat.errors import MoatError
from tests.simulated import simulate

run = CliRunner().invoke
#: Each takes a tenth of a second or more to load.
HEAVY = {
    "torch",
    "scipy",
    "pandas",
    "numpy",
    "statsmodels",
    "papermill",
    "snakemake",
    "nbformat",
    "matplotlib",
}


def loaded(*arguments: str) -> set[str]:
    """Top-level modules in memory once a command has run in a process of its own."""
    code = (
        "import sys, moat.cli\n"
        "try:\n    moat.cli.main()\n"
        "except SystemExit:\n    pass\n"
        "print(*{m.partition('.')[0] for m in sys.modules})"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=project.root(), capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_help_waits_for_no_library_of_numbers():
    assert "typer" in loaded("--help")
    for arguments in (["--help"], ["fit", "--help"], ["bench", "run", "--help"], ["new-chapter", "--help"]):
        assert not loaded(*arguments) & HEAVY


def test_a_fit_waits_for_nothing_that_it_does_not_use(tmp_path):
    simulate(0).to_csv(tmp_path / "runs.csv", index=False)
    found = loaded("fit", str(tmp_path / "runs.csv"), "--draws", "20")
    assert "pandas" in found
    assert not found & (HEAVY - {"pandas", "numpy", "scipy"})


def test_the_names_in_the_help_are_those_that_exist():
    assert tuple(laws.LAWS) == cli.LAWS
    assert tuple(experiments.EXPERIMENTS) == command.EXPERIMENTS
    assert experiments.BUDGETS == command.BUDGETS


def test_a_law_is_fitted_to_a_table_of_runs(tmp_path):
    simulate(0).to_csv(tmp_path / "runs.csv", index=False)
    done = run(cli.app, ["fit", str(tmp_path / "runs.csv"), "--draws", "200"])
    assert done.exit_code == 0, done.output
    rows = {line.split()[0]: line.split()[1:] for line in done.output.splitlines()[1:6]}
    low, high = float(rows["beta"][2]), float(rows["beta"][3])
    assert low < 0.37 < high
    # Two of 200 at most: whether one does not finish is a matter of rounding.
    assert re.search(r"converged; 245 rows; [012] draws unfinished", done.output)


def test_every_law_of_the_command_line_has_its_columns_named(tmp_path):
    (tmp_path / "empty.csv").write_text("nothing\n1\n")
    for law in laws.LAWS:
        done = run(cli.app, ["fit", str(tmp_path / "empty.csv"), "--law", law])
        assert isinstance(done.exception, MoatError), law
        assert "has no column" in str(done.exception)


def test_a_power_law_with_weights_and_another_target(tmp_path):
    flop = np.geomspace(1e18, 1e22, 9)
    table = pd.DataFrame({"flop": flop, "tokens": 3 * flop**0.5, "weight": 1.0})
    table.to_csv(tmp_path / "optima.csv", index=False)
    options = ["--law", "power", "--target", "tokens", "--weights", "weight", "--draws", "50"]
    done = run(cli.app, ["fit", str(tmp_path / "optima.csv"), *options])
    assert done.exit_code == 0, done.output
    assert "weighted least squares on log tokens" in done.output


def test_a_bound_that_was_hit_is_named_and_negative_draws_are_a_usage_error(tmp_path):
    simulate(0).assign(loss=2.0).to_csv(tmp_path / "flat.csv", index=False)
    done = run(cli.app, ["fit", str(tmp_path / "flat.csv"), "--draws", "0"])
    assert "at bound (A, B); 245 rows" in done.output
    done = run(cli.app, ["fit", str(tmp_path / "flat.csv"), "--draws", "-1"])
    assert done.exit_code == 2


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch):
    simulate(0).to_csv(tmp_path / "runs.csv", index=False)
    code = (project.root() / "README.md").read_text().split("```python\n")[1].split("```")[0]
    assert len(code.splitlines()) == 5
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    exec(compile(code, "README.md", "exec"), scope)
    assert scope["fit"].status is laws.Status.CONVERGED


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["fit", "{here}/none.csv"], "cannot be read as CSV"),
        (["fit", "{here}"], "cannot be read as CSV"),
        (["fit", "{here}/ragged.csv"], "Expected 3 fields in line 3, saw 5)"),
        (["fit", "{here}/runs.csv", "--law", "kaplan"], "There is no law 'kaplan'; there are: chinchilla"),
        (["fit", "{here}/runs.csv"], "no column 'tokens'"),
        (["fit", "{here}/runs.csv", "--law", "isoflop-akima", "--cluster", "x"], "leave out cluster"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, why, tmp_path):
    simulate(0).drop(columns="tokens").to_csv(tmp_path / "runs.csv", index=False)
    (tmp_path / "ragged.csv").write_text("params,tokens,loss\n1,2,3\n1,2,3,4,5\n")
    done = run(cli.app, [a.format(here=tmp_path) for a in arguments])
    assert isinstance(done.exception, MoatError)
    assert why in str(done.exception)
    assert "\n" not in str(done.exception)

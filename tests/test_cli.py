"""The command line: a law fitted to one's own runs, mistakes answered in one sentence."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from moat import cli
from moat.errors import MoatError
from tests.simulated import simulate

run = CliRunner().invoke


def test_a_law_is_fitted_to_a_table_of_runs(tmp_path):
    simulate(0).to_csv(tmp_path / "runs.csv", index=False)
    done = run(cli.app, ["fit", str(tmp_path / "runs.csv"), "--draws", "200"])
    assert done.exit_code == 0, done.output
    rows = {line.split()[0]: line.split()[1:] for line in done.output.splitlines()[1:6]}
    low, high = float(rows["beta"][2]), float(rows["beta"][3])
    assert low < 0.37 < high
    assert "converged; 245 runs; 0 draws unfinished" in done.output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["fit", "{here}/none.csv"], "cannot be read as CSV"),
        (["fit", "{here}/runs.csv", "--law", "kaplan"], "There is no law 'kaplan'; there are: chinchilla"),
        (["fit", "{here}/runs.csv"], "no column 'tokens'"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, why, tmp_path):
    simulate(0).drop(columns="tokens").to_csv(tmp_path / "runs.csv", index=False)
    done = run(cli.app, [a.format(here=tmp_path) for a in arguments])
    assert isinstance(done.exception, MoatError)
    assert why in str(done.exception)
    assert "\n" not in str(done.exception)

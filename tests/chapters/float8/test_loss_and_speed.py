"""The test of equality finds what is there at its rate; speeds and crossings have known answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import errors
from moat.bench import experiments
from moat.bench import train as training
from moat.bench.config import Config, Job, Member
from moat.bench.timing.linear import summary
from moat.chapters.float8 import loss, speed
from moat.errors import RunError
from moat.hardware import trace
from moat.stats.estimate import Estimate


def runs(excess=0.1, sd=0.1, seeds=12, rng=None):
    rng = rng or np.random.default_rng(0)
    rows = []
    for seed in range(seeds):
        base = 1.8 + rng.normal(0, 0.02)
        rows.append(("bfloat16", 300, seed, base))
        rows.append(("float8", 300, seed, base * (1 + (excess + rng.normal(0, sd)) / 100)))
        rows.append(("int4", 300, seed, base * 1.05))
    return pd.DataFrame(rows, columns=["arm", "steps", "seed", "loss"])


def test_differences_are_of_the_same_seed():
    apart = loss.pairs(runs(sd=0), "float8", 300)
    assert apart.to_numpy() == pytest.approx(0.1)
    with pytest.raises(RunError, match="common seed"):
        loss.pairs(runs(), "float8-tensor", 300)


def test_the_table_says_what_each_arm_is():
    table = loss.cells(runs()).set_index("arm")
    assert table.loc["float8", "word"] == "equal"
    assert table.loc["int4", "word"] == "worse"
    assert table.loc["int4", "value"] == pytest.approx(5)
    assert table.loc["float8", "low"] < 0.1 < table.loc["float8", "high"]


@pytest.mark.parametrize(("true", "most"), [(loss.MARGIN, 0.07), (-loss.MARGIN, 0.07), (0.4, 0.01)])
def test_what_is_not_equal_is_rarely_called_equal(true, most):
    rng = np.random.default_rng(1)
    words = [loss.equal(true + rng.normal(0, 0.15, 12)) for _ in range(1000)]
    assert np.mean([w == "equal" for w in words]) < most


def test_the_interval_covers():
    rng = np.random.default_rng(2)
    found = [loss.excess(0.1 + rng.normal(0, 0.15, 12)) for _ in range(1000)]
    assert np.mean([e.low < 0.1 < e.high for e in found]) == pytest.approx(0.90, abs=0.03)


@pytest.mark.parametrize(("sd", "n"), [(0.16, 12), (0.16, 4), (0.3, 12)])
def test_power_is_how_often_equal_is_found(sd, n):
    rng = np.random.default_rng(3)
    seen = np.mean([loss.equal(rng.normal(0, sd, n)) == "equal" for _ in range(1000)])
    assert loss.power(sd, n) == pytest.approx(seen, abs=0.04)


def test_a_cost_of_other_rates_is_that_of_the_parabola():
    rates = np.array([0.005, 0.01, 0.02])
    tried = pd.DataFrame({"arm": "bfloat16", "rate": rates, "loss": 2 + 0.1 * np.log(rates / 0.01) ** 2})
    chosen = pd.DataFrame({"arm": ["bfloat16", "float8"], "rate": [0.01, 0.012]})
    assert loss.tuning_shift(tried, chosen, "float8") == pytest.approx(100 * 0.1 * np.log(1.2) ** 2 / 2)


def times(ratio=lambda width: width / 2048, noise=0.01, repeats=25):
    rng = np.random.default_rng(4)
    rows = []
    for width in (512, 1024, 2048, 4096, 8192):
        base = width**2 / 1e6
        for recipe, cast, ms in (("bfloat16", "none", base), ("tiles", "eager", base / ratio(width))):
            for n, luck in enumerate(rng.normal(1, noise, repeats)):
                rows.append(("layer", recipe, cast, width, n, ms * luck, 8192, "chip"))
    names = ["what", "recipe", "cast", "width", "repeat", "ms", "tokens", "device"]
    return pd.DataFrame(rows, columns=names)


def test_speeds_by_width_and_where_they_cross():
    table, draws = speed.ratios(times(), "tiles", "eager", draws=400, seed=0)
    assert table["value"].to_numpy() == pytest.approx([0.25, 0.5, 1, 2, 4], rel=0.01)
    assert (table["low"] < table["high"]).all()
    assert draws.shape == (400, 5)
    found = speed.pays_from(table, draws)
    assert found.low <= 2048 * 1.02
    assert found.value == pytest.approx(2048, rel=0.03)
    assert speed.pays_from(table, draws, 1.5).value == pytest.approx(3072, rel=0.05)
    assert speed.pays_from(table, draws, 0.1) == "every width tried"
    assert speed.pays_from(table, draws, 9.0) == "no width tried"
    assert speed.at_width(table, 4096).value == pytest.approx(2, rel=0.01)
    assert summary(times())["n"].eq(25).all()


def test_a_crossing_is_the_last_one():
    def found(y):
        table = pd.DataFrame({"width": np.exp(np.arange(5.0)), "value": np.exp(y), "n": 9})
        return speed.pays_from(table, np.exp([y, y]))

    assert np.log(found([1, -1, -1, 1, 2.0]).value) == pytest.approx(2.5)
    assert found([1.0, 1, 1, 1, -1]) == "no width tried"


def test_intervals_of_speed_cover():
    inside = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        rows = [
            ("layer", recipe, cast, 4096, n, ms * luck, 8192, "chip")
            for recipe, cast, ms in (("bfloat16", "none", 1.5), ("tiles", "eager", 1.0))
            for n, luck in enumerate(rng.normal(1, 0.02, 25))
        ]
        names = ["what", "recipe", "cast", "width", "repeat", "ms", "tokens", "device"]
        table, _ = speed.ratios(pd.DataFrame(rows, columns=names), "tiles", "eager", draws=300, seed=seed)
        inside.append(table["low"][0] < 1.5 < table["high"][0])
    assert 0.90 < np.mean(inside) < 0.99


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(1.25, 1.3, "supported"), (1.0, 1.1, "refuted"), (1.15, 1.25, "partly")],
)
def test_the_claim_of_speed(low, high, word):
    table = pd.DataFrame({"width": [512, 4096, 8192], "low": [0.2, low, low], "high": [0.3, high, high]})
    assert speed.fast(table) == word
    assert speed.fast(table[table["width"] < 4096]) == "untestable"


def lengths(worth, rng, slope=0.1, seeds=12):
    """Runs whose arm is worth ``worth`` times its compute, with noise that a seed shares."""
    rows = []
    for seed in range(seeds):
        luck = rng.normal(0, 0.01)
        for steps in (150, 300, 600):
            base = 2 * (steps / 300) ** -slope * (1 + luck + rng.normal(0, 0.001))
            rows.append(("bfloat16", steps, seed, steps * 1e9, base))
            rows.append(
                ("float8", steps, seed, steps * 1e9, base * worth**-slope * (1 + rng.normal(0, 0.001)))
            )
    return pd.DataFrame(rows, columns=["arm", "steps", "seed", "flop", "loss"])


@pytest.mark.parametrize("steps", [150, 300, 600])
def test_a_known_multiplier_is_found_and_covered(steps):
    rng = np.random.default_rng(5)
    found = [loss.worth(lengths(0.97, rng), "float8", steps, draws=300, seed=s) for s in range(150)]
    assert np.mean([e.value for e in found]) == pytest.approx(0.97, abs=2e-3)
    assert np.mean([e.low < 0.97 < e.high for e in found]) == pytest.approx(0.95, abs=0.05)


def test_the_faster_cast_counts():
    slow, quick = (pd.DataFrame({"width": w, "value": v}) for w, v in (([1, 2], [0.5, 0.6]), ([2], [0.9])))
    found = speed.best({"tiles-eager": (slow, None), "tiles-compiled": (quick, None)}, "tiles")
    assert found["value"].tolist() == [0.5, 0.9]


def test_a_layer_with_borrowed_casts():
    """Products of one and two ms, casts half as long as products: 1.5 x (2 + 2) against 12 ms."""
    rows = [
        (what, recipe, "none", 4096, n, ms, 8192, "chip")
        for what, recipe, ms in (
            ("layer", "bfloat16", 12.0),
            ("product", "tiles by blocks", 1.0),
            ("product", "tiles by tiles", 2.0),
        )
        for n in range(5)
    ]
    names = ["what", "recipe", "cast", "width", "repeat", "ms", "tokens", "device"]
    shares = {"blocks": 0.2, "tiles": 0.2, "casts": 0.2, "rest": 0.4}
    table, draws = speed.borrowed(pd.DataFrame(rows, columns=names), shares, draws=10, seed=0)
    assert table.iloc[0][["value", "low", "high"]].tolist() == pytest.approx([2.0, 2.0, 2.0])
    assert draws.shape == (10, 1)


def test_speed_and_loss_multiply():
    found = speed.together(Estimate(1.5, 1.4, 1.6, 25, "speed"), Estimate(0.9, 0.8, 1.0, 8, "loss"))
    assert found.value == pytest.approx(1.35)
    # Distances to the ends add in quadrature, in logarithms.
    low, high = np.hypot(np.log(1.5 / 1.4), np.log(0.9 / 0.8)), np.hypot(np.log(1.6 / 1.5), np.log(1 / 0.9))
    assert [found.low, found.high] == pytest.approx([1.35 * np.exp(-low), 1.35 * np.exp(high)])
    assert found.n == 8


@pytest.mark.parametrize(
    ("word", "controls", "expected"),
    [
        ("equal", ["worse", "worse"], "supported"),
        ("better", ["worse"], "supported"),
        ("undecided", ["worse"], "undecided"),
        ("worse", ["worse"], "refuted"),
        ("equal", ["worse", "undecided"], "untestable"),
        ("equal", [], "untestable"),
    ],
)
def test_a_verdict_needs_controls_that_fail(word, controls, expected):
    assert loss.verdict(word, controls) == expected


def test_seeds_are_dealt_out_to_jobs():
    made = experiments.plan("float8", "cpu")
    assert made.groups("float8") == [(0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11)]
    assert made.groups("int4") == [(0, 1, 2), (3,)]
    rates = pd.DataFrame({"arm": list(made.arms), "steps": 300, "rate": 0.01})
    tasks = made.reporting(rates)
    assert sum(len(t.job.members) for t in tasks) == 12 * (3 + 3 + 1) + 4 * 2
    assert {t.arm for t in made.tuning()} == set(made.arms), "every arm is tuned alike"
    assert len({tuple(m.rate for m in t.job.members) for t in made.tuning()}) == 1


def test_controls_fail_as_they_must(monkeypatch):
    """Trained for real: what rounds too coarsely is worse for certain, what rounds well is not."""
    monkeypatch.setattr(training, "SCORED", 8192)
    config = Config(d=32, heads=4, layers=1, context=32, batch=8, steps=60)
    members = tuple(Member(seed, 1e-2) for seed in range(3))
    rows = []
    for arm in ("bfloat16", "float8", "int4", "float8-unscaled"):
        outcomes, *_ = training.train(Job(config.replace(precision=arm), members))
        rows += [(arm, 60, m.seed, o.loss) for m, o in zip(members, outcomes, strict=True)]
    runs = pd.DataFrame(rows, columns=["arm", "steps", "seed", "loss"])
    words = loss.cells(runs).set_index("arm")["word"]
    assert words["int4"] == words["float8-unscaled"] == "worse"
    assert words["float8"] != "worse"


def test_kernels_of_eight_bits_are_told_apart():
    names = {
        "x::m_grouped_fp8_ptp128c::GemmKernel<>": 4.0,
        "x::fp8_dptp128c_acc::GemmKernel<transpose>": 2.0,
        "cuda::per_token_cast_to_fp8_with_channels<>": 1.0,
        "cuda::batched_transpose<>": 1.0,
        "cuda::swiglu_forward_and_per_token_cast_to_fp8<>": 1.0,
        "flash": 1.0,
    }
    rows = [("X", "kernel", 7, name, us) for name, us in names.items()]
    rows += [("X", "kernel", 27, "cuda::dispatch", 99.0), ("X", "cuda_runtime", 7, "flash", 99.0)]
    made = pd.DataFrame(rows, columns=["phase", "category", "stream", "name", "duration_us"])
    assert trace.eight_bit_shares(made) == pytest.approx(
        {"blocks": 0.4, "tiles": 0.2, "casts": 0.2, "rest": 0.2}
    )
    with pytest.raises(errors.TraceError, match="eight-bit"):
        trace.eight_bit_shares(made[made["name"] == "flash"])


def test_a_step_is_as_much_slower_as_its_products():
    shares = {"blocks": 0.4, "tiles": 0.2, "casts": 0.1, "rest": 0.3}
    found = speed.whole_step(shares, Estimate(2, 1.5, 2.5, 25, ""), Estimate(1, 0.5, 1.5, 8, ""))
    assert (found.value, found.low, found.high) == pytest.approx((1.3, 1.0, 1.6))
    assert found.n == 8

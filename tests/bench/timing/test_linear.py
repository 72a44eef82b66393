"""The timing of layers: that what is timed is what it says, and that records hold it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from moat.bench import command, precision, runs
from moat.bench.precision import matmul
from moat.bench.timing import linear
from moat.bench.timing.linear import Inputs

NEEDS_REAL = pytest.mark.skipif(
    not (torch.cuda.is_available() and precision.real(torch.device("cuda"))),
    reason="needs a CUDA GPU of compute capability 9 and CUDA 12.9 or newer",
)


def far(found, exact):
    return ((found.float() - exact.float()).norm() / exact.float().norm()).item()


@pytest.fixture
def inputs():
    return Inputs.drawn(256, 128, "cpu")


def test_every_layer_is_the_same_layer(inputs):
    exact = linear.plain(Inputs(*(getattr(inputs, n).float() for n in ("x", "w", "slope"))))
    for (recipe, cast), work in linear.layers(inputs, False, {}).items():
        found = work()
        assert all(f.dtype == torch.bfloat16 for f in found), (recipe, cast)
        most = 0.005 if recipe == "bfloat16" else 0.05
        for a, b in zip(found, exact, strict=True):
            assert most / 50 < far(a.view_as(b), b) < most, (recipe, cast)


def test_the_tiled_layer_is_the_one_that_trains(inputs):
    x, w = inputs.x.float().requires_grad_(), inputs.w.float().requires_grad_()
    y = matmul(x, w, "float8")
    expected = (y, *torch.autograd.grad(y, (x, w), inputs.slope.float()))
    for a, b in zip(linear.tiled(inputs, precision.cast, linear.by_hand), expected, strict=True):
        torch.testing.assert_close(a.float(), b, rtol=2**-7, atol=1e-3)


def test_every_product_is_the_same_product(inputs):
    exact = inputs.x.float() @ inputs.w.float()
    for name, work in linear.products(inputs, False).items():
        assert far(work().view_as(exact), exact) < 0.05, name


def test_torch_accepts_codes_of_one_scale():
    """Its rules for shapes and strides are checked without data."""
    x, turned, scale = (t.to("meta") for t in linear.cast_whole(torch.randn(256, 128).bfloat16()))
    for a, b in ((x, x), (turned, turned)):
        assert linear.product_whole(a, b, scale, scale, True).dtype == torch.bfloat16


@pytest.mark.parametrize("shape", [(1, 256, 384), (2, 128, 256)])
def test_a_compiled_cast_is_the_eager_one(shape):
    """In one graph and for any shape; which kernels it becomes only a GPU can tell."""
    torch.compiler.reset()
    cast = torch.compile(precision.cast, dynamic=True, fullgraph=True, backend="aot_eager")
    for blocks in (False, True):
        for x in (torch.randn(shape), torch.randn(shape).mT):
            for a, b in zip(cast(x, blocks), precision.cast(x, blocks), strict=True):
                assert torch.equal(a.float(), b.float())
                assert a.stride() == b.stride()


def test_the_rehearsal_leaves_one_record(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "folder", lambda: tmp_path)
    done = CliRunner().invoke(command.app, ["layers", "--device", "cpu"])
    assert done.exit_code == 0, done.exception
    times = linear.table(runs.records("float8-layers", "smoke"))
    assert set(times["width"]) == {128, 256}
    assert (times["ms"] > 0).all()
    found = linear.summary(times)
    assert (found["n"] == linear.TOY["repeats"]).all()
    assert (found["low"] <= found["ms"]).all()
    assert set(found["recipe"]) == {
        "bfloat16", "tiles", "one scale", "tiles by blocks", "tiles by tiles", "one scale, fast sum",
    }  # fmt: skip
    assert linear.table([]).empty


def test_speed_is_counted_from_shapes():
    rows = [("layer", "x", "none", 1000, n, 6.0, 500, "d") for n in range(3)]
    names = ["what", "recipe", "cast", "width", "repeat", "ms", "tokens", "device"]
    (found,) = linear.summary(pd.DataFrame(rows, columns=names))["flop_s"]
    assert found == pytest.approx(3 * 2 * 500 * 1000**2 / 6e-3)


def test_what_cannot_be_done_is_said(monkeypatch):
    def broken(*a):
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(linear, "by_hand", broken)
    said = []
    rows = list(linear.measure("cpu", (128,), 128, 2, say=said.append))
    assert {r["recipe"] for r in rows} >= {"bfloat16", "one scale"}
    assert any("no such kernel" in line for line in said)
    assert "tiles" not in {r["recipe"] for r in rows}
    assert np.isfinite([t for r in rows for t in r["ms"]]).all()


@NEEDS_REAL
def test_the_chip_computes_what_is_timed():
    inputs = Inputs.drawn(256, 512, "cuda")
    exact = linear.plain(inputs)
    for compiled in ({}, linear.compiled_casts()):
        for name, work in linear.layers(inputs, True, compiled).items():
            for a, b in zip(work(), exact, strict=True):
                assert far(a.view_as(b), b) < 0.06, name
            assert min(linear.milliseconds(work, "cuda", 3)) > 0

"""Eight-bit products: operands against the emulation and against torch's rules for their layout."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from moat.bench import precision
from moat.bench.precision import ACROSS, ALONG, BLOCK, coded, eight_bit, matmul, operand, rounded, tiled

BOTH = pytest.mark.parametrize("blocks", [False, True], ids=["tiles", "blocks"])
HAS_REAL = torch.cuda.is_available() and precision.real(torch.device("cuda"))
NEEDS_REAL = pytest.mark.skipif(
    not HAS_REAL, reason="needs a CUDA GPU of compute capability 9 and CUDA 12.9 or newer"
)


CODES = torch.arange(256, dtype=torch.uint8).view(torch.float8_e4m3fn).float()
CODES = CODES[CODES.isfinite()].unique()


def test_every_code_is_kept():
    assert len(CODES) == 253, "256 less two that are not numbers and one of two zeros"
    assert torch.equal(rounded(CODES, "float8"), CODES)
    assert CODES.max() == 448


def test_between_two_codes_the_nearest_is_taken_and_half_way_the_even_one():
    low, high = CODES[:-1], CODES[1:]
    middle = (low + high) / 2
    assert torch.equal(rounded(middle.nextafter(low), "float8"), low)
    assert torch.equal(rounded(middle.nextafter(high), "float8"), high)
    even = torch.arange(len(CODES)) % 2 == len(CODES) // 2 % 2
    assert torch.equal(rounded(middle, "float8"), torch.where(even[:-1], low, high))


def test_rounding_is_that_of_a_cast():
    x = torch.cat([torch.linspace(-448, 448, 200_001), torch.randn(100_000) * torch.logspace(-6, 2, 100_000)])
    assert torch.equal(rounded(x, "float8"), x.to(torch.float8_e4m3fn).float())


def test_without_scales_the_largest_code_is_the_limit():
    x = torch.tensor([[1e9, -449.0, 460.0, 3.0, 1e-4]])
    assert torch.equal(coded(x, "float8-unscaled", ALONG), torch.tensor([[448.0, -448.0, 448.0, 3.0, 0.0]]))


def test_one_scale_a_matrix_is_set_by_its_largest_entry():
    x = torch.full((2, 200, 300), 1e-6)
    x[0, 150, 7] = 1.0
    lost, kept = coded(x, "float8-tensor", ALONG)
    assert lost.count_nonzero() == 1
    assert torch.allclose(kept, x[1], rtol=1e-6, atol=0)
    spared = coded(x, "float8", ALONG)[0]
    assert spared.count_nonzero() == 200 * 300 - 127, "only its own tile is lost"


@pytest.mark.parametrize("form", ["float8", "float8-tensor", "float8-unscaled", "int4"])
def test_tiles_turn_with_the_matrix(form):
    x = torch.randn(2, 200, 150)
    assert torch.equal(coded(x, form, ACROSS), coded(x.mT, form, ALONG).mT)
    assert torch.equal(coded(x, form, BLOCK), coded(x.mT, form, BLOCK).mT)


@pytest.mark.parametrize("precision", ["bfloat16", "float8-tensor", "float8-unscaled", "int4"])
def test_low_precision_is_close_to_the_full_one_and_no_more(precision):
    x, w = torch.randn(2, 256, 128, requires_grad=True), torch.randn(2, 128, 64, requires_grad=True)
    slope = torch.randn(2, 256, 64)
    exact, found = ((y, *torch.autograd.grad(y, (x, w), slope)) for y in (x @ w, matmul(x, w, precision)))
    most = {"bfloat16": 0.005, "int4": 0.3}.get(precision, 0.05)
    for a, b in zip(found, exact, strict=True):
        assert most / 20 < (a - b).norm() / b.norm() < most


def test_half_precision_on_a_cpu_is_torchs_own():
    x, w = torch.randn(2, 64, 128).requires_grad_(), torch.randn(2, 128, 64).requires_grad_()
    slope = torch.randn(2, 64, 64)
    ours, its = matmul(x, w, "bfloat16"), torch.bmm(x.bfloat16(), w.bfloat16()).float()
    for a, b in zip(
        (ours, *torch.autograd.grad(ours, (x, w), slope)),
        (its, *torch.autograd.grad(its, (x, w), slope)),
        strict=True,
    ):
        # Sums in another order may round to the neighbouring number.
        torch.testing.assert_close(a, b, rtol=2**-7, atol=1e-3)
        assert (a == b).float().mean() > 0.98


def decoded(made: precision.Operand) -> torch.Tensor:
    """Codes times scales, the slow obvious way."""
    codes, scale = made.codes.float(), made.scale
    rows = torch.arange(codes.shape[1])[:, None]
    tiles = (torch.arange(codes.shape[2]) // 128)[None]
    blocks = made.recipe == precision.ScalingType.BlockWise128x128
    return codes * (scale[:, tiles, rows // 128] if blocks else scale[:, rows, tiles])


def by_hand(a, b, dtype=torch.float32):
    """What `product` computes, from the same operands in float32."""
    return (decoded(a) @ decoded(b).mT).to(dtype)


@BOTH
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("shape", [(128, 256), (40, 200), (300, 64)])
def test_operands_hold_what_the_emulation_rounds_to(blocks, turned, shape):
    x = torch.randn(2, *shape) * torch.logspace(-3, 3, shape[1])
    x = x.mT.contiguous().mT if turned else x
    made = operand(x, blocks)
    expected = coded(x, "float8", BLOCK if blocks else ALONG)
    torch.testing.assert_close(decoded(made)[:, : shape[0], : shape[1]], expected, rtol=1e-6, atol=0)
    assert made.codes.dtype == torch.float8_e4m3fn
    assert made.codes.is_contiguous()
    assert not made.codes.shape[1] % 128
    assert not made.codes.shape[2] % 128
    assert not decoded(made)[:, shape[0] :].any()


@BOTH
def test_torch_accepts_the_layout(blocks):
    """Its rules for shapes and strides are checked without data."""
    a, b = operand(torch.randn(2, 40, 640)), operand(torch.randn(2, 300, 640), blocks)
    assert b.scale.shape == ((2, 8, 3) if blocks else (2, 384, 5))
    assert b.scale.stride()[1] == 1
    a, b = (made._replace(codes=made.codes.to("meta"), scale=made.scale.to("meta")) for made in (a, b))
    found = precision.product(a, b)
    assert (found.shape, found.dtype) == ((2, 128, 384), torch.float32)


def test_all_three_products_are_those_of_the_emulation(monkeypatch):
    x, w = torch.randn(2, 40, 200, requires_grad=True), torch.randn(2, 200, 72, requires_grad=True)
    slope = torch.randn(2, 40, 72)
    emulated = matmul(x, w, "float8")
    expected = (emulated, *torch.autograd.grad(emulated, (x, w), slope))
    monkeypatch.setattr(precision, "product", by_hand)
    monkeypatch.setattr(precision, "real", lambda device: True)
    found = matmul(x, w, "float8")
    for a, b in zip((found, *torch.autograd.grad(found, (x, w), slope)), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=2**-7, atol=1e-4)


def test_a_cpu_emulates(monkeypatch):
    monkeypatch.setattr(F, "scaled_mm", lambda *a, **k: pytest.fail("not on a CPU"))
    x, w = torch.randn(1, 4, 32), torch.randn(1, 32, 8)
    expected = tiled(x, "float8", 1, 128) @ tiled(w, "float8", 128, 128)
    # The product may be summed in another order and round to the neighbouring number.
    torch.testing.assert_close(matmul(x, w, "float8"), expected.bfloat16().float(), rtol=2**-7, atol=1e-4)
    assert not precision.real(x.device)


@NEEDS_REAL
@BOTH
def test_the_real_product_is_close_to_the_emulation(blocks):
    a, b = torch.randn(1, 256, 512, device="cuda"), torch.randn(1, 384, 512, device="cuda")
    found = eight_bit(a, b, blocks, torch.float32)
    expected = tiled(a, "float8", 1, 128) @ tiled(b, "float8", 128 if blocks else 1, 128).mT
    # Tensor cores sum eight-bit products with fewer bits than float32 has.
    assert (found - expected).norm() / expected.norm() < 1e-3

"""Eight-bit products: operands against the emulation and against torch's rules for their layout."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from moat.bench import precision
from moat.bench.precision import eight_bit, matmul, operand, tiled

BOTH = pytest.mark.parametrize("blocks", [False, True], ids=["tiles", "blocks"])
HAS_REAL = torch.cuda.is_available() and precision.real(torch.device("cuda"))
NEEDS_REAL = pytest.mark.skipif(
    not HAS_REAL, reason="needs a CUDA GPU of compute capability 9 and CUDA 12.9 or newer"
)


def decoded(made: precision.Operand) -> torch.Tensor:
    """Codes times scales, the slow obvious way."""
    codes, scale = made.codes.float(), made.scale
    rows = torch.arange(codes.shape[0])[:, None]
    tiles = (torch.arange(codes.shape[1]) // 128)[None]
    blocks = made.recipe == precision.ScalingType.BlockWise128x128
    return codes * (scale[tiles, rows // 128] if blocks else scale[rows, tiles])


def by_hand(a, b):
    """What `product` computes, from the same operands in float32."""
    return decoded(a) @ decoded(b).mT


@BOTH
@pytest.mark.parametrize("shape", [(128, 256), (40, 200), (300, 64)])
def test_operands_hold_what_the_emulation_rounds_to(blocks, shape):
    x = torch.randn(shape) * torch.logspace(-3, 3, shape[1])
    made = operand(x, blocks)
    expected = tiled(x, "float8", 128 if blocks else 1, 128)
    torch.testing.assert_close(decoded(made)[: shape[0], : shape[1]], expected, rtol=1e-6, atol=0)
    assert made.codes.dtype == torch.float8_e4m3fn
    assert not made.codes.shape[0] % 128
    assert not made.codes.shape[1] % 128
    assert not decoded(made)[shape[0] :].any()


@BOTH
def test_torch_accepts_the_layout(blocks):
    """Its rules for shapes and strides are checked without data."""
    a, b = operand(torch.randn(40, 640)), operand(torch.randn(300, 640), blocks)
    assert b.scale.shape == ((8, 3) if blocks else (384, 5))
    a, b = (made._replace(codes=made.codes.to("meta"), scale=made.scale.to("meta")) for made in (a, b))
    found = precision.product(a, b)
    assert (found.shape, found.dtype) == ((128, 384), torch.float32)


def test_all_three_products_are_those_of_the_emulation(monkeypatch):
    x, w = torch.randn(2, 40, 200, requires_grad=True), torch.randn(2, 200, 72, requires_grad=True)
    slope = torch.randn(2, 40, 72)
    emulated = matmul(x, w, "float8")
    expected = (emulated, *torch.autograd.grad(emulated, (x, w), slope))
    monkeypatch.setattr(precision, "product", by_hand)
    monkeypatch.setattr(precision, "real", lambda device: True)
    found = matmul(x, w, "float8")
    for a, b in zip((found, *torch.autograd.grad(found, (x, w), slope)), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_a_cpu_emulates(monkeypatch):
    monkeypatch.setattr(F, "scaled_mm", lambda *a, **k: pytest.fail("not on a CPU"))
    x, w = torch.randn(1, 4, 32), torch.randn(1, 32, 8)
    expected = tiled(x, "float8", 1, 128) @ tiled(w, "float8", 128, 128)
    assert torch.equal(matmul(x, w, "float8"), expected)
    assert not precision.real(x.device)


@NEEDS_REAL
@BOTH
def test_the_real_product_is_close_to_the_emulation(blocks):
    a, b = torch.randn(1, 256, 512, device="cuda"), torch.randn(1, 384, 512, device="cuda")
    found = eight_bit(a, b, blocks)
    expected = tiled(a, "float8", 1, 128) @ tiled(b, "float8", 128 if blocks else 1, 128).mT
    # Tensor cores sum eight-bit products with fewer bits than float32 has.
    assert (found - expected).norm() / expected.norm() < 1e-3

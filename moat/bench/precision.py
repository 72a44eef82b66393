"""Matrix products in low precision, emulated exactly but for the accumulator.

Fine-grained scaling as DeepSeek-V3 describes it (arXiv:2412.19437, section 3.3.2): activations
share one scale along 128 channels, weights one scale on blocks of 128 by 128, each so that the
largest entry becomes the largest code.  A cast to ``torch.float8_e4m3fn`` rounds to the nearest
even code.  Products accumulate in float32: the shorter accumulator of tensor cores is not
emulated, nor is speed.
"""

from __future__ import annotations

import torch
from torch import Tensor

TILE = 128
#: The largest codes of E4M3 and of four-bit integers.
LARGEST = {"float8": 448.0, "int4": 7.0}


def rounded(x: Tensor, form: str) -> Tensor:
    """The nearest code to each entry; entries must lie within the codes' range."""
    if form == "float8":
        return x.to(torch.float8_e4m3fn).to(x.dtype)
    return x.round()


def tiled(x: Tensor, form: str, rows: int, columns: int) -> Tensor:
    """``x`` (..., m, n) rounded with one scale for each tile of ``rows`` by ``columns``.

    A last tile may be smaller.  Tiles of zeros stay zeros.

    >>> tiled(torch.tensor([[1.0, 2.0, 4.0, 7.1]]), "int4", 1, 4)
    tensor([[1.0143, 2.0286, 4.0571, 7.1000]])
    """
    m, n = x.shape[-2:]
    rows, columns = min(rows, m), min(columns, n)
    padded = torch.nn.functional.pad(x, (0, -n % columns, 0, -m % rows))
    tiles = padded.unflatten(-1, (-1, columns)).unflatten(-3, (-1, rows))
    largest = tiles.abs().amax(dim=(-3, -1), keepdim=True)
    scale = torch.where(largest > 0, largest / LARGEST[form], 1.0)
    back = rounded(tiles / scale, form) * scale
    return back.flatten(-4, -3).flatten(-2, -1)[..., :m, :n]


class LowPrecision(torch.autograd.Function):
    """``x @ w`` for x (E, m, k) and w (E, k, n), all three products in low precision."""

    @staticmethod
    def forward(ctx, x: Tensor, w: Tensor, form: str) -> Tensor:
        ctx.save_for_backward(x, w)
        ctx.form = form
        return tiled(x, form, 1, TILE) @ tiled(w, form, TILE, TILE)

    @staticmethod
    def backward(ctx, slope: Tensor) -> tuple[Tensor, Tensor, None]:
        x, w = ctx.saved_tensors
        to_x = tiled(slope, ctx.form, 1, TILE) @ tiled(w, ctx.form, TILE, TILE).mT
        # The weight's gradient sums over tokens, so its tiles run along tokens.
        to_w = tiled(x.mT, ctx.form, 1, TILE) @ tiled(slope.mT, ctx.form, 1, TILE).mT
        return to_x, to_w, None


def matmul(x: Tensor, w: Tensor, precision: str) -> Tensor:
    """``x @ w`` with x (E, m, k) and w (E, k, n) in the precision of a `Config`."""
    if precision == "float32":
        return torch.bmm(x, w)
    if precision == "bfloat16":
        return torch.bmm(x.bfloat16(), w.bfloat16()).to(x.dtype)
    return LowPrecision.apply(x, w, precision)

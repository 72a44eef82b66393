"""Matrix products in low precision: real eight-bit ones where the chip has them, else emulated.

Fine-grained scaling as DeepSeek-V3 describes it (arXiv:2412.19437, section 3.3.2): activations
share one scale along 128 channels, weights one scale on blocks of 128 by 128, each so that the
largest entry becomes the largest code.  A cast to ``torch.float8_e4m3fn`` rounds to the nearest
even code.  The emulation is exact but for the accumulator: it sums in float32, and neither the
shorter one of tensor cores nor their speed is emulated.

On a GPU that has such products (`real`), "float8" uses ``torch.nn.functional.scaled_mm`` on the
same codes and scales.  **That product has not been run yet.**  Its operands are tested without
a GPU: their values against the emulation, their layout against torch's own rules.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.functional import ScalingType, SwizzleType

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
    padded = F.pad(x, (0, -n % columns, 0, -m % rows))
    tiles = padded.unflatten(-1, (-1, columns)).unflatten(-3, (-1, rows))
    largest = tiles.abs().amax(dim=(-3, -1), keepdim=True)
    scale = torch.where(largest > 0, largest / LARGEST[form], 1.0)
    back = rounded(tiles / scale, form) * scale
    return back.flatten(-4, -3).flatten(-2, -1)[..., :m, :n]


class Operand(NamedTuple):
    """One side of an eight-bit product, with the axis that is summed over last.

    ``codes`` (rows, inner) are padded with zeros to whole tiles; ``scale`` decodes them, in the
    layout that ``scaled_mm`` wants for ``recipe``: a scale for each row and 128 of the inner
    axis (rows, inner / 128), or for each block of 128 by 128 (inner / 128 rounded up to four,
    rows / 128); either way the first axis is the one that is contiguous.
    """

    codes: Tensor
    scale: Tensor
    recipe: ScalingType


def operand(x: Tensor, blocks: bool = False) -> Operand:
    """``x`` (rows, inner) in eight bits, with one scale a tile or, with ``blocks``, a block."""
    m, n = x.shape
    tiles = F.pad(x, (0, -n % TILE, 0, -m % TILE)).unflatten(1, (-1, TILE))
    if blocks:
        tiles = tiles.unflatten(0, (-1, TILE))
    largest = tiles.abs().amax(dim=(1, 3) if blocks else 2)
    scale = torch.where(largest > 0, largest / LARGEST["float8"], 1.0)
    whole = scale[:, None, :, None] if blocks else scale[..., None]
    codes = (tiles / whole).to(torch.float8_e4m3fn)
    if blocks:
        layout = F.pad(scale, (0, -scale.shape[1] % 4), value=1.0).contiguous().mT
        return Operand(codes.flatten(2).flatten(0, 1), layout, ScalingType.BlockWise128x128)
    return Operand(codes.flatten(1), scale.mT.contiguous().mT, ScalingType.BlockWise1x128)


def product(a: Operand, b: Operand) -> Tensor:
    """``a @ b.T`` in float32, by the tensor cores, without their fast accumulation."""
    return F.scaled_mm(
        a.codes, b.codes.mT,
        a.scale, a.recipe, b.scale, b.recipe, SwizzleType.NO_SWIZZLE, SwizzleType.NO_SWIZZLE,
        output_dtype=torch.float32, use_fast_accum=False,
    )  # fmt: skip


def real(device: torch.device) -> bool:
    """Whether the chip has products of such tiles: compute capability 9, CUDA 12.9 or newer."""
    if device.type != "cuda":
        return False
    version = tuple(int(n) for n in (torch.version.cuda or "0.0").split(".")[:2])
    return torch.cuda.get_device_capability(device)[0] == 9 and version >= (12, 9)


def eight_bit(a: Tensor, b: Tensor, blocks: bool) -> Tensor:
    """``a @ b.mT`` for a (E, m, k) and b (E, n, k), member by member; ``blocks`` scale b."""
    pairs = zip(a, b, strict=True)
    found = [product(operand(left), operand(right, blocks)) for left, right in pairs]
    return torch.stack(found)[:, : a.shape[1], : b.shape[1]]


class LowPrecision(torch.autograd.Function):
    """``x @ w`` for x (E, m, k) and w (E, k, n), all three products in low precision."""

    @staticmethod
    def forward(ctx, x: Tensor, w: Tensor, form: str) -> Tensor:
        ctx.save_for_backward(x, w)
        ctx.form = form
        ctx.real = form == "float8" and real(x.device)
        if ctx.real:
            return eight_bit(x, w.mT, blocks=True)
        return tiled(x, form, 1, TILE) @ tiled(w, form, TILE, TILE)

    @staticmethod
    def backward(ctx, slope: Tensor) -> tuple[Tensor, Tensor, None]:
        x, w = ctx.saved_tensors
        if ctx.real:
            return eight_bit(slope, w, blocks=True), eight_bit(x.mT, slope.mT, blocks=False), None
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

"""Matrix products in low precision: real eight-bit ones where the chip has them, else emulated.

Fine-grained scaling as DeepSeek-V3 describes it (arXiv:2412.19437, section 3.3.2): activations
share one scale along 128 channels, weights one scale on blocks of 128 by 128, each so that the
largest entry becomes the largest code.  Beside it, as controls, the same codes with one scale a
matrix ("float8-tensor") and with none ("float8-unscaled"), and four-bit integers in tiles
("int4").  As there, outputs and gradients to the input leave in bfloat16, and the gradient of
the weights in float32.

The emulation is exact but for the accumulator: it sums in float32, and neither the shorter one
of tensor cores nor their speed is emulated.  On a CPU bfloat16 is emulated in the same way,
because few CPUs multiply it and the others take eight times as long.  On a GPU that has such
products (`real`), "float8" uses ``torch.nn.functional.scaled_mm`` on the same codes and scales.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.functional import ScalingType, SwizzleType

TILE = 128
#: Rows and columns that share a scale: along the last axis, along the one before, or both.
ALONG, ACROSS, BLOCK = (1, TILE), (TILE, 1), (TILE, TILE)
#: The largest codes of E4M3 and of four-bit integers.
LARGEST = {"float8": 448.0, "int4": 7.0}
#: Exponent bits of a float32, those of the smallest normal E4M3 number, and of a factor 2^20.
EXPONENT, SMALLEST, TWENTY = 0x7F800000, (127 - 6) << 23, 20 << 23
#: A tile whose entries are all smaller counts as zeros.
NOTHING = 1e-30


def rounded(x: Tensor, form: str) -> Tensor:
    """The nearest code to each entry, half-way to the even one; entries must lie in their range.

    A cast to ``torch.float8_e4m3fn`` and back gives the same and takes four times as long on
    a CPU.  Here a float32 1.5 times 2^20 as large as an entry's power of two is added and
    taken off: the sum keeps just the three bits that E4M3 has behind the leading one.
    """
    if form != "float8":
        return x.round()
    power = x.contiguous().view(torch.int32).bitwise_and(EXPONENT).clamp_(min=SMALLEST)
    large = power.add_(TWENTY).view(torch.float32).mul_(1.5)
    return (x + large).sub_(large)


def tiled(x: Tensor, form: str, rows: int, columns: int) -> Tensor:
    """``x`` (..., m, n) rounded with one scale for each tile of ``rows`` by ``columns``.

    A last tile may be smaller.  Tiles of zeros stay zeros.

    >>> tiled(torch.tensor([[1.0, 2.0, 4.0, 7.1]]), "int4", 1, 4)
    tensor([[1.0143, 2.0286, 4.0571, 7.1000]])
    """
    m, n = x.shape[-2:]
    rows, columns = min(rows, m), min(columns, n)
    tiles = _padded(x, rows, columns).unflatten(-1, (-1, columns)).unflatten(-3, (-1, rows))
    scale = _scale(tiles, (-3, -1), form)
    back = rounded(tiles / scale, form) * scale
    return back.flatten(-4, -3).flatten(-2, -1)[..., :m, :n]


def _padded(x: Tensor, rows: int, columns: int) -> Tensor:
    """Zeros below and to the right, up to whole tiles."""
    down, right = -x.shape[-2] % rows, -x.shape[-1] % columns
    return F.pad(x, (0, right, 0, down)) if down or right else x


def _scale(tiles: Tensor, axes: tuple[int, ...], form: str) -> Tensor:
    """What decodes each tile's codes: its largest entry over the largest code."""
    return tiles.abs().amax(dim=axes, keepdim=True).float().clamp_(min=NOTHING).div_(LARGEST[form])


def coded(x: Tensor, form: str, tile: tuple[int, int]) -> Tensor:
    """``x`` (..., m, n) as its codes in ``form`` decode, one scale for each ``tile`` of it.

    A form with one scale a matrix or none ignores ``tile``.  Without scales what is too large
    becomes the largest code.
    """
    codes, _, scaling = form.partition("-")
    if scaling == "unscaled":
        return rounded(x.clamp(-LARGEST[codes], LARGEST[codes]), codes)
    return tiled(x, codes, *(x.shape[-2:] if scaling == "tensor" else tile))


class Operand(NamedTuple):
    """One side of eight-bit products, with the axis that is summed over last.

    ``codes`` (E, rows, inner) are padded with zeros to whole tiles; ``scale`` decodes them, in
    the layout that ``scaled_mm`` wants for ``recipe``: a scale for each row and 128 of the inner
    axis (E, rows, inner / 128), or for each block of 128 by 128 (E, inner / 128 rounded up to
    four, rows / 128); either way the last axis but one is the one that is contiguous.
    """

    codes: Tensor
    scale: Tensor
    recipe: ScalingType


def cast(x: Tensor, blocks: bool = False) -> tuple[Tensor, Tensor]:
    """The codes and scales of an `Operand` for ``x`` (E, rows, inner)."""
    tiles = _padded(x, TILE, TILE).unflatten(-1, (-1, TILE)).unflatten(1, (-1, TILE))
    scale = _scale(tiles, (-3, -1) if blocks else (-1,), "float8")
    codes = (tiles / scale).to(torch.float8_e4m3fn).flatten(-2).flatten(1, 2).contiguous()
    if not blocks:
        return codes, scale[..., 0].flatten(1, 2).mT.contiguous().mT
    scale = scale[:, :, 0, :, 0]
    return codes, F.pad(scale, (0, -scale.shape[-1] % 4), value=1.0).contiguous().mT


def operand(x: Tensor, blocks: bool = False, by: Callable = cast) -> Operand:
    """``x`` (E, rows, inner) in eight bits, with one scale a tile or, with ``blocks``, a block."""
    recipe = ScalingType.BlockWise128x128 if blocks else ScalingType.BlockWise1x128
    return Operand(*by(x, blocks), recipe)


def product(a: Operand, b: Operand, dtype: torch.dtype = torch.float32) -> Tensor:
    """``a @ b.mT`` member by member, by the tensor cores, without their fast accumulation."""
    plain = SwizzleType.NO_SWIZZLE
    found = [
        F.scaled_mm(
            a.codes[e], b.codes[e].mT, a.scale[e], a.recipe, b.scale[e], b.recipe, plain, plain,
            output_dtype=dtype, use_fast_accum=False,
        )
        for e in range(len(a.codes))
    ]  # fmt: skip
    return torch.stack(found) if len(found) > 1 else found[0][None]


def real(device: torch.device) -> bool:
    """Whether the chip has products of such tiles: compute capability 9, CUDA 12.9 or newer."""
    if device.type != "cuda":
        return False
    version = tuple(int(n) for n in (torch.version.cuda or "0.0").split(".")[:2])
    return torch.cuda.get_device_capability(device)[0] == 9 and version >= (12, 9)


def eight_bit(a: Tensor, b: Tensor, blocks: bool, dtype: torch.dtype = torch.float32) -> Tensor:
    """``a @ b.mT`` for a (E, m, k) and b (E, n, k), member by member; ``blocks`` scale b."""
    found = product(operand(a), operand(b, blocks), dtype)
    return found[:, : a.shape[1], : b.shape[1]]


class LowPrecision(torch.autograd.Function):
    """``x @ w`` for x (E, m, k) and w (E, k, n), all three products in low precision."""

    @staticmethod
    def forward(ctx, x: Tensor, w: Tensor, form: str) -> Tensor:
        ctx.save_for_backward(x, w)
        ctx.form = form
        ctx.real = form == "float8" and real(x.device)
        if ctx.real:
            return eight_bit(x, w.mT, True, torch.bfloat16).to(x.dtype)
        return (coded(x, form, ALONG) @ coded(w, form, BLOCK)).bfloat16().to(x.dtype)

    @staticmethod
    def backward(ctx, slope: Tensor) -> tuple[Tensor, Tensor, None]:
        x, w = ctx.saved_tensors
        # The weight's gradient sums over tokens, so its tiles run along tokens.
        if ctx.real:
            to_x = eight_bit(slope, w, True, torch.bfloat16)
            return to_x.to(x.dtype), eight_bit(x.mT, slope.mT, False), None
        to_x = (coded(slope, ctx.form, ALONG) @ coded(w, ctx.form, BLOCK).mT).bfloat16()
        to_w = coded(x, ctx.form, ACROSS).mT @ coded(slope, ctx.form, ACROSS)
        return to_x.to(x.dtype), to_w, None


def matmul(x: Tensor, w: Tensor, precision: str) -> Tensor:
    """``x @ w`` with x (E, m, k) and w (E, k, n) in the precision of a `Config`."""
    if precision == "float32":
        return torch.bmm(x, w)
    if precision == "bfloat16":
        return torch.bmm(half(x), half(w)).bfloat16().to(x.dtype)
    return LowPrecision.apply(x, w, precision)


def half(x: Tensor) -> Tensor:
    """``x`` in bfloat16; on a CPU its values, in float32, whose products are exact."""
    return x.bfloat16().float() if x.device.type == "cpu" else x.bfloat16()

"""How fast a linear layer is in eight bits: the product alone, and the layer with all its casts.

A layer is its forward product and the two of its backward pass, from activations and slopes in
bfloat16 to results in bfloat16, with every scale found and every code cast on the way.  Two
recipes stand beside plain bfloat16: the tiles and blocks of `precision` (DeepSeek-V3's), and
one scale a matrix, for which codes may be turned instead of cast again.  Casts run operation by
operation ("eager") and, on a GPU, compiled into few kernels ("compiled").

Each repeat replays one captured graph of `INNER` calls, so what is timed is the device and not
the Python before it.  On a CPU products are emulated: a rehearsal that says nothing about speed.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.functional import ScalingType, SwizzleType

from moat import project
from moat.bench import ceilings, precision, runs
from moat.bench.precision import LARGEST, NOTHING, TILE, Operand

#: Calls in one captured graph, and graphs that are timed.
INNER, REPEATS = 4, 25
WIDTHS, TOKENS = (512, 1024, 2048, 4096, 8192), 8192
#: Products in what is timed.
COUNT = {"product": 1, "layer": 3}
#: What a CPU rehearses.
TOY = {"widths": (128, 256), "tokens": 256, "repeats": 3}
EXPERIMENT = "float8-layers"


@dataclass(frozen=True)
class Inputs:
    """Activations (1, tokens, width), weights (1, width, width) and slopes like activations."""

    x: Tensor
    w: Tensor
    slope: Tensor

    @classmethod
    def drawn(cls, tokens: int, width: int, device: str) -> Inputs:
        own = torch.Generator(device).manual_seed(width)
        shapes = {"x": (1, tokens, width), "w": (1, width, width), "slope": (1, tokens, width)}
        made = {n: torch.randn(s, generator=own, device=device).bfloat16() for n, s in shapes.items()}
        return cls(**made)


def by_hand(a: Operand, b: Operand, dtype: torch.dtype) -> Tensor:
    """What `precision.product` gives, by decoding first: for devices without such products."""
    return (_decoded(a) @ _decoded(b).mT).to(dtype)


def _decoded(made: Operand) -> Tensor:
    rows, inner = made.codes.shape[1:]
    scale = made.scale
    if made.recipe == ScalingType.BlockWise128x128:
        scale = scale.mT[..., : inner // TILE].repeat_interleave(TILE, 1)[:, :rows]
    return made.codes.float() * scale.repeat_interleave(TILE, 2)


def plain(i: Inputs) -> tuple[Tensor, ...]:
    """The layer in bfloat16: result, slope of the input, slope of the weights."""
    return i.x @ i.w, i.slope @ i.w.mT, i.x.mT @ i.slope


def tiled(i: Inputs, cast: Callable, product: Callable) -> tuple[Tensor, ...]:
    """The layer with a scale for each tile of 1 by 128 and block of 128 by 128."""
    made, out = partial(precision.operand, by=cast), torch.bfloat16
    y = product(made(i.x), made(i.w.mT, True), out)
    to_x = product(made(i.slope), made(i.w, True), out)
    return y, to_x, product(made(i.x.mT), made(i.slope.mT), out)


def cast_whole(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Codes of ``x`` (m, n) with one scale, the same turned (n, m), and the scale that decodes."""
    scale = x.abs().amax().float().clamp(min=NOTHING) / LARGEST["float8"]
    codes = (x / scale).to(torch.float8_e4m3fn)
    return codes, codes.mT.contiguous(), scale


def product_whole(a: Tensor, b: Tensor, scale_a: Tensor, scale_b: Tensor, fast: bool) -> Tensor:
    """``a @ b.mT`` in bfloat16 for codes a (m, k) and b (n, k), one scale each."""
    whole, layout = ScalingType.TensorWise, SwizzleType.NO_SWIZZLE
    return F.scaled_mm(
        a, b.mT, scale_a, whole, scale_b, whole, layout, layout,
        output_dtype=torch.bfloat16, use_fast_accum=fast,
    )  # fmt: skip


def whole_by_hand(a: Tensor, b: Tensor, scale_a: Tensor, scale_b: Tensor, fast: bool) -> Tensor:
    """What `product_whole` gives, by decoding first."""
    return ((a.float() * scale_a) @ (b.float() * scale_b).mT).bfloat16()


def whole(i: Inputs, cast: Callable, product: Callable) -> tuple[Tensor, ...]:
    """The layer with one scale a matrix; fast accumulation forward only, as is usual."""
    (x, x_turned, at), (w, w_turned, by), (s, s_turned, of) = (cast(m[0]) for m in (i.x, i.w, i.slope))
    y = product(x, w_turned, at, by, True)
    to_x = product(s, w, of, by, False)
    return y, to_x, product(x_turned, s_turned, at, of, False)


def products(i: Inputs, real: bool) -> dict[str, Callable]:
    """One forward product from codes that are ready, by recipe."""
    rows, blocks = precision.operand(i.x), precision.operand(i.w.mT, True)
    columns = precision.operand(i.w.mT)
    (x, _, at), (_, w, by) = cast_whole(i.x[0]), cast_whole(i.w[0])
    multiply = precision.product if real else by_hand
    multiply_whole = product_whole if real else whole_by_hand
    return {
        "bfloat16": lambda: i.x @ i.w,
        "tiles by blocks": lambda: multiply(rows, blocks, torch.bfloat16),
        "tiles by tiles": lambda: multiply(rows, columns, torch.bfloat16),
        "one scale": lambda: multiply_whole(x, w, at, by, False),
        "one scale, fast sum": lambda: multiply_whole(x, w, at, by, True),
    }


def layers(i: Inputs, real: bool, compiled: dict[str, Callable]) -> dict[tuple[str, str], Callable]:
    """The whole layer by recipe and by how its casts run; ``compiled`` holds compiled casts."""
    multiply = precision.product if real else by_hand
    multiply_whole = product_whole if real else whole_by_hand
    found = {
        ("bfloat16", "none"): lambda: plain(i),
        ("tiles", "eager"): lambda: tiled(i, precision.cast, multiply),
        ("one scale", "eager"): lambda: whole(i, cast_whole, multiply_whole),
    }
    if compiled:
        found |= {
            ("tiles", "compiled"): lambda: tiled(i, compiled["tiles"], multiply),
            ("one scale", "compiled"): lambda: whole(i, compiled["one scale"], multiply_whole),
        }
    return found


def milliseconds(work: Callable, device: str, repeats: int = REPEATS) -> list[float]:
    """One call's time in each repeat, after three that are not counted."""
    if not device.startswith("cuda"):
        return [_clocked(work) for _ in range(repeats + 1)][1:]
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(INNER):
            work()
    graph.replay()
    marks = [[torch.cuda.Event(enable_timing=True) for _ in range(2)] for _ in range(repeats)]
    for start, end in marks:
        start.record()
        graph.replay()
        end.record()
    torch.cuda.synchronize()
    return [start.elapsed_time(end) / INNER for start, end in marks]


def _clocked(work: Callable) -> float:
    started = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - started)


def compiled_casts() -> dict[str, Callable]:
    """Casts of any shape in few kernels; each is compiled when it is first called."""
    torch._dynamo.config.recompile_limit = 64
    plain_casts = {"tiles": precision.cast, "one scale": cast_whole}
    return {n: torch.compile(f, dynamic=True, fullgraph=True) for n, f in plain_casts.items()}


def measure(
    device: str,
    widths: tuple[int, ...] = WIDTHS,
    tokens: int = TOKENS,
    repeats: int = REPEATS,
    deadline: float = 45.0,
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[dict]:
    """One row a width, recipe and cast: ``what`` is "product" or "layer", ``ms`` every repeat.

    Compiled casts come last and stop at ``deadline`` (seconds from now).  What a chip or a
    library cannot do is said and left out.
    """
    started = time.monotonic()
    real, cuda = precision.real(torch.device(device)), device.startswith("cuda")
    for compiled in ({}, compiled_casts()) if cuda else ({},):
        for width in sorted(widths, reverse=bool(compiled)):
            if compiled and time.monotonic() - started > deadline:
                say(f"left out: compiled casts at width {width}")
                continue
            inputs = Inputs.drawn(tokens, width, device)
            works = {("layer", *k): f for k, f in layers(inputs, real, compiled).items()}
            if compiled:
                works = {k: f for k, f in works.items() if k[2] == "compiled"}
            else:
                works |= {("product", name, "none"): f for name, f in products(inputs, real).items()}
            for (what, recipe, cast), work in works.items():
                try:
                    ms = milliseconds(work, device, repeats)
                except Exception as error:
                    say(f"left out: {what}, {recipe}, {cast}, width {width}: {str(error)[:200]}")
                    continue
                times = [float(f"{t:.5g}") for t in ms]
                yield {"what": what, "recipe": recipe, "cast": cast, "width": width, "ms": times}


def record(device: str, store: Path | None = None, **options) -> Path:
    """`measure`, written as one file under ``float8-layers``: of the gpu budget, else of smoke."""
    budget = "gpu" if device.startswith("cuda") else "smoke"
    options = ({} if budget == "gpu" else TOY) | options
    rows = list(measure(device, **options))
    versions = {"torch": torch.__version__, "cuda": torch.version.cuda, "python": sys.version.split()[0]}
    body = {
        "experiment": EXPERIMENT, "budget": budget, "tokens": options.get("tokens", TOKENS), "rows": rows,
        "device": ceilings.device_name(device), "commit": project.commit(), "inner": INNER,
        "versions": versions, "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    name = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]
    return runs.save(body | {"id": name}, store)


def table(found: list[dict]) -> pd.DataFrame:
    """Every repeat of the last of ``found`` records, one row each.

    Columns what, recipe, cast, width, repeat, ms, tokens, device; empty without records.
    """
    columns = ["what", "recipe", "cast", "width", "repeat", "ms", "tokens", "device"]
    if not found:
        return pd.DataFrame(columns=columns)
    last = max(found, key=lambda r: r["finished"])
    rows = [
        (*(row[k] for k in columns[:4]), n, ms, last["tokens"], last["device"])
        for row in last["rows"]
        for n, ms in enumerate(row["ms"])
    ]
    return pd.DataFrame(rows, columns=columns)


def summary(times: pd.DataFrame) -> pd.DataFrame:
    """Median and quartiles of `table`'s repeats, ms, with ``n`` and FLOP a second at the median."""
    keys = ["what", "recipe", "cast", "width", "tokens"]
    found = times.groupby(keys, sort=False)["ms"].describe()
    found = found.rename(columns={"count": "n", "25%": "low", "50%": "ms", "75%": "high"})
    found = found[["n", "low", "ms", "high"]].reset_index().astype({"n": int})
    work = 2 * found["what"].map(COUNT) * found["tokens"] * found["width"] ** 2.0
    return found.assign(flop_s=work / (found["ms"] / 1e3))

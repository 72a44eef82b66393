"""How fast one layer of attention decodes, by what it keeps of a token.

Timed is the step from one new query a sequence and a full cache to what is mixed.  The matrices
from and to the model's width are left out: they are read once for a whole batch and do not grow
with the context.  For the latent forms the key and value matrices belong to the step.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from moat import project
from moat.bench import ceilings, decode
from moat.bench.config import Config
from moat.bench.flop import cache_bytes
from moat.stats.estimate import Estimate, sample_estimate

EXPERIMENT = "attention-decode"
#: What a form may take of the machine's memory, bytes; larger cells are left out for that form.
ROOM = {"cpu": 2e9, "cuda": 48e9}
#: Overwritten before each repeat, so that no cache of a chip holds what is to be read.
FLUSHED = {"cpu": 64 * 2**20, "cuda": 1024 * 2**20}


@dataclass(frozen=True)
class Design:
    """What is timed on one kind of device: ``base`` is the multi-head layer, cells are (batch, context)."""

    base: Config
    cells: tuple[tuple[int, int], ...]
    repeats: int

    @property
    def forms(self) -> dict[str, Config]:
        return {
            "multi-head": self.base,
            "grouped": self.base.replace(attention="grouped"),
            "multi-query": self.base.replace(attention="multi-query"),
            "latent, naive": self.base.replace(attention="latent"),
            "latent, absorbed": self.base.replace(attention="latent", absorbed=True),
        }


def layer(heads: int, width: int, precision: str) -> Config:
    """One layer; the latent vector is four heads wide and the turned part half a head, as in DeepSeek-V2."""
    return Config(
        d=heads * width, layers=1, heads=heads, groups=8, latent=4 * width, rotary=width // 2,
        precision=precision,
    )  # fmt: skip


DESIGNS = {
    "cpu": Design(layer(32, 64, "float32"), ((4, 256), (4, 1024), (4, 4096)), 11),
    # The layer of DeepSeek-V3 by heads, widths and cache (arXiv:2412.19437, section 4.2).
    "cuda": Design(
        layer(128, 128, "bfloat16"), tuple((b, 1024 * 2**k) for b in (64, 8, 1) for k in range(6)), 20
    ),
}


def fused(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """`decode.attend` for one new token, by the kernels that torch chooses."""
    folded = query.unflatten(1, (key.shape[1], -1)).flatten(2, 3)
    mixed = F.scaled_dot_product_attention(folded, key, value, scale=scale)
    return mixed.unflatten(2, (-1, 1)).flatten(1, 2)


KERNELS: dict[str, decode.Kernel] = {"products": decode.attend, "fused": fused}
#: Untimed rounds before the first that counts.
WARMED = 1


def work(config: Config, batch: int, context: int, device: str, seed: int = 0) -> Callable[..., Tensor]:
    """One step of a layer whose cache is full of noise; takes a kernel, returns (batch, h, 1, w).

    The same seed gives the same noise to both latent forms.
    """
    torch.manual_seed(seed)
    like = torch.empty(0, device=device)
    (kept,) = decode.empty_cache(config, batch, context, like)
    for tensor in kept:
        tensor.normal_()
    noise = {"device": device, "dtype": kept[0].dtype}
    w, latent = config.head_width, config.attention == "latent"
    wide = w + config.rotary if latent else w
    query = torch.randn(batch, config.heads, 1, wide, **noise)
    if not latent:
        return lambda kernel: kernel(query, *kept, wide**-0.5)
    shape = (1, config.latent, config.heads, w)
    into, out = (torch.randn(shape, **noise) * config.latent**-0.5 for _ in range(2))
    form = decode.absorbed if config.absorbed else decode.naive
    return lambda kernel: form(query, kept[0], into, out, wide**-0.5, kernel)


def need(config: Config, batch: int, context: int) -> float:
    """Bytes that a step takes: its cache, and for the naive form all keys and values, with copies."""
    size = 2 if config.precision == "bfloat16" else 4
    bytes_token = cache_bytes(config, size)
    if config.attention == "latent" and not config.absorbed:
        bytes_token += 2.5 * cache_bytes(config.replace(attention="multi-head"), size)
    return bytes_token * batch * context


def flop_token(config: Config) -> float:
    """FLOP of a step for each token in the cache.

    >>> [flop_token(c) / 1e6 for c in DESIGNS["cuda"].forms.values()]
    [0.065536, 0.065536, 0.065536, 33.636352, 0.278528]
    """
    h, w = config.heads, config.head_width
    if config.attention != "latent":
        return 2.0 * h * 2 * w
    c, r = config.latent, config.rotary
    if config.absorbed:
        return 2.0 * h * (c + r + c)
    return 2.0 * h * (w + r + w) + 2.0 * c * h * 2 * w


def rounds(works: dict[str, Callable[[], object]], repeats: int, device: str) -> dict[str, list[float]]:
    """Seconds of each work, ``repeats`` times in turn, so that other load hits all alike.

    On a CPU the clock counts what the one thread computes, not what it waits for others.  On a
    GPU the clock is the GPU's own, and what is launched waits behind the flush: launches
    are not counted.
    """
    flush = torch.empty(FLUSHED[device], dtype=torch.uint8, device=device)
    found: dict[str, list[float]] = {name: [] for name in works}
    for repeat in range(repeats + WARMED):
        for name, one in works.items():
            flush.zero_()
            seconds = _clocked(one, device)
            if repeat >= WARMED:
                found[name].append(seconds)
    return found


def _clocked(one: Callable[[], object], device: str) -> float:
    if device == "cpu":
        started = time.process_time()
        one()
        return time.process_time() - started
    before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    before.record()
    one()
    after.record()
    torch.cuda.synchronize()
    return before.elapsed_time(after) / 1e3


@torch.no_grad()
def cell(design: Design, batch: int, context: int, device: str) -> list[dict]:
    """Rows of one batch and context: every form by every kernel, in turn; seconds of each repeat."""
    size = 2 if design.base.precision == "bfloat16" else 4
    works, facts = {}, {}
    for form, config in design.forms.items():
        if need(config, batch, context) > ROOM[device]:
            continue
        step = work(config, batch, context, device)
        # Expanding everything takes the naive form's time: one kernel will do.
        expands = config.attention == "latent" and not config.absorbed
        for name, kernel in list(KERNELS.items())[: 1 if expands else None]:
            works[form, name] = lambda step=step, kernel=kernel: step(kernel)
            facts[form, name] = {
                "form": form, "kernel": name, "batch": batch, "context": context,
                "bytes_token": cache_bytes(config, size), "flop_token": flop_token(config),
            }  # fmt: skip
    timed = rounds(works, design.repeats, device)
    return [facts[key] | {"seconds": [float(f"{s:.4g}") for s in timed[key]]} for key in timed]


@torch.no_grad()
def unequal(design: Design, device: str) -> float:
    """Largest difference between the two latent forms over the largest value, at a short context."""
    batch, context = 2, 256
    one, other = (
        work(design.forms[f"latent, {form}"], batch, context, device)(decode.attend).float()
        for form in ("naive", "absorbed")
    )
    return float((one - other).abs().max() / one.abs().max())


def measure(
    device: str, design: Design | None = None, seconds: float = 45.0, say: Callable[[str], None] = print
) -> dict:
    """The record of one machine.  After ``seconds`` no further cell is begun, and that is said."""
    design = design or DESIGNS[device]
    if device == "cpu":
        torch.set_num_threads(1)
    started, rows, left = time.monotonic(), [], []
    peak = ceilings.measure(device, design.base.precision)
    apart = unequal(design, device)
    for batch, context in design.cells:
        if time.monotonic() - started > seconds:
            left.append([batch, context])
            continue
        rows += cell(design, batch, context, device)
        say(f"batch {batch}, context {context}: {time.monotonic() - started:.0f} s")
    if left:
        say(f"left out for lack of time: {left}")
    made = {
        "experiment": EXPERIMENT, "budget": "cpu" if device == "cpu" else "gpu",
        "config": asdict(design.base), "repeats": design.repeats, "rows": rows, "left_out": left,
        "unequal": apart, "ceilings": {k: float(f"{v:.4g}") for k, v in peak.items()},
        "device": ceilings.device_name(device), "commit": project.commit(),
        "versions": {"torch": torch.__version__, "python": sys.version.split()[0]},
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    named = json.dumps([made["device"], made["versions"], made["config"], design.cells], sort_keys=True)
    return made | {"id": hashlib.sha256(named.encode()).hexdigest()[:12]}


def table(record: dict) -> pd.DataFrame:
    """One row a form, batch and context, by its faster kernel.

    Columns form, kernel, batch, context, n, low, seconds, high (quartiles and median),
    tokens_s, byte_s (of the cache, each byte counted once), flop_s, bytes_token.
    """
    frame = pd.DataFrame(record["rows"])
    quartiles = np.array([np.quantile(s, [0.25, 0.5, 0.75]) for s in frame["seconds"]])
    frame["n"] = frame["seconds"].map(len)
    frame["times"] = frame["seconds"]
    frame["low"], frame["seconds"], frame["high"] = quartiles.T
    read = frame["batch"] * frame["context"] / frame["seconds"]
    frame["tokens_s"] = frame["batch"] / frame["seconds"]
    frame["byte_s"], frame["flop_s"] = read * frame["bytes_token"], read * frame["flop_token"]
    best = frame.groupby(["form", "batch", "context"], sort=False)["seconds"].idxmin()
    return frame.loc[best].reset_index(drop=True)


def times_faster(
    timed: pd.DataFrame, form: str, over: str, batch: int, context: int, *, draws: int, seed: int
) -> Estimate:
    """Median over repeats of the time of ``over`` as a multiple of that of ``form``, round by round."""
    here = timed[(timed["batch"] == batch) & (timed["context"] == context)].set_index("form")
    ratio = np.array(here.loc[over, "times"]) / np.array(here.loc[form, "times"])
    return sample_estimate(ratio, np.median, draws=draws, seed=seed, what="median over repeats")

"""How fast this machine can go at best, measured beside each run: matrix products and copies."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

from moat.bench.precision import operand, product, real


def device_name(device: str = "cpu") -> str:
    """The chip's name as the system gives it."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        return f"{names[0]}, one thread" if names else platform.processor()
    except OSError:
        return platform.processor() or platform.machine()


def measure(device: str = "cpu", precision: str = "float32") -> dict[str, float]:
    """``matmul_flop_s`` (products of large square matrices) and ``copy_byte_s``.

    On a GPU the products are in the run's own ``precision`` where that is bfloat16, else in
    float32.

    The best of several, on as many threads as the runs use.  A ceiling of one moment on a
    machine that others use too.
    """
    cuda = device.startswith("cuda")
    size = 8192 if cuda else 512
    form = torch.bfloat16 if cuda and precision == "bfloat16" else torch.float32
    a = torch.randn(size, size, device=device, dtype=form)
    b = torch.randn((256 if cuda else 8) * 2**20, device=device)
    c = torch.empty_like(b)
    product = _best(lambda: a @ a, cuda)
    copy = _best(lambda: c.copy_(b), cuda)
    return {"matmul_flop_s": 2 * size**3 / product, "copy_byte_s": 2 * b.nbytes / copy}


def products(device: str = "cpu") -> dict[str, float]:
    """FLOP a second of each kind of product that the runs may use, large and square.

    "grouped" has eight groups; "float8 blocks" and "float8 tiles" are the two recipes of eight
    bits, measured only where the chip has them (`precision.real`), casts not counted.
    """
    cuda = device.startswith("cuda")
    size = 8192 if cuda else 512
    x = torch.randn(size, size, device=device)
    low, ends = x.bfloat16(), torch.arange(1, 9, device=device, dtype=torch.int32) * (size // 8)
    stack = low.expand(8, -1, -1).contiguous()
    kinds = {
        "float32": lambda: x @ x,
        "bfloat16": lambda: low @ low,
        "grouped": lambda: F.grouped_mm(low, stack, offs=ends),
    }
    if real(x.device):
        rows, blocks = operand(x[None]), operand(x[None], blocks=True)
        kinds |= {
            "float8 blocks": lambda: product(rows, blocks, torch.bfloat16),
            "float8 tiles": lambda: product(rows, rows, torch.bfloat16),
        }
    return {name: 2 * size**3 / _best(work, cuda) for name, work in kinds.items()}


def _best(work: Callable[[], object], cuda: bool, repeats: int = 5) -> float:
    times = []
    for _ in range(repeats + 1):
        if cuda:
            torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        if cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return min(times[1:])

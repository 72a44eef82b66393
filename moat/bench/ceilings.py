"""How fast this machine can go at best, measured beside each run: matrix products and copies."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable

import torch


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

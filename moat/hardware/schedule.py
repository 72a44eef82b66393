"""A schedule of two resources, compute and link: how much of the talking hides under the work.

Each resource takes its tasks in a fixed order, one at a time; a task starts when its resource is
free and what it waits for is done.  The order is that of the published profile of DeepSeek-V3:
one micro-batch goes forward through the layers while another goes backward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from moat.hardware.trace import ORDER

#: What a phase waits for: (phase, layers back).  Forward and backward are two chains.
NEEDS: dict[str, tuple[tuple[str, int], ...]] = {
    "attn(F)": (("combine(F)", 1),),
    "dispatch(F)": (("attn(F)", 0),),
    "mlp(F)": (("dispatch(F)", 0),),
    "combine(F)": (("mlp(F)", 0),),
    "combine(B)": (("attn(B)", 1),),
    "mlp(B)": (("combine(B)", 0),),
    "mlp(W)": (("mlp(B)", 0),),
    "dispatch(B)": (("mlp(B)", 0),),
    "attn(B)": (("dispatch(B)", 0),),
    "attn(W)": (("attn(B)", 0),),
}


@dataclass(frozen=True)
class Chip:
    """A chip by what counts here, relative to the one that was profiled.

    ``compute`` and ``link`` are speeds, 1 for the profiled chip.
    """

    name: str
    compute: float = 1.0
    link: float = 1.0


def step(durations: pd.DataFrame, chip: Chip = Chip("profiled"), *, overlap: bool = True) -> float:
    """Milliseconds of one pass over the layers of ``durations`` (index layer, columns phases).

    Without ``overlap`` nothing runs beside anything else.

    >>> one = pd.DataFrame(1.0, index=[0, 1], columns=[n for names in ORDER.values() for n in names])
    >>> step(one), step(one, overlap=False)
    (12.0, 20.0)
    """
    scaled = durations.copy()
    for resource, speed in (("compute", chip.compute), ("link", chip.link)):
        scaled[list(ORDER[resource])] /= speed
    if not overlap:
        return float(scaled.to_numpy().sum())
    return _makespan(scaled)


def _makespan(durations: pd.DataFrame) -> float:
    """Work off both queues; the head of a queue starts as soon as it may."""
    layers = len(durations)
    millis = {name: durations[name].to_numpy() for name in durations}
    queues = {r: [(name, i) for i in range(layers) for name in names] for r, names in ORDER.items()}
    free, done = dict.fromkeys(queues, 0.0), {}
    while any(queues.values()):
        moved = False
        for resource, queue in queues.items():
            while queue and (ready := _ready(queue[0], done)) is not None:
                name, i = queue.pop(0)
                free[resource] = max(free[resource], ready) + millis[name][i]
                done[name, i] = free[resource]
                moved = True
        if not moved:
            raise AssertionError("The order of the phases has a circle.")
    return float(max(free.values()))


def _ready(task: tuple[str, int], done: dict[tuple[str, int], float]) -> float | None:
    """When everything that a task waits for is done; None while something is not."""
    name, layer = task
    times = [0.0]
    for other, back in NEEDS[name]:
        if layer - back >= 0:
            if (other, layer - back) not in done:
                return None
            times.append(done[other, layer - back])
    return max(times)


def slack(durations: pd.DataFrame, penalty: float) -> float:
    """How many times slower the link may be before the overlapped step is longer by ``penalty``."""
    base = step(durations)
    longer = lambda s: step(durations, Chip("", link=1 / s)) - (1 + penalty) * base  # noqa: E731
    return float(brentq(longer, 0.1, 100.0))


def resampled(durations: pd.DataFrame, draws: int, seed: int) -> list[pd.DataFrame]:
    """Layers drawn with replacement: the spread that so few layers show."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(durations), (draws, len(durations)))
    return [durations.iloc[r].reset_index(drop=True) for r in rows]


def what_if(durations: pd.DataFrame, chips: Sequence[Chip]) -> pd.DataFrame:
    """Time of a step on each chip: columns chip, compute, link, overlapped, serial (ms)."""
    rows = [(c.name, c.compute, c.link, step(durations, c), step(durations, c, overlap=False)) for c in chips]
    return pd.DataFrame(rows, columns=["chip", "compute", "link", "overlapped", "serial"])


def verdict(miss: float, cost_low: float, cost_high: float) -> str:
    """The hypothesis that overlap hides the link: "held", "refuted" or "open".

    ``miss`` is the simulator's relative error against the trace; the costs are the ends of the
    interval of what serial running adds, as a share.  Fixed before the numbers: refuted when
    the miss exceeds a tenth or the cost is below a tenth.

    >>> verdict(0.03, 0.4, 0.7), verdict(0.2, 0.4, 0.7), verdict(0.03, 0.05, 0.2)
    ('held', 'refuted', 'open')
    """
    if abs(miss) > 0.1 or cost_high < 0.1:
        return "refuted"
    return "held" if cost_low >= 0.1 else "open"


#: DeepEP's own benchmark on the same chip, 64 experts in parallel, 4,096 tokens of width 7,168
#: to 4 nodes each (github.com/deepseek-ai/DeepEP, README of February 2025): bytes a number, GB/s.
ALONE = {"out in FP8": (1, 51.0), "back in BF16": (2, 50.0)}
TOKENS, NODES, WIDTH = 4096, 4, 7168


def alone_ms(way: str) -> float:
    """Milliseconds of one transfer when nothing else runs, from the benchmark's rate.

    >>> round(alone_ms("out in FP8"), 1), round(alone_ms("back in BF16"), 1)
    (2.3, 4.7)
    """
    size, rate = ALONE[way]
    return TOKENS * NODES * WIDTH * size / rate / 1e6


def benchmarked(durations: pd.DataFrame) -> pd.DataFrame:
    """The same phases with transfers as fast as the benchmark says they are alone.

    Going forward, tokens leave in FP8 and come back in BF16; going backward, the gradient of
    ``combine`` leaves in FP8 and that of ``dispatch`` comes back in BF16.
    """
    out = {"dispatch(F)": "out in FP8", "combine(B)": "out in FP8"}
    back = {"combine(F)": "back in BF16", "dispatch(B)": "back in BF16"}
    return durations.assign(**{phase: alone_ms(way) for phase, way in (out | back).items()})


#: Streaming multiprocessors of the chip, and those that the transfers keep (grid of 20 blocks).
PROCESSORS, TALKING = 132, 20


def alone(durations: pd.DataFrame) -> pd.DataFrame:
    """What each phase would take with the chip to itself: `benchmarked`, and compute on all processors.

    Beside transfers, compute has 112 of 132 processors; alone it could have all of them, so a
    serial schedule gets them back here.  Kind to the serial schedule: not all kernels scale so.
    """
    kind = benchmarked(durations)
    kind[list(ORDER["compute"])] *= (PROCESSORS - TALKING) / PROCESSORS
    return kind


#: Rates in GB/s in one direction, and experts a token is sent to: arXiv:2412.19437, section 3.2.2.
NETWORK, NVLINK, EXPERTS, HOSTS = 50.0, 160.0, 8, 8


def legs(nvlink: float = NVLINK, nodes: float = NODES) -> dict[str, float]:
    """Milliseconds of sending out one layer's tokens in FP8, on each of the two links in a row.

    A token crosses the network once for each node it goes to, then the faster link inside the
    node once for each expert.  The two are pipelined: the slower one is what it takes.

    >>> {leg: round(ms, 2) for leg, ms in legs().items()}
    {'network': 2.35, 'inside': 1.47}
    """
    bytes_once = TOKENS * WIDTH / 1e6
    return {"network": bytes_once * nodes / NETWORK, "inside": bytes_once * EXPERTS / nvlink}


def nodes_unlimited() -> float:
    """Nodes a token goes to when its 8 of 256 experts may lie on any of 8 nodes.

    >>> round(nodes_unlimited(), 2)
    5.29
    """
    routed = 256
    missed = np.prod([(routed - routed / HOSTS - i) / (routed - i) for i in range(EXPERTS)])
    return float(HOSTS * (1 - missed))

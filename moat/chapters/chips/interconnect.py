"""What a slower link costs a model of many experts: two links in a row, and work beside them.

A token of a sparse layer crosses the network once for each machine that it goes to, and the link
inside a machine once for each expert.  The model is a closed form of three sums: how long each leg
takes, how far the legs overlap one another, and how far transfers lie under work.  Sizes are `Bits`
and rates are `Rate`, one direction in bytes a second, so that bits are not taken for bytes or both
directions for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.chapters.bill.cost import LEVEL, Draws
from moat.errors import FrontierError
from moat.hardware.schedule import EXPERTS, HOSTS, NODES, PROCESSORS, TALKING, TOKENS, WIDTH
from moat.hardware.units import Bits, Peak
from moat.stats.estimate import Estimate, percentile_estimate
from moat.stats.grid import specification_grid

Array = NDArray[np.float64]
UNVERIFIED = ", unverified"
#: Fields of `Inputs` and the items of the facts table ``chip-inputs`` that state their laws.
ITEMS = {
    "compute": "share of the eight-bit peak that compute reaches",
    "network": "share of the network's rate that transfers reach",
    "inside": "share of the inner link's rate that transfers reach",
    "imbalance": "busiest chip over the mean",
    "beside": "share of the shorter leg that runs beside the longer",
    "hidden": "share of transfers that lies under work",
}
#: Bytes of a number in the four transfers of a layer: out and back, forward and backward.
MIXED, SIXTEEN = (1, 2, 1, 2), (2, 2, 2, 2)


@dataclass(frozen=True)
class Rate:
    """Bytes per second in one direction.

    >>> Rate.both_directions(400e9) == Rate(200e9), Rate.from_bits(400e9).bytes_per_second
    (True, 50000000000.0)
    """

    bytes_per_second: float

    def __post_init__(self) -> None:
        if not 1e9 <= self.bytes_per_second <= 1e13:
            raise FrontierError(
                f"A link of {self.bytes_per_second:g} bytes per second is out of range; is it in GB?"
            )

    @classmethod
    def both_directions(cls, bytes_per_second: float) -> Rate:
        """From the sum over both directions, as data sheets and export rules count."""
        return cls(bytes_per_second / 2)

    @classmethod
    def from_bits(cls, bits_per_second: float) -> Rate:
        return cls(bits_per_second / 8)

    def seconds(self, size: Bits) -> float:
        """How long ``size`` takes.  Raises `FrontierError` for a bare number."""
        if not isinstance(size, Bits):
            raise FrontierError(f"A transfer has a size in Bits, not {size!r}; say Bits.from_bytes(...).")
        return size.bytes / self.bytes_per_second


@dataclass(frozen=True)
class Machine:
    """A chip by what counts here: its eight-bit peak, the link inside a machine and the network."""

    name: str
    peak: Peak
    inside: Rate
    network: Rate

    def __post_init__(self) -> None:
        if not self.peak.dense:
            raise FrontierError(f"The peak of {self.name} counts sparse matrices; use peak.as_dense().")


@dataclass(frozen=True)
class Inputs:
    """The uncertain numbers, each a float or (draws,): shares in (0, 1], imbalance at least 1."""

    compute: Array | float
    network: Array | float
    inside: Array | float
    imbalance: Array | float
    beside: Array | float
    hidden: Array | float

    def __post_init__(self) -> None:
        for field in fields(self):
            values = np.asarray(getattr(self, field.name), float)
            if field.name == "imbalance":
                if not (values >= 1).all():
                    raise FrontierError("The busiest chip has at least the mean load; give imbalance >= 1.")
            elif not ((values >= 0) & (values <= 1)).all():
                raise FrontierError(f"{ITEMS[field.name]!r} is a share between 0 and 1.")

    @classmethod
    def drawn(cls, draw: Draws, *, unverified: bool = False) -> Inputs:
        """By the laws of ``draw``; ``unverified`` takes how well things overlap as unknown."""
        late = ("beside", "hidden") if unverified else ()
        return cls(**{k: draw(v + UNVERIFIED if k in late else v) for k, v in ITEMS.items()})

    def medians(self) -> Inputs:
        return Inputs(**{f.name: float(np.median(getattr(self, f.name))) for f in fields(self)})


@dataclass(frozen=True)
class Plan:
    """How a model is run: machines a token goes to, order of the legs, overlap, sizes of numbers.

    ``pipelined``: the two legs run at the same time where they can.  ``overlap``: transfers run
    beside work, which then has only some of the processors.  ``own`` counts copies that stay on the
    sender's machine as if they crossed the network, as the published benchmark does.
    """

    nodes: float = NODES
    pipelined: bool = True
    overlap: bool = True
    sizes: tuple[int, ...] = MIXED
    own: bool = True

    def legs(self) -> tuple[Bits, Bits]:
        """What one chip sends for one layer, forward and backward: over the network, and inside."""
        once = Bits.from_bytes(TOKENS * WIDTH * sum(self.sizes))
        copies = self.nodes * (1 if self.own else (HOSTS - 1) / HOSTS)
        return Bits(once.count * copies), Bits(once.count * EXPERTS)


def talk(machine: Machine, plan: Plan, given: Inputs) -> Array:
    """Seconds of the transfers of one layer, (draws,): the longer leg, and what the shorter adds."""
    legs = zip((machine.network, machine.inside), plan.legs(), (given.network, given.inside), strict=True)
    network, inside = (rate.seconds(size) / np.asarray(share) for rate, size, share in legs)
    beside = np.asarray(given.beside) if plan.pipelined else 0.0
    return (np.maximum(network, inside) + (1 - beside) * np.minimum(network, inside)) * given.imbalance


def step(machine: Machine, plan: Plan, given: Inputs, flop: float) -> Array:
    """Seconds of one layer of ``flop``, forward and backward, (draws,).

    The stated share of the peak is that of work which leaves processors to the transfers; without
    overlap work has them all.
    """
    work = flop / (machine.peak.flop_per_second * np.asarray(given.compute)) * given.imbalance
    moved = talk(machine, plan, given)
    if not plan.overlap:
        return work * (PROCESSORS - TALKING) / PROCESSORS + moved
    return beside(work, moved, given.hidden)


def beside(work: Array | float, moved: Array | float, hidden: Array | float) -> Array:
    """The time of ``work`` and transfers that run beside it, ``hidden`` of the shorter under the longer.

    >>> [float(beside(3.0, 2.0, hidden)) for hidden in (1.0, 0.0)]
    [3.0, 5.0]
    """
    return np.maximum(work, moved) + (1 - np.asarray(hidden)) * np.minimum(work, moved)


def lost(
    machine: Machine, whole: Machine, plan: Plan, given: Inputs, flop: float, own: Inputs | None = None
) -> Array:
    """Throughput that ``machine`` loses against ``whole``, in per cent, (draws,).

    ``own`` has the inputs of ``machine`` where they are not those of ``whole``.
    """
    return 100 * (1 - step(whole, plan, given, flop) / step(machine, plan, own or given, flop))


def estimate(values: Array) -> Estimate:
    """Median and 90% interval of Monte Carlo values."""
    values = np.asarray(values, float)
    return percentile_estimate(
        np.median(values), values, n=values.size, method="Monte Carlo over stated laws", level=LEVEL
    )


def tornado(machine: Machine, whole: Machine, plan: Plan, given: Inputs, flop: float) -> pd.DataFrame:
    """One row an input: lost throughput with it at its 5% and 95% points and the others at medians.

    Columns factor, low, high, value (per cent); widest first, inputs that do nothing left out.
    """
    middle = given.medians()
    at = lambda inputs: float(lost(machine, whole, plan, inputs, flop))  # noqa: E731
    rows = []
    for name, item in ITEMS.items():
        ends = np.quantile(getattr(given, name), [0.05, 0.95])
        both = sorted(at(replace(middle, **{name: float(end)})) for end in ends)
        rows.append((item, *both, at(middle)))
    table = pd.DataFrame(rows, columns=["factor", "low", "high", "value"])
    table = table[(table["high"] - table["low"]) > 1e-9]
    order = (table["low"] - table["high"]).sort_values(kind="stable").index
    return table.loc[order].reset_index(drop=True)


def specifications(
    machine: Machine, whole: Machine, given: Inputs, flop: float, nodes: Mapping[str, float]
) -> pd.DataFrame:
    """Lost throughput by every choice of `Plan`: choices as text, value, low, high in per cent.

    ``nodes`` names the kinds of routing and the machines that a token goes to.
    """
    choices = {
        "legs": {"at once": True, "in turn": False},
        "transfers": {"under work": True, "in the way": False},
        "numbers": {"8 bits out, 16 back": MIXED, "16 bits": SIXTEEN},
        "copies": {"as in the benchmark": True, "only to other machines": False},
    }

    def percent(machines: float, *picked: object) -> Estimate:
        return estimate(lost(machine, whole, Plan(machines, *picked), given, flop))

    return specification_grid({"routing": nodes} | choices, percent)


def talking(events: pd.DataFrame) -> int:
    """Processors that the transfer kernels of the published step keep: the blocks of their grid.

    ``events`` is the source ``deepseek-trace``.  Raises `FrontierError` when the kernels disagree.
    """
    kernels = events[events["name"].str.contains("internode::(?:dispatch|combine)", na=False)]
    grids = set(kernels["blocks"].dropna())
    if len(grids) != 1:
        raise FrontierError(f"Transfers need one grid to count processors, not {len(grids)}.")
    return int(np.prod([int(n) for n in grids.pop().split("x")]))


def spare_processors(percent: float) -> float:
    """Processors that a rival may save on transfers before a chip loses ``percent`` of throughput to it.

    >>> round(spare_processors(5.0), 1)
    5.9
    """
    lost = percent / 100
    return (PROCESSORS - TALKING) * lost / (1 - lost)

"""Quantities that are easily mistaken for one another, each with a type of its own.

Marketing sheets double a peak rate for sparse matrices that nobody trains with; caches are counted
in bits and memory in bytes; a sparse model has two numbers of parameters.  A wrong one moves a
bill by 2, 8 or 18 times without looking odd, so none of them is a bare number here.

>>> h800 = Peak(989e12, bits=16)
>>> round(float(utilisation(3.286e24, 2.788e6, h800)), 3)
0.331
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moat.errors import FrontierError

SECONDS = 3600.0


@dataclass(frozen=True)
class Peak:
    """The highest rate of one chip, FLOP per second, at a precision; ``dense`` unless it says not."""

    flop_per_second: float
    bits: int
    dense: bool = True

    def __post_init__(self) -> None:
        if not 1e9 < self.flop_per_second < 1e17:
            raise FrontierError(
                f"A chip's peak of {self.flop_per_second:g} FLOP per second is out of range; is it in TFLOP?"
            )

    def as_dense(self) -> Peak:
        """The same chip without the doubling for sparse matrices (two of four weights zero)."""
        return self if self.dense else Peak(self.flop_per_second / 2, self.bits)


@dataclass(frozen=True)
class Params:
    """Parameters of a model: all of them, and those that one token uses."""

    total: float
    active: float

    def __post_init__(self) -> None:
        if not 0 < self.active <= self.total:
            raise FrontierError(
                f"{self.active:g} active of {self.total:g} parameters: a token uses some of them, not more "
                "than there are; are the two swapped?"
            )


@dataclass(frozen=True)
class Bits:
    """A size in bits; adds, divides and compares with its like only."""

    count: float

    @classmethod
    def from_bytes(cls, count: float) -> Bits:
        return cls(8 * count)

    @property
    def bytes(self) -> float:
        return self.count / 8

    def _like(self, other: object) -> Bits:
        if not isinstance(other, Bits):
            raise FrontierError(f"A size in bits meets {other!r}; say Bits(...) or Bits.from_bytes(...).")
        return other

    def __add__(self, other: Bits) -> Bits:
        return Bits(self.count + self._like(other).count)

    def __truediv__(self, other: Bits) -> float:
        return self.count / self._like(other).count


def achieved(flop: ArrayLike, gpu_hours: ArrayLike) -> NDArray[np.float64]:
    """FLOP per GPU-second of a run of ``flop`` in ``gpu_hours``; shapes broadcast."""
    flop, gpu_hours = np.asarray(flop, float), np.asarray(gpu_hours, float)
    if not ((flop > 0) & (gpu_hours > 0)).all():
        raise FrontierError("A rate needs FLOP and GPU-hours above zero; look for an undisclosed number.")
    return flop / (gpu_hours * SECONDS)


def utilisation(flop: ArrayLike, gpu_hours: ArrayLike, peak: Peak) -> NDArray[np.float64]:
    """The share of the dense ``peak`` that a run achieved.

    Raises `FrontierError` for a sparse peak, and for a share above one, which no run can reach.
    """
    if not isinstance(peak, Peak):
        raise FrontierError(f"Give the peak as Peak(flop_per_second, bits), not {peak!r}.")
    if not peak.dense:
        raise FrontierError(
            "This peak counts sparse matrices, which doubles it, and training is dense: use peak.as_dense()."
        )
    share = achieved(flop, gpu_hours) / peak.flop_per_second
    if (share > 1).any():
        raise FrontierError(
            f"A run cannot use {share.max():.0%} of its chips; check FLOP (active, not total parameters), "
            "hours (of GPUs, not of the run) and peak."
        )
    return share


def hours_needed(flop: ArrayLike, peak: Peak, share: ArrayLike) -> NDArray[np.float64]:
    """GPU-hours of a run of ``flop`` at ``share`` of the dense ``peak``: the inverse of `utilisation`."""
    if not peak.dense:
        raise FrontierError("This peak counts sparse matrices; use peak.as_dense().")
    share = np.asarray(share, float)
    if not ((share > 0) & (share <= 1)).all():
        raise FrontierError("A run uses more than none and at most all of its chips; give a share in (0, 1].")
    return np.asarray(flop, float) / (peak.flop_per_second * share * SECONDS)

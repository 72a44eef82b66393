"""Routed experts: how much larger a dense model of equal loss would be (Clark et al. 2022)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.laws.coordinates import LogCoordinates
from moat.laws.engine import Array
from moat.laws.smooth import Parameter, Smooth

#: Floors to start from, as shares of the lowest loss, and every which start of the law below is kept.
FLOORS, THIN = np.linspace(0.1, 0.9, 5), 40


@dataclass(frozen=True)
class Routed(Smooth):
    """``log10 L = a log10 N + b log10 E^ + c log10 N log10 E^ + d`` (arXiv:2202.01169, equation 11).

    N is the size of the dense model that the experts replace, in parameters; E^ saturates with
    the number of experts, between ``e_start`` and ``e_max`` (equation 10), and is ``e_start`` for a
    single one.  Least squares of the logarithm, as in the paper.

    >>> law = Routed()
    >>> truth = pd.Series({"a": -0.08, "b": -0.11, "c": 0.009, "d": 1.1, "e_start": 1.8, "e_max": 300.0})
    >>> round(float(law.dense_equivalent(truth, 1e9, 64) / 1e9), 2)
    3.54
    """

    columns: ClassVar[tuple[str, ...]] = ("params", "experts")
    delta: ClassVar[float] = np.inf
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("a", -1.0, 0.0, linear="log"),
        Parameter("b", -1.0, 0.5, linear="log"),
        Parameter("c", -0.2, 0.2, linear="log"),
        Parameter("d", -3.0, 6.0, linear="log"),
        Parameter("e_start", 1.0001, 20.0),
        Parameter("e_max", 20.0, 1e5),
    )

    def formula(self, p: dict[str, Any], x: dict[str, Any], xp: ModuleType) -> Any:
        log_n = xp.log10(x["params"])
        log_e = xp.log10(saturated(x["experts"], p["e_start"], p["e_max"]))
        exponent = p["a"] * log_n + p["b"] * log_e + p["c"] * log_n * log_e + p["d"]
        return xp.exp(math.log(10) * exponent)

    def vanishing(self, params: pd.Series | pd.DataFrame) -> Any:
        """log10 of the size at which more experts no longer help: ``-b / c``, infinite unless c > 0."""
        b, c = (np.asarray(params[name], float) for name in ("b", "c"))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(c > 0, -b / c, np.inf)

    def dense_equivalent(self, params: pd.Series | pd.DataFrame, size: float, experts: ArrayLike) -> Any:
        """Size of the model with one expert that reaches the loss of ``size`` with ``experts``."""
        log_e, log_one = (np.log10(saturated(e, params["e_start"], params["e_max"])) for e in (experts, 1.0))
        a, b, c = (params[name] for name in ("a", "b", "c"))
        log_n = np.log10(size)
        return 10 ** (((a + c * log_e) * log_n + b * (log_e - log_one)) / (a + c * log_one))


@dataclass(frozen=True)
class RoutedFloor(Routed):
    """The same above a loss that neither size nor experts take away: ``L = floor + 10^(...)``.

    Without a floor, curves that flatten towards one can only be followed by making experts matter
    less in large models; with it the law can tell the two apart.  Both models of a pair of equal
    loss stand on the same floor, so the dense equivalent keeps its formula.

    >>> law = RoutedFloor()
    >>> truth = pd.Series({"a": -0.17, "b": -0.11, "c": 0.0, "d": 1.5, "floor": 1.4})
    >>> truth = pd.concat([truth, pd.Series({"e_start": 2.0, "e_max": 300.0})])
    >>> [round(float(law.dense_equivalent(truth, size, 64) / size), 2) for size in (1e7, 1e11)]
    [8.38, 8.38]
    """

    parameters: ClassVar[tuple[Parameter, ...]] = (*Routed.parameters, Parameter("floor", 0.01, 10.0))

    def formula(self, p: dict[str, Any], x: dict[str, Any], xp: ModuleType) -> Any:
        return p["floor"] + super().formula(p, x, xp)

    def starts(self, coordinates: LogCoordinates, target: Array, scale: str) -> Array:
        """Those of the law without a floor, on what is left above each of a few floors."""
        base, frame = Routed(), pd.DataFrame({c: v.ravel() for c, v in coordinates.model.arrays.items()})
        inner = base.coordinates(frame)
        found = []
        for floor in target.min() * FLOORS:
            points = inner.natural(base.starts(inner, target - floor, scale))[::THIN]
            found.append(np.c_[points, np.full(len(points), floor)])
        return coordinates.inverse(np.vstack(found))


def saturated(experts: Any, start: Any, end: Any) -> Any:
    """``E^``: rises from ``start`` at one expert to ``end`` at infinitely many."""
    return 1 / (1 / (experts - 1 + 1 / (1 / start - 1 / end)) + 1 / end)

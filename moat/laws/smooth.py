"""Laws of any smooth form, written once as a formula for numpy and torch alike."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from moat.laws.coordinates import LogCoordinates
from moat.laws.engine import Array
from moat.laws.law import Law
from moat.laws.traced import Traced

#: Points of the grid of starts: many, for a law is fitted from the best of them, and so is
#: each bootstrap draw; fewer where each must first solve for the linear parameters.
GRID, GRID_SOLVED, PER_AXIS = 6_000, 1_000, 161
#: Elements of the table of every row at every start.
ELEMENTS = 10_000_000


@dataclass(frozen=True)
class Parameter:
    """A parameter and its range; a fit that reaches an end of it is at its bound.

    A range above zero is searched by factors.  ``linear`` names the scale ("raw" or "log") on
    which the prediction is linear in the parameter: starting points then solve for it instead
    of guessing.  All linear parameters of a law share one scale.
    """

    name: str
    low: float
    high: float
    linear: str = ""

    @property
    def positive(self) -> bool:
        return self.low > 0


class Smooth(Law[LogCoordinates]):
    """A law given by `parameters`, `columns` and a `formula`."""

    @property
    @abstractmethod
    def parameters(self) -> tuple[Parameter, ...]:
        """What is fitted, in order."""

    @abstractmethod
    def formula(self, p: dict[str, Any], x: dict[str, Any], xp: ModuleType) -> Any:
        """The prediction from parameters ``p`` and columns ``x``; ``xp`` is numpy or torch."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.parameters)

    def predict(self, params: pd.Series | pd.DataFrame, frame: pd.DataFrame) -> Array:
        draws = pd.DataFrame(params).T if isinstance(params, pd.Series) else params
        p = {name: draws[name].to_numpy(float)[:, None] for name in self.names}
        x = {column: frame[column].to_numpy(float)[None] for column in self.columns}
        with np.errstate(all="ignore"):
            values = np.broadcast_to(self.formula(p, x, np), (len(draws), len(frame)))
        return values[0] if isinstance(params, pd.Series) else values

    def coordinates(self, frame: pd.DataFrame, *, uncentred: str | None = None) -> LogCoordinates:
        positive = np.array([parameter.positive for parameter in self.parameters])
        names = self.names

        def formula(theta: Any, x: dict[str, Any]) -> Any:
            import torch

            columns = theta.split(1, dim=1)
            natural = [t.exp() if up else t for t, up in zip(columns, positive, strict=True)]
            return self.formula(dict(zip(names, natural, strict=True)), x, torch)

        columns = {c: frame[c].to_numpy(float) for c in self.columns}
        low, high = np.array([(p.low, p.high) for p in self.parameters]).T
        return LogCoordinates(Traced(formula, columns, len(names)), positive, low, high)

    def starts(self, coordinates: LogCoordinates, target: Array, scale: str) -> Array:
        """A grid over the ranges, with the linear parameters solved for at each point."""
        low, high = coordinates.ends
        linear = [i for i, parameter in enumerate(self.parameters) if parameter.linear]
        free = [i for i in range(len(self.names)) if i not in linear]
        wanted = min(GRID_SOLVED if linear else GRID, ELEMENTS // len(target))
        count = max(3, min(PER_AXIS, int(wanted ** (1 / len(free)))))
        axes = [np.linspace(low[i], high[i], count) for i in free]
        points = np.tile(0.5 * (low + high), (count ** len(free), 1))
        points[:, free] = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(free))
        return self._solved(coordinates, points, linear, target, scale) if linear else points

    def _solved(
        self, coordinates: LogCoordinates, points: Array, linear: list[int], target: Array, scale: str
    ) -> Array:
        """``points`` (m, p) with the linear parameters at their least squares, all points at once."""
        natural = coordinates.natural(points)
        logs = self.parameters[linear[0]].linear == "log"
        # Log L - log m is close to (L - m) / L: the weight that a raw solution needs for a log fit.
        weight = 1 / target if scale == "log" and not logs else np.ones_like(target)

        def fitted(one: int | None) -> Array:
            trial = natural.copy()
            trial[:, linear] = 0.0
            if one is not None:
                trial[:, one] = 1.0
            p = dict(zip(self.names, trial.T[:, :, None], strict=True))
            values = np.broadcast_to(
                self.formula(p, coordinates.model.arrays, np), (len(points), len(target))
            )
            return weight * (np.log(values) if logs else values)

        offset = fitted(None)
        basis = np.stack([fitted(i) - offset for i in linear], axis=-1)
        size = np.abs(basis).max(axis=1, keepdims=True) + 1e-300
        goal = weight * (np.log(target) if logs else target) - offset
        found = np.einsum("mkn,mn->mk", np.linalg.pinv(basis / size), goal) / size[:, 0]
        natural[:, linear] = np.clip(found, coordinates.low[linear], coordinates.high[linear])
        return coordinates.inverse(natural)

    def at_bound(self, coordinates: LogCoordinates, theta: Array) -> tuple[str, ...]:
        natural = coordinates.natural(theta)[0]
        pairs = zip(self.parameters, natural, strict=True)
        return tuple(p.name for p, value in pairs if value <= p.low or value >= p.high)

"""A law on given rows, in coordinates that keep the algebra of a fit well conditioned.

A law's natural parameters (A, alpha, ...) are nearly collinear: log N hardly varies around
its mean of twenty.  The fit of a sum of powers works on centred and scaled logarithms, which
brings the condition number of the Hessian from about 1e7 to 1e4, and maps back at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from moat.laws.engine import Array, Model, PowerSum

if TYPE_CHECKING:
    from moat.laws.traced import Traced


class Coordinates(Protocol):
    """What the engine steps in (`model`) and the map to the parameters that people read."""

    @property
    def model(self) -> Model:
        """The law on given rows, in these coordinates."""

    @property
    def ends(self) -> tuple[Array | None, Array | None]:
        """The lowest and the highest coordinates (p,), where they are bounded."""

    def natural(self, theta: Array) -> Array:
        """Natural parameters (draws, p) of coordinates (draws, p)."""

    def inverse(self, natural: Array) -> Array:
        """Coordinates (draws, p) of natural parameters (draws, p)."""


@dataclass(frozen=True)
class PowerCoordinates:
    """One log-coefficient per term, then one scaled exponent or shift each.

    natural coefficient = exp(theta_k + lift_k . slopes), natural slope = theta / spread.
    """

    model: PowerSum
    lift: Array
    spread: Array
    ends: tuple[None, None] = (None, None)

    def natural(self, theta: Array) -> Array:
        theta = np.atleast_2d(theta)
        count = len(self.lift)
        slopes = theta[:, count:] / self.spread
        return np.hstack([np.exp(theta[:, :count] + slopes @ self.lift.T), slopes])

    def inverse(self, natural: Array) -> Array:
        natural = np.atleast_2d(natural)
        count = len(self.lift)
        slopes = natural[:, count:]
        return np.hstack([np.log(natural[:, :count]) - slopes @ self.lift.T, slopes * self.spread])


@dataclass(frozen=True)
class LogCoordinates:
    """Logarithms of the parameters that are positive, the others as they are, within their ranges."""

    model: Traced
    positive: Array
    low: Array
    high: Array

    @property
    def ends(self) -> tuple[Array, Array]:
        return self.inverse(self.low)[0], self.inverse(self.high)[0]

    def natural(self, theta: Array) -> Array:
        theta = np.atleast_2d(theta)
        natural = np.where(self.positive, np.exp(np.where(self.positive, theta, 0.0)), theta)
        return np.clip(natural, self.low, self.high)  # an end of a range comes back exactly

    def inverse(self, natural: Array) -> Array:
        natural = np.atleast_2d(natural)
        return np.where(self.positive, np.log(np.where(self.positive, natural, 1.0)), natural)

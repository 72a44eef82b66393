"""Laws that are sums of power-law terms: the form of nearly every scaling law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from moat.laws.coordinates import PowerCoordinates
from moat.laws.engine import Array, PowerSum
from moat.laws.law import Law
from moat.laws.starts import grid_starts

#: A term that contributes less than this share of every prediction has hit its bound of zero.
VANISHED = 1e-6
#: From far starts the zone of the Huber function narrows step by step.  A narrow zone is close
#: to an absolute deviation, where Newton steps are only good near the end.
ZONES = tuple(10.0**-k for k in range(1, 12))


@dataclass(frozen=True)
class Term:
    """``coefficient * prod(column ** -exponent) * prod(column ** power) * exp(shift * column)``.

    Each pair is (name of the parameter, column).  Without any, the term is a constant.

    >>> Term("B", (("beta", "tokens"),))
    Term(coefficient='B', exponents=(('beta', 'tokens'),), powers=(), shifts=())
    """

    coefficient: str
    exponents: tuple[tuple[str, str], ...] = ()
    powers: tuple[tuple[str, str], ...] = ()
    shifts: tuple[tuple[str, str], ...] = ()

    @property
    def signed(self) -> list[tuple[str, str, float]]:
        """Falling and rising powers alike: name, column, sign."""
        return [(n, c, -1.0) for n, c in self.exponents] + [(n, c, 1.0) for n, c in self.powers]


@dataclass(frozen=True)
class SumOfPowers(Law[PowerCoordinates]):
    """A sum of `Term`, times ``exp(shift * column)`` for each of the law's own shifts.

    Coefficients are positive; exponents, powers and shifts are free.  A shift lets a group of
    runs read higher or lower by a common factor: its column is 0 or 1.
    """

    terms: tuple[Term, ...]
    shifts: tuple[tuple[str, str], ...] = ()

    @property
    def coefficient_names(self) -> tuple[str, ...]:
        return tuple(t.coefficient for t in self.terms)

    @property
    def exponent_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for t in self.terms for name, _, _ in t.signed))

    @property
    def shift_names(self) -> tuple[str, ...]:
        pairs = [*self.shifts, *(pair for t in self.terms for pair in t.shifts)]
        return tuple(dict.fromkeys(name for name, _ in pairs))

    @property
    def names(self) -> tuple[str, ...]:
        """Coefficients, exponents, shifts."""
        return self.coefficient_names + self.exponent_names + self.shift_names

    @property
    def power_columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c for t in self.terms for _, c, _ in t.signed))

    @property
    def signed_columns(self) -> tuple[str, ...]:
        pairs = [*self.shifts, *(pair for t in self.terms for pair in t.shifts)]
        return tuple(dict.fromkeys(column for _, column in pairs))

    @property
    def columns(self) -> tuple[str, ...]:
        return self.power_columns + self.signed_columns

    def predict(self, params: pd.Series | pd.DataFrame, frame: pd.DataFrame) -> Array:
        draws = pd.DataFrame(params).T if isinstance(params, pd.Series) else params
        value = {name: draws[name].to_numpy(float)[:, None] for name in self.names}
        total = np.zeros((1, 1))
        for term in self.terms:
            size = np.ones((1, len(frame)))
            for name, column, sign in term.signed:
                size = size * frame[column].to_numpy(float) ** (sign * value[name])
            for name, column in term.shifts:
                size = size * np.exp(value[name] * frame[column].to_numpy(float))
            total = total + value[term.coefficient] * size
        for name, column in self.shifts:
            total = total * np.exp(value[name] * frame[column].to_numpy(float))
        return total[0] if isinstance(params, pd.Series) else total

    def coordinates(self, frame: pd.DataFrame, *, uncentred: str | None = None) -> PowerCoordinates:
        count, slopes = len(self.terms), self.exponent_names + self.shift_names
        terms = np.zeros((count, len(frame), count + len(slopes)))
        lift = np.zeros((count, len(slopes)))
        logs = {c: np.log(frame[c].to_numpy(float)) for c in self.power_columns}
        spread = np.ones(len(slopes))
        for j, name in enumerate(self.exponent_names):
            first = next(c for t in self.terms for n, c, _ in t.signed if n == name)
            spread[j] = logs[first].std() or 1.0
        for k, term in enumerate(self.terms):
            terms[k, :, k] = 1.0
            for name, column, sign in term.signed:
                j = slopes.index(name)
                # Raw logarithms make the log-coefficient itself a coordinate.
                centre = 0.0 if term.coefficient == uncentred else logs[column].mean()
                terms[k, :, count + j] += sign * (logs[column] - centre) / spread[j]
                lift[k, j] -= sign * centre
            for name, column in (*self.shifts, *term.shifts):
                terms[k, :, count + slopes.index(name)] += frame[column].to_numpy(float)
        return PowerCoordinates(PowerSum(terms), lift, spread)

    def starts(self, coordinates: PowerCoordinates, target: Array, scale: str) -> Array:
        """The best points of a grid, and its best with each term gone: Newton steps reach a bound slowly."""
        inside = grid_starts(coordinates, target, exponents=len(self.exponent_names))
        if len(self.terms) == 1:
            return inside
        without = np.tile(inside[0], (len(self.terms), 1))
        np.fill_diagonal(without, np.log(1e-3 * VANISHED * target.min()))
        return np.vstack([inside, without])

    def zones(self, delta: float) -> tuple[float, ...]:
        return (*(zone for zone in ZONES if zone > delta), delta)

    def at_bound(self, coordinates: PowerCoordinates, theta: Array) -> tuple[str, ...]:
        """Coefficients whose term has vanished from every prediction."""
        shares = np.exp(coordinates.model.terms @ theta)
        shares = (shares / shares.sum(axis=0)).max(axis=1)
        return tuple(n for n, s in zip(self.coefficient_names, shares, strict=True) if s < VANISHED)

"""Scaling laws as sums of power-law terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from moat.laws.engine import Array
from moat.laws.fit import Fit, fit_law


@dataclass(frozen=True)
class Term:
    """``coefficient * prod(column ** -exponent)``; no exponents make it a constant.

    >>> Term("B", (("beta", "tokens"),))
    Term(coefficient='B', exponents=(('beta', 'tokens'),))
    """

    coefficient: str
    exponents: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Law:
    """A loss that is a sum of `Term`, times ``exp(shift * column)`` for each shift.

    Coefficients are positive; exponents and shifts are free.  A shift lets a group of runs
    read higher or lower by a common factor: its column is 0 or 1.
    """

    terms: tuple[Term, ...]
    shifts: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        return type(self).__name__

    @property
    def coefficient_names(self) -> tuple[str, ...]:
        return tuple(t.coefficient for t in self.terms)

    @property
    def exponent_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(e for t in self.terms for e, _ in t.exponents))

    @property
    def slope_names(self) -> tuple[str, ...]:
        return self.exponent_names + tuple(name for name, _ in self.shifts)

    @property
    def names(self) -> tuple[str, ...]:
        """All parameters, in the order of every table: coefficients, exponents, shifts."""
        return self.coefficient_names + self.slope_names

    @property
    def power_columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c for t in self.terms for _, c in t.exponents))

    @property
    def shift_columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c for _, c in self.shifts))

    @property
    def columns(self) -> tuple[str, ...]:
        return self.power_columns + self.shift_columns

    def predict(self, params: pd.Series | pd.DataFrame, frame: pd.DataFrame) -> Array:
        """Loss at each row of ``frame``: (n,) for a Series of parameters, (draws, n) for a frame."""
        draws = pd.DataFrame(params).T if isinstance(params, pd.Series) else params
        column = {name: draws[name].to_numpy(float)[:, None] for name in self.names}
        total = 0.0
        for term in self.terms:
            power = np.ones((1, len(frame)))
            for exponent, name in term.exponents:
                power = power * frame[name].to_numpy(float) ** -column[exponent]
            total = total + column[term.coefficient] * power
        for name, indicator in self.shifts:
            total = total * np.exp(column[name] * frame[indicator].to_numpy(float))
        return total[0] if isinstance(params, pd.Series) else total

    def fit(
        self,
        data: pd.DataFrame | dict,
        *,
        loss: str = "loss",
        delta: float = 1e-3,
        draws: int = 1000,
        seed: int = 0,
        cluster: str | None = None,
        start: pd.Series | None = None,
    ) -> Fit:
        """Minimise the sum of Huber(log residual) globally and bootstrap the result.

        ``data`` needs the law's columns (params in parameters, tokens in tokens) and
        ``loss`` in nats per token.  ``delta`` is the zone of the Huber function that is
        quadratic, in log loss.  ``cluster`` names the column of the independent unit;
        without it every row is one.  ``start`` adds a starting point to the grid of starts.

        Raises `MissingColumns`, `LengthMismatch`, `BadValues` or `TooFewPoints`.
        """
        return fit_law(
            self, data, loss=loss, delta=delta, draws=draws, seed=seed, cluster=cluster, start=start
        )

"""From a table to the features of a fit, in coordinates that keep the algebra well conditioned.

A law's natural parameters (A, alpha, ...) are nearly collinear: log N hardly varies around
its mean of twenty.  The fit works on centred and scaled logarithms instead, which brings
the condition number of the Hessian from about 1e7 to 1e4, and maps back at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from moat.laws.engine import Array
from moat.laws.errors import BadValues, LengthMismatch, MissingColumns, TooFewPoints

if TYPE_CHECKING:
    from moat.laws.law import Law


def validated(law: Law, data: pd.DataFrame | dict, loss: str, cluster: str | None) -> pd.DataFrame:
    """The columns the fit needs, as a clean frame; one clear error for each way to be wrong."""
    needed = [*law.columns, loss] + ([cluster] if cluster else [])
    missing = [c for c in needed if c not in data]
    if missing:
        raise MissingColumns(
            f"The table has no column {', '.join(map(repr, missing))}; "
            f"{law.name} needs {', '.join(map(repr, needed))}."
        )
    lengths = {c: len(data[c]) for c in needed}
    if len(set(lengths.values())) > 1:
        raise LengthMismatch(f"Columns differ in length: {lengths}; give one value per run in each.")
    frame = pd.DataFrame({c: np.asarray(data[c]) for c in needed})
    for column in [*law.columns, loss]:
        frame[column] = _numbers(frame[column], positive=column not in law.shift_columns)
    units = frame[cluster].nunique() if cluster else len(frame)
    if units <= len(law.names):
        raise TooFewPoints(
            f"{units} {'clusters' if cluster else 'rows'} cannot determine the {len(law.names)} "
            f"parameters of {law.name}; give at least {len(law.names) + 1}."
        )
    for column in law.columns:
        if frame[column].nunique() == 1:
            raise BadValues(f"Column {column!r} never varies, so its parameter is not identified.")
    return frame


def _numbers(column: pd.Series, positive: bool) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    bad = ~np.isfinite(numbers)
    if positive:
        bad |= ~(numbers > 0)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        kind = "a positive finite number" if positive else "a finite number"
        raise BadValues(
            f"Column {column.name!r} must hold {kind} in every row; row {row} holds "
            f"{column.iloc[row]!r} ({int(bad.sum())} bad in all).  Drop or mend them first."
        )
    return numbers


@dataclass(frozen=True)
class Design:
    """Features of each term, shape (K, n, p), and the map back to natural parameters.

    Coordinates are, in this order, one log-coefficient per term, one scaled exponent each,
    one shift each.  ``lift`` and ``scale`` hold natural = exp(theta_k + lift_k . exponents).
    """

    terms: Array
    lift: Array
    scale: Array

    def natural(self, theta: Array) -> Array:
        """Natural parameters, shape (draws, p), of coordinates (draws, p)."""
        theta = np.atleast_2d(theta)
        count = len(self.lift)
        slopes = theta[:, count:] / self.scale
        return np.hstack([np.exp(theta[:, :count] + slopes @ self.lift.T), slopes])

    def coordinates(self, natural: Array) -> Array:
        """The inverse of `natural`."""
        natural = np.atleast_2d(natural)
        count = len(self.lift)
        slopes = natural[:, count:]
        return np.hstack([np.log(natural[:, :count]) - slopes @ self.lift.T, slopes * self.scale])


def design(law: Law, frame: pd.DataFrame, *, uncentred: str | None = None) -> Design:
    """The features of ``law`` on ``frame``.

    The term whose coefficient is ``uncentred`` keeps its raw logarithms, so that its
    log-coefficient is itself a coordinate and can be held fixed, as a profile needs.
    """
    count, slopes = len(law.terms), law.slope_names
    terms = np.zeros((count, len(frame), count + len(slopes)))
    lift = np.zeros((count, len(slopes)))
    scale = np.ones(len(slopes))
    logs = {c: np.log(frame[c].to_numpy()) for c in law.power_columns}
    for j, name in enumerate(law.exponent_names):
        first = next(c for t in law.terms for e, c in t.exponents if e == name)
        scale[j] = logs[first].std() or 1.0
    for k, term in enumerate(law.terms):
        terms[k, :, k] = 1.0
        for exponent, column in term.exponents:
            j = slopes.index(exponent)
            centre = 0.0 if term.coefficient == uncentred else logs[column].mean()
            terms[k, :, count + j] -= (logs[column] - centre) / scale[j]
            lift[k, j] += centre
        for name, column in law.shifts:
            terms[k, :, count + slopes.index(name)] += frame[column].to_numpy()
    return Design(terms, lift, scale)

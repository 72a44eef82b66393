"""The rows of a fit: the columns that a law needs, checked, with one clear error for each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from moat.laws.errors import BadValues, LengthMismatch, MissingColumns, TooFewPoints

if TYPE_CHECKING:
    from moat.laws.law import Law


def validated(
    law: Law, data: pd.DataFrame | dict, target: str, weights: str | None, cluster: str | None
) -> pd.DataFrame:
    """The columns of a fit as a clean frame.  Weights may be zero, the law's signed columns anything."""
    extra = [c for c in (weights, cluster) if c]
    needed = list(dict.fromkeys([*law.columns, target, *extra]))
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
    for column in [*law.columns, target, *([weights] if weights else [])]:
        free = column in law.signed_columns
        frame[column] = _numbers(frame[column], None if free else column == weights)
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


def _numbers(column: pd.Series, zero: bool | None) -> pd.Series:
    """Finite numbers: of any sign (None), not negative (True) or positive (False)."""
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    bad = ~np.isfinite(numbers)
    if zero is not None:
        bad |= ~((numbers >= 0) if zero else (numbers > 0))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        kind = {None: "a finite number", True: "zero or a positive finite number"}.get(
            zero, "a positive finite number"
        )
        raise BadValues(
            f"Column {column.name!r} must hold {kind} in every row; row {row} holds "
            f"{column.iloc[row]!r} ({int(bad.sum())} bad in all).  Drop or mend them first."
        )
    return numbers

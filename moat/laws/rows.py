"""The rows of a fit: the columns that a law needs, checked, with one clear error for each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from moat.errors import BadValues, LengthMismatch, MissingColumns, TooFewPoints

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
        frame[column] = numbers(frame[column], None if free else column == weights)
    if cluster and frame[cluster].isna().any():
        row = int(np.flatnonzero(frame[cluster].isna())[0])
        raise BadValues(f"Column {cluster!r} must name a cluster in every row; row {row} is empty.")
    counted = frame[frame[weights] > 0] if weights else frame
    units = counted[cluster].nunique() if cluster else len(counted)
    if units <= len(law.names):
        kind = f"{'clusters' if cluster else 'rows'}{' of positive weight' if weights else ''}"
        raise TooFewPoints(
            f"{units} {kind} cannot determine the {len(law.names)} "
            f"parameters of {law.name}; give at least {len(law.names) + 1}."
        )
    for column in law.columns:
        if frame[column].nunique() == 1:
            raise BadValues(f"Column {column!r} never varies, so its parameter is not identified.")
    return frame


def numbers(column: pd.Series, zero: bool | None = False) -> pd.Series:
    """Finite numbers: of any sign (None), not negative (True) or positive (False).  Raises `BadValues`."""
    values = pd.to_numeric(column, errors="coerce").astype(float)
    bad = ~np.isfinite(values)
    if zero is not None:
        bad |= ~((values >= 0) if zero else (values > 0))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        kind = {None: "a finite number", True: "zero or a positive finite number"}.get(
            zero, "a positive finite number"
        )
        found = column.tolist()[row]  # a plain number or text: its repr names no library
        raise BadValues(
            f"Column {column.name!r} must hold {kind} in every row; row {row} holds "
            f"{found!r} ({int(bad.sum())} bad in all).  Drop or mend them first."
        )
    return values

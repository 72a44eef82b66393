"""Pandera schemas built from the registry, and one clear sentence when a table breaks them."""

from __future__ import annotations

import pandas as pd
import pandera.errors
import pandera.pandas as pa

from moat.errors import SchemaError
from moat.sources.registry import Column, Source

DATE = r"(\d{4}(-\d{2}(-\d{2})?)?|[A-Z][a-z]{2} \d{1,2} \d{4})"
_CHECKS = {
    "": [],
    "positive": [pa.Check.gt(0)],
    "nonnegative": [pa.Check.ge(0)],
    "percent": [pa.Check.in_range(-100, 100)],
    "date": [pa.Check.str_matches(f"^{DATE}$")],
    "url": [pa.Check.str_startswith("https://")],
    "confidence": [pa.Check.isin(["high", "medium", "low"])],
    "yes-no": [pa.Check.isin(["yes", "no"])],
}
_KINDS = {"float": float, "count": float, "int": "Int64", "str": str, "bool": "boolean"}


def schema(source: Source) -> pa.DataFrameSchema:
    """All columns present and no others, types, units' ranges, keys unique."""
    columns = {c.name: _column(c) for c in source.columns}
    return pa.DataFrameSchema(columns, strict=True, unique=list(source.key) or None, name=source.name)


def _column(column: Column) -> pa.Column:
    checks = list(_CHECKS[column.check])
    if column.among:
        checks.append(pa.Check.isin(list(column.among)))
    if column.kind in ("float", "count"):
        checks.append(pa.Check(lambda s: s.abs() != float("inf"), name="finite"))
    if column.kind == "count":
        checks.append(pa.Check(lambda s: s % 1 == 0, name="whole"))
    return pa.Column(
        _KINDS[column.kind], checks=checks, nullable=column.empty, coerce=True, title=column.unit or None
    )


def validate(source: Source, table: pd.DataFrame) -> pd.DataFrame:
    """The table with the registry's types and column order.  Raises `SchemaError`."""
    try:
        clean = schema(source).validate(table, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        raise SchemaError(_sentence(source, errors.failure_cases)) from None
    if source.rows is not None and len(clean) != source.rows:
        raise SchemaError(f"Source {source.name!r} has {len(clean)} rows where {source.rows} are registered.")
    return clean[[c.name for c in source.columns]]


def _sentence(source: Source, cases: pd.DataFrame) -> str:
    # A missing column can break other checks too, so it comes first.
    rank = cases["check"].astype(str).map({"column_in_dataframe": 0, "column_in_schema": 1}).fillna(2)
    first = cases.iloc[int(rank.to_numpy().argmin())]
    what, more = str(first["check"]), len(cases) - 1
    if what == "column_in_dataframe":
        text = f"lacks the column {first['failure_case']!r}"
    elif what == "column_in_schema":
        text = f"has a column {first['failure_case']!r} that is not registered"
    elif what == "multiple_fields_uniqueness":
        text = f"repeats the key {', '.join(source.key)} in line {int(first['index']) + 2}"
    else:
        # A header is line 1 of the file, so the first row of the table is line 2.
        line = "" if pd.isna(first["index"]) else f" in line {int(first['index']) + 2}"
        cell = first["failure_case"]
        plain = cell.item() if hasattr(cell, "item") else cell  # a plain number: its repr names no library
        value = "an empty cell" if what == "not_nullable" else repr(plain)
        text = f"has {value}{line} of column {first['column']!r} (rule: {what})"
    tail = f", and {more} more like it" if more else ""
    return f"Source {source.name!r} {text}{tail}; mend the table or its entry in the registry."

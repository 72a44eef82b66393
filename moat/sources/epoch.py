"""Readers of tables about chips: Epoch AI's counts by owner, a PyTorch profiler trace."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from moat.errors import SchemaError

_OWNERS = {
    "Chip manufacturer": "manufacturer",
    "Owner": "owner",
    "Chip type": "chip",
    "End date": "until",
    "Compute estimate in H100e (median)": "h100e",
    "H100e (5th percentile)": "h100e_low",
    "H100e (95th percentile)": "h100e_high",
    "Number of Units": "units",
    "Number of Units (median)": "units",  # the spelling of one of the files
    "Number of Units (5th percentile)": "units_low",
    "Number of Units (95th percentile)": "units_high",
    "Incomplete": "incomplete",
    "Notes": "notes",
}


def read_chip_owners(paths: list[Path]) -> pd.DataFrame:
    """One row an owner, chip and quarter: the stock at its end.  American dates become ISO dates."""
    parts = []
    for path in paths:
        raw = pd.read_csv(path).rename(columns=_OWNERS)
        if "until" not in raw:
            raise SchemaError(f"{path.name} has no column 'End date'; upstream renamed it")
        year = raw["until"].str.rsplit("/", n=1).str[1]
        style = year.str.len().map({2: "%m/%d/%y", 4: "%m/%d/%Y"})
        days = [pd.to_datetime(day, format=form) for day, form in zip(raw["until"], style, strict=True)]
        raw["until"] = pd.Series(days).dt.strftime("%Y-%m-%d")
        parts.append(raw[[c for c in dict.fromkeys(_OWNERS.values()) if c in raw]])
    return pd.concat(parts, ignore_index=True)


def read_trace(paths: list[Path]) -> pd.DataFrame:
    """One row an event of a Chrome trace: what ran where, from when, for how long, on how large a grid."""
    rows = []
    for path in paths:
        for event in json.loads(path.read_text(encoding="utf-8"))["traceEvents"]:
            arguments = event.get("args", {})
            row = {"phase": event["ph"], "category": event.get("cat"), "name": event.get("name")}
            row |= {"process": str(event.get("pid")), "thread": str(event.get("tid"))}
            row |= {"start_us": event.get("ts"), "duration_us": event.get("dur")}
            row["stream"] = arguments.get("stream")
            row["correlation"] = arguments.get("correlation")
            row["blocks"] = "x".join(str(n) for n in arguments.get("grid", [])) or None
            rows.append(row)
    return pd.DataFrame(rows)

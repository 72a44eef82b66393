"""Reader of the weekly lists of a router: one JSON file a week, each with its most used models."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

#: Upstream's names and ours.
NAMES = {
    "slug": "slug",
    "name": "name",
    "total_tokens": "tokens",
    "prompt_price": "price_in",
    "completion_price": "price_out",
}


def read_router_weeks(paths: list[Path]) -> pd.DataFrame:
    """Columns week (the day that the file gives), slug, name, tokens and list prices."""
    parts = []
    for path in paths:
        body = json.loads(path.read_text(encoding="utf-8"))
        table = pd.DataFrame(body["models"])[list(NAMES)].rename(columns=NAMES)
        parts.append(table.assign(week=body["date"]))
    stacked = pd.concat(parts, ignore_index=True)
    return stacked[["week", *NAMES.values()]]

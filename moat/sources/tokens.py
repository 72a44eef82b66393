"""Readers of tables about the price of tokens and what a task costs: JSON and YAML lists of others."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import yaml


def read_arena_prices(paths: list[Path]) -> pd.DataFrame:
    """One row a model of the arena's list; prices are written as text there and empty where unknown."""
    rows = [row for path in paths for row in json.loads(path.read_text(encoding="utf-8"))]
    table = pd.DataFrame(rows)[["name", "organization", "license", "input_token_price", "output_token_price"]]
    prices = table[["input_token_price", "output_token_price"]].apply(pd.to_numeric)
    return table.assign(**prices)


def read_vendor_prices(paths: list[Path]) -> pd.DataFrame:
    """One row a vendor, model and period of its price list."""
    rows = []
    for path in paths:
        vendor = json.loads(path.read_text(encoding="utf-8"))
        for model in vendor["models"]:
            for entry in model["price_history"]:
                rows.append({"vendor": vendor["vendor"], "name": model["name"], **entry})
    return pd.DataFrame(rows)[["vendor", "name", "input", "output", "from_date", "to_date"]]


def read_aider(paths: list[Path]) -> pd.DataFrame:
    """One row a run of the coding benchmark.  Costs of zero mean free or unknown, and become missing."""
    rows = [row for path in paths for row in yaml.safe_load(path.read_text(encoding="utf-8"))]
    table = pd.DataFrame(rows)
    table = table.assign(date=table["date"].astype(str), total_cost=table["total_cost"].replace(0.0, None))
    return table.assign(total_cost=table["total_cost"].astype(float))

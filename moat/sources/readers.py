"""From verified files to one raw table.  Awkward upstream formats have a function in `upstream`.

A reader takes the paths of a source's files, in the order of the registry, and returns a
DataFrame; renaming and checks come after it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from moat.sources import epoch, prices, router, tokens, upstream

Reader = Callable[[list[Path]], pd.DataFrame]


def read_csv(paths: list[Path]) -> pd.DataFrame:
    """Comma-separated files with one header row, stacked.  An empty cell is a missing value."""
    return pd.concat(
        [pd.read_csv(p, keep_default_na=False, na_values=[""]) for p in paths], ignore_index=True
    )


def read_jsonl(paths: list[Path]) -> pd.DataFrame:
    """One JSON object a line, files stacked."""
    return pd.concat([pd.read_json(p, lines=True) for p in paths], ignore_index=True)


READERS: dict[str, Reader] = {
    "csv": read_csv,
    "jsonl": read_jsonl,
    "gadre-models": upstream.read_gadre_models,
    "gadre-losses": upstream.read_gadre_losses,
    "gadre-tasks": upstream.read_gadre_tasks,
    "porian-isoflops": upstream.read_porian_isoflops,
    "porian-optima": upstream.read_porian_optima,
    "quest": upstream.read_quest,
    "chip-owners": epoch.read_chip_owners,
    "trace": epoch.read_trace,
    "daily-prices": prices.read_daily_prices,
    "router-weeks": router.read_router_weeks,
    "arena-prices": tokens.read_arena_prices,
    "vendor-prices": tokens.read_vendor_prices,
    "aider": tokens.read_aider,
}

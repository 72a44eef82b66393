"""Reader of daily share prices: one file a ticker, stacked with the ticker's name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def read_daily_prices(paths: list[Path]) -> pd.DataFrame:
    """Columns ticker (the name of the file), date and close; days without a close are left out."""
    parts = []
    for path in paths:
        table = pd.read_csv(path, usecols=["Date", "Close"]).dropna()
        parts.append(table.assign(ticker=path.stem))
    stacked = pd.concat(parts, ignore_index=True).rename(columns={"Date": "date", "Close": "close"})
    return stacked[["ticker", "date", "close"]]

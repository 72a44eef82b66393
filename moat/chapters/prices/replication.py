"""The published falls of the price of a token, from their points and from the raw listings.

Cottier et al. 2025 took, for a level of performance on a benchmark, every model at or above it that
was cheaper than all before, and fitted a line to the logarithm of the price of these record lows.
"""

from __future__ import annotations

import ast

import numpy as np
import pandas as pd
from scipy import stats

from moat.chapters.prices.price_floor import records
from moat.errors import FrontierError
from moat.stats.dates import years
from moat.stats.estimate import Estimate
from moat.stats.intervals import half_width

#: What the chapter loads for this.
TABLES = ("epoch-token-prices", "epoch-price-lows", "epoch-price-falls")
#: Column of epoch-token-prices by the published name of the benchmark.
BENCHES = {
    "MMLU": "mmlu",
    "GPQA Diamond": "gpqa",
    "HumanEval": "humaneval",
    "MATH-500": "math500",
    "MATH 5": "math5",
    "LMSys Chatbot Arena ELO": "arena",
}


def fall(date: pd.Series, price: pd.Series, level: float = 0.9) -> Estimate:
    """Times a year that a line through log prices falls, with Student's t; a year has 365 days.

    >>> fall(pd.Series(["2023-01-01", "2024-01-01", "2024-12-31"]), pd.Series([9.0, 3.0, 1.0])).value
    3.0
    """
    if len(price) < 3:
        raise FrontierError(f"A line with an interval needs three prices, not {len(price)}.")
    year = years(date, "2023-01-01", length=365)
    line = stats.linregress(year, np.log10(price))
    half = half_width(line.stderr, len(price) - 2, level)
    ends = (round(10 ** (-line.slope + k * half), 12) for k in (0, -1, 1))
    return Estimate(*map(float, ends), n=len(price), method="line through record lows", level=level)


def key(bench: str, model: str) -> str:
    """The name of a row among findings.

    >>> key("LMSys Chatbot Arena ELO", "GPT-4 Turbo")
    'fall-arena-gpt-4-turbo'
    """
    return f"fall-{BENCHES[bench]}-{model.lower().replace(' ', '-').replace('.', '')}"


def again(lows: pd.DataFrame, falls: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
    """One row a published fall: its value and interval, ours from its points, and from our own selection.

    Columns key, bench, threshold_model, published, published_low, published_high, value, low, high, n,
    days, reselected, agrees (the same points chosen) and added (names that only our selection has).
    """
    rows = []
    for row in falls.itertuples():
        points = lows[(lows["bench"] == row.bench) & (lows["threshold_model"] == row.threshold_model)]
        ours = fall(points["date"], points["price"])
        chosen = select(raw, row.bench, float(row.range.strip("[").split(",")[0]), str(row.start))
        mine, theirs = (set(zip(t["date"], t["price"], strict=True)) for t in (chosen, points))
        added = [
            n
            for n, d, p in chosen[["name", "date", "price"]].itertuples(index=False)
            if (d, p) in mine - theirs
        ]
        again_ = fall(chosen["date"], chosen["price"]).value
        days = (pd.Timestamp(row.end) - pd.Timestamp(row.start)).days
        rows.append((key(row.bench, row.threshold_model), row.bench, row.threshold_model, row.fall,
                     *ast.literal_eval(row.interval), ours.value, ours.low, ours.high, ours.n, days, again_,
                     mine == theirs, ", ".join(added)))  # fmt: skip
    columns = ["key", "bench", "threshold_model", "published", "published_low", "published_high", "value",
               "low", "high", "n", "days", "reselected", "agrees", "added"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def select(raw: pd.DataFrame, bench: str, level: float, start: str) -> pd.DataFrame:
    """The record lows among raw listings that reach ``level`` on a benchmark, from the day ``start`` on."""
    if bench not in BENCHES:
        raise FrontierError(f"A benchmark is one of {', '.join(BENCHES)}, not {bench!r}.")
    table = raw[raw["date"] >= start].dropna(subset=[BENCHES[bench]]).reset_index(drop=True)
    when = pd.to_datetime(table["date"]).astype("int64").to_numpy()
    kept = records(when, table["price"].to_numpy(float), table[BENCHES[bench]].to_numpy(float), level)
    return table.iloc[kept][["name", "date", "price"]].reset_index(drop=True)

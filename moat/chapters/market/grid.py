"""The event study done otherwise: grids of markets, windows, averages and members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd

from moat.chapters.market import cross_section, event_study
from moat.stats.grid import as_columns, as_grid, specification_grid

#: Days that are judged, as offsets from 27 January 2025; the first trading day after R1 is the 21st.
SPANS = {"27 January": (0,), "27 and 28 January": (0, 1), "21 to 27 January": (-4, -3, -2, -1, 0)}
#: The day on which the claim was made knew the first and the last of them.
KNOWN_THEN = ("27 January", "21 to 27 January")
LENGTHS = {"60 days": (-70, -11), "120 days": event_study.WINDOW, "250 days": (-260, -11)}
AVERAGES = {"mean": np.nanmean, "median": np.nanmedian}
OFFSETS = tuple(range(-4, 2))


def span(model: event_study.MarketModel, name: str) -> np.ndarray:
    """Abnormal returns added over a span (day, share)."""
    chosen = [model.offsets.index(o) for o in SPANS[name]]
    return model.abnormal[:, chosen].sum(axis=1)


def markets(returns: pd.DataFrame, fund: pd.Series, others: Sequence[str]) -> dict[str, pd.Series | None]:
    """What stands for the market: a fund, the mean of uninvolved shares, or nothing (raw returns)."""
    return {"S&P 500 fund": fund, "mean of the rest": returns[list(others)].mean(axis=1), "none": None}


def of_groups(
    returns: pd.DataFrame,
    markets: Mapping[str, pd.Series | None],
    day: int,
    members: Mapping[str, Mapping[str, Sequence[str]]],
) -> pd.DataFrame:
    """Each group's abnormal return in every specification.

    ``members`` maps a way of choosing members to groups.  Columns group, market, estimation, span, average,
    members, value, low, high, p.
    """
    days = [*event_study.placebo_days(day, reach=max(OFFSETS)), day]
    rows = []
    for market, index in markets.items():
        for length, window in LENGTHS.items() if index is not None else [("none", event_study.WINDOW)]:
            model = event_study.fit(returns, index, days, offsets=OFFSETS, window=window, least=50)
            for name in SPANS:
                values = span(model, name)
                for average, middle in AVERAGES.items():
                    for how, groups in members.items():
                        found = event_study.means(values, model.names, groups, middle=middle)
                        rows += [(g, market, length, name, average, how, _found(v)) for g, v in found.items()]
    return as_grid(rows, ["group", "market", "estimation", "span", "average", "members"])


def _found(values: np.ndarray) -> dict[str, float]:
    *placebo, value = values
    return as_columns(event_study.effect(value, placebo)) | {"p": event_study.rank_p(value, placebo)}


def of_slope(
    returns: pd.DataFrame,
    closes: pd.DataFrame,
    markets: Mapping[str, pd.Series | None],
    day: int,
    suppliers: Mapping[str, Sequence[str]],
    basket: Sequence[str],
    *,
    horizons: Mapping[str, int],
) -> pd.DataFrame:
    """The slope of the run-up in every specification: columns of choices, value, low, high, partial."""
    days = [*event_study.placebo_days(day, reach=max(OFFSETS)), day]
    models = {m: event_study.fit(returns, index, days, offsets=OFFSETS) for m, index in markets.items()}

    @cache
    def known(market: str, flag: str, length: int) -> np.ndarray:
        return cross_section.before(models[market], closes, days, suppliers[flag], basket, horizon=length)

    def found(market: str, flag: str, length: int, name: str, drawn_in: bool) -> dict[str, float]:
        values = span(models[market], name)
        study = cross_section.study(winsorised(values) if drawn_in else values, known(market, flag, length))
        return as_columns(study.slope("run-up")) | {"partial": study.event.partial["run-up"]}

    choices = {
        "market": tuple(markets),
        "suppliers": tuple(suppliers),
        "run-up": horizons,
        "span": tuple(SPANS),
        "tails": {"kept": False, "drawn in to 5% and 95%": True},
    }
    return specification_grid(choices, found)


def winsorised(values: np.ndarray, tail: float = 0.05) -> np.ndarray:
    """Each day's values drawn in to its own quantiles (day, share)."""
    low, high = np.nanquantile(values, [tail, 1 - tail], axis=1, keepdims=True)
    return np.clip(values, low, high)

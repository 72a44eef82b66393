"""Worlds in which the price at fixed capability falls at a known pace: what do the estimators say?

A world keeps the models, their dates, labs and abilities.  It draws every price anew around a line:
capability costs what it costs in the data, time takes off the known pace, labs have levels of their own
and models scatter.  The index sees abilities with its own noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.chapters.prices import price_floor
from moat.chapters.prices.hedonic import MIDDLE, STEP, ZERO, Hedonic
from moat.errors import FrontierError
from moat.stats.dates import years
from moat.stats.jackknife import combined

Array = NDArray[np.float64]
PACES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
#: Draws of the index in a world.
DRAWS = 60


@dataclass(frozen=True)
class Spread:
    """Log10 prices around the line: ``slope`` a step of capability, deviations of labs and of models."""

    slope: float
    lab: float
    model: float

    @classmethod
    def of(cls, table: pd.DataFrame, ability: Array) -> Spread:
        """From a fit with a constant for each lab and one without."""
        straight, own = (
            Hedonic("price", form=form).fit(table, ability[:1]) for form in ("straight", "lab intercepts")
        )
        total, within = (np.var(f.residuals) for f in (straight, own))
        slope = float(straight.column("capability")[0])
        return cls(slope, float(np.sqrt(max(total - within, 0.0))), float(np.sqrt(within)))


def draw(
    table: pd.DataFrame, ability: Array, noise: Array, spread: Spread, pace: float, *, worlds: int, seed: int
) -> tuple[Array, Array]:
    """Prices and seen abilities, each (worlds, rows), where prices fall ``pace`` times a year."""
    rng = np.random.default_rng(seed)
    codes, labs = pd.factorize(table["lab"])
    line = spread.slope * (ability - MIDDLE) / STEP - np.log10(pace) * years(table["date"], ZERO)
    of_lab = spread.lab * rng.standard_normal((worlds, len(labs)))
    scatter = spread.model * rng.standard_normal((worlds, len(table)))
    seen = ability + noise * rng.standard_normal((worlds, len(table)))
    return 10 ** (line + of_lab[:, codes] + scatter), seen


def inflated(
    table: pd.DataFrame, ability: Array, noise: Array, spread: Spread, end: str, *,
    levels: Sequence[float], worlds: int, seed: int, paces: Sequence[float] = PACES,
) -> pd.DataFrame:  # fmt: skip
    """What three estimators make of each true pace: columns pace, estimator, value, low, high.

    The median over worlds and the middle nine tenths, in times a year.
    """
    date, last, rows = years(table["date"], ZERO), (pd.Timestamp(end) - ZERO).days / 365.25, []
    for pace in paces:
        price, seen = draw(table, ability, noise, spread, pace, worlds=worlds, seed=seed)
        pairs = list(zip(price, seen, strict=True))
        found = {
            "record lows": np.array([price_floor.pooled_records(date, p, a, levels) for p, a in pairs]),
            "monthly lows": _monthly(date, price, seen, last, levels),
            "all prices": np.array([_line(date, p, a) for p, a in pairs]),
        }
        for name, logs in found.items():
            middle, low, high = 10.0 ** np.nanquantile(logs, [0.5, 0.05, 0.95])
            rows.append((pace, name, middle, low, high))
    return pd.DataFrame(rows, columns=["pace", "estimator", "value", "low", "high"])


def _monthly(date: Array, price: Array, seen: Array, end: float, levels: Sequence[float]) -> Array:
    found = []
    for p, a in zip(price, seen, strict=True):
        found.append(price_floor.slope(date, p, a[None], end, levels)[0])
    return np.array(found)


def _line(date: Array, price: Array, ability: Array) -> float:
    design = np.column_stack([np.ones_like(date), ability - MIDDLE, date])
    return -float(np.linalg.lstsq(design, np.log10(price), rcond=None)[0][2])


def corrected(apparent: float, table: pd.DataFrame, estimator: str = "record lows") -> float:
    """The true pace whose median in `inflated` is ``apparent``, read off on logarithmic scales.

    >>> made = pd.DataFrame({"pace": [2.0, 8.0], "estimator": "record lows", "value": [4.0, 64.0]})
    >>> corrected(16.0, made)
    4.0
    """
    rows = table[table["estimator"] == estimator].sort_values("value")
    if not rows["value"].iloc[0] <= apparent <= rows["value"].iloc[-1]:
        raise FrontierError(f"No world looks like {apparent:.3g} times a year; widen the paces.")
    return round(float(np.exp(np.interp(np.log(apparent), np.log(rows["value"]), np.log(rows["pace"])))), 12)


def coverage(
    table: pd.DataFrame, ability: Array, noise: Array, spread: Spread, pace: float, *, worlds: int, seed: int
) -> pd.DataFrame:
    """Whether 90% intervals of the regression on all prices held the true pace, one row a world.

    Columns raw and corrected, as `hedonic.Fitted.estimate` has it.  The draws of the index are new noise
    around what the world's index saw.
    """
    price, seen = draw(table, ability, noise, spread, pace, worlds=worlds, seed=seed)
    rng, held = np.random.default_rng(seed + 1), []
    for p, a in zip(price, seen, strict=True):
        drawn = np.vstack([a, a + noise * rng.standard_normal((DRAWS, len(a)))])
        fitted = Hedonic("price").fit(table.assign(price=p), drawn)
        both = {k: fitted.fall(corrected=k == "corrected") for k in ("raw", "corrected")}
        held.append({k: e.low <= pace <= e.high for k, e in both.items()})
    return pd.DataFrame(held)


def low_coverage(
    table: pd.DataFrame, ability: Array, noise: Array, spread: Spread, pace: float, end: str, *,
    levels: Sequence[float], worlds: int, seed: int,
) -> NDArray[np.bool_]:  # fmt: skip
    """Whether the 90% interval of `price_floor.fall` held the mean fall of the lows over all worlds."""
    date, last = years(table["date"], ZERO), (pd.Timestamp(end) - ZERO).days / 365.25
    price, seen = draw(table, ability, noise, spread, pace, worlds=worlds, seed=seed)
    logs = _monthly(date, price, seen, last, levels)
    labs, held = sorted(table["lab"].unique()), []
    rng = np.random.default_rng(seed + 1)
    for value, p, a in zip(logs, price, seen, strict=True):
        left = np.vstack([np.where(table["lab"] == lab, -np.inf, a) for lab in labs])
        drawn = a + noise * rng.standard_normal((DRAWS, len(a)))
        found = price_floor.slope(date, p, np.vstack([left, drawn]), last, levels)
        e = combined(value, found[: len(labs)], found[len(labs) :], n=len(table), method="")
        held.append(e.low <= logs.mean() <= e.high)
    return np.array(held)

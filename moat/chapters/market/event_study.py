"""Event study: what a day did to groups of shares, and how often an ordinary day does as much.

A market model r = a + b m is fitted to each share before the day, on a window that ends well before it
(MacKinlay 1997); the abnormal return is what the model does not explain.  Shares of one trade
fall together, so the spread over a group's members says little about chance.  The reference is the
same group on other days: its mean abnormal return on each placebo day, by the same steps.

All returns in per cent.  Days are positions in the calendar of the returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from moat.errors import FrontierError
from moat.stats.estimate import Estimate

Array = NDArray[np.float64]
#: First and last day of the estimation window, counted from the event; observations that a share needs.
WINDOW, LEAST = (-130, -11), 60
PLACEBOS, LEVEL = 250, 0.9


def wide(prices: pd.DataFrame, market: str = "SPY") -> pd.DataFrame:
    """Closes, one column a ticker, on the days on which ``market`` has one.

    ``prices`` has columns ticker, date, close.  Raises `FrontierError` without the market.
    """
    table = prices.assign(date=pd.to_datetime(prices["date"]))
    table = table.pivot(index="date", columns="ticker", values="close").sort_index()
    if market not in table:
        raise FrontierError(f"The prices have no {market!r} to stand for the market.")
    return table[table[market].notna()]


def returns(closes: pd.DataFrame) -> pd.DataFrame:
    """Simple returns from close to close in per cent; missing next to a missing close."""
    return 100 * closes.pct_change(fill_method=None)


@dataclass(frozen=True)
class MarketModel:
    """Fits of all shares before all days: ``abnormal`` has axes day, offset, share (per cent).

    ``spread`` is the standard deviation of the residuals and ``forecast`` that of a prediction on the
    day itself (day, share); ``residual`` are those of the estimation windows (day, time, share).
    """

    abnormal: Array
    beta: Array
    spread: Array
    forecast: Array
    residual: Array
    market: Array
    names: tuple[str, ...]
    offsets: tuple[int, ...]

    @property
    def cumulative(self) -> Array:
        """Abnormal returns added over the offsets (day, share)."""
        return self.abnormal.sum(axis=1)


def fit(
    returns: pd.DataFrame,
    market: pd.Series | None,
    days: Sequence[int],
    *,
    offsets: Sequence[int] = (0,),
    window: tuple[int, int] = WINDOW,
    least: int = LEAST,
) -> MarketModel:
    """The market model of each share before each of ``days``, by least squares.

    ``market`` None leaves the model out: abnormal is then the return itself.  A share with fewer
    than ``least`` returns in the window is missing on that day.  Raises `FrontierError` for a window or
    an offset that leaves the calendar, and for a window that holds the event.
    """
    days, (first, last) = np.asarray(days, int), window
    if last >= min(*offsets, 0):
        raise FrontierError("The estimation window must end before the first day that is judged.")
    if (days + first < 1).any() or (days + max(offsets) >= len(returns)).any():
        raise FrontierError("A day lies too near the ends of the calendar for its window.")
    values = returns.to_numpy(float)
    index = np.zeros(len(values)) if market is None else market.reindex(returns.index).to_numpy(float)
    inside = days[:, None] + np.arange(first, last + 1)
    later = days[:, None] + np.asarray(offsets, int)
    line = _lines(values[inside], index[inside], least, flat=market is None)
    expected = line.alpha[:, None] + line.beta[:, None] * index[later][:, :, None]
    return MarketModel(
        abnormal=values[later] - expected,
        beta=line.beta,
        spread=line.spread,
        forecast=line.spread * np.sqrt(1 + 1 / line.n + line.leverage(index[days][:, None])),
        residual=line.residual,
        market=index[later].sum(axis=1),
        names=tuple(returns.columns),
        offsets=tuple(offsets),
    )


@dataclass(frozen=True)
class _Lines:
    """A straight line for each day and share; everything is missing where ``n`` is."""

    n: Array
    alpha: Array
    beta: Array
    spread: Array
    residual: Array
    centre: Array
    square: Array

    def leverage(self, market: Array) -> Array:
        """What the distance of the market's return from its mean adds to a forecast's variance."""
        return np.where(self.square > 0, (market - self.centre) ** 2 / np.maximum(self.square, 1e-12), 0.0)


def _lines(returns: Array, market: Array, least: int, *, flat: bool) -> _Lines:
    """Least squares over the known days of each window, ``returns`` (day, time, share) on ``market``
    (day, time).  ``flat`` lines pass through zero at no slope, and their spread is about their mean.
    """
    m = market[:, :, None]
    known = np.isfinite(returns) & np.isfinite(m)
    count = known.sum(axis=1)
    n = np.where(count >= least, count, np.nan)

    def mean(x: Array) -> Array:
        return np.where(known, x, 0.0).sum(axis=1) / n

    centre_r, centre_m = mean(returns), mean(np.broadcast_to(m, returns.shape))
    dr, dm = returns - centre_r[:, None], m - centre_m[:, None]
    square = n * mean(dm**2)
    beta = 0.0 * n if flat else n * mean(dm * dr) / square
    residual = np.where(known, dr - beta[:, None] * dm, np.nan)
    spread = np.sqrt(n * mean(np.nan_to_num(residual) ** 2) / (n - (1 if flat else 2)))
    alpha = 0.0 * n if flat else centre_r - beta * centre_m
    return _Lines(n, alpha, beta, spread, residual, centre_m, square)


def placebo_days(event: int, *, reach: int = 0, count: int = PLACEBOS) -> NDArray[np.int64]:
    """The last ``count`` days that are judged, with all their offsets, eleven days before the event.

    ``reach`` is the last offset that is judged; no placebo path runs into the days before the event.

    >>> placebo_days(1000, count=3).tolist()
    [987, 988, 989]
    """
    end = event + WINDOW[1] - max(reach, 0)
    return np.arange(end - count + 1, end + 1)


def means(values: Array, names: Sequence[str], groups: Mapping[str, Sequence[str]], *, middle=np.nanmean):
    """Group means of ``values`` (..., share) over members that are known: columns are the groups."""
    where = {name: i for i, name in enumerate(names)}
    missing = [m for members in groups.values() for m in members if m not in where]
    if missing:
        raise FrontierError(f"There is no return of {missing[0]!r}.")
    return {g: middle(values[..., [where[m] for m in members]], axis=-1) for g, members in groups.items()}


def rank_p(value: float, placebo: ArrayLike) -> float:
    """Share of days, the event among them, with a mean as low as the event's or lower.

    >>> rank_p(-5.0, [-6.0, 0.0, 1.0])
    0.5
    """
    placebo = np.asarray(placebo, float)
    return float((1 + (placebo <= value).sum()) / (1 + len(placebo)))


def effect(value: float, placebo: ArrayLike, *, level: float = LEVEL, what: str = "") -> Estimate:
    """``value`` with the interval of shifts that the placebo days do not contradict.

    The noise of the day is taken to be that of a placebo day, so the interval is the value less the
    upper and lower quantiles of the placebo values.
    """
    placebo = np.asarray(placebo, float)
    low, high = np.quantile(placebo, [(1 - level) / 2, (1 + level) / 2])
    method = f"{what or 'mean abnormal return'} less quantiles of {len(placebo)} placebo days"
    return Estimate(
        float(value), float(value - high), float(value - low), n=len(placebo), method=method, level=level
    )


def adjusted_t(standardised: ArrayLike, residual: ArrayLike) -> float:
    """The t of Boehmer et al. (1991) with the correction of Kolari and Pynnönen (2010, eq. 9).

    ``standardised`` (share,) are abnormal returns over their forecast error; ``residual`` (time, share)
    those of the estimation window, whose mean pairwise correlation enters.  Raises
    `FrontierError` for fewer than three shares.
    """
    scaled, errors = np.asarray(standardised, float), np.asarray(residual, float)
    n = len(scaled)
    if n < 3:
        raise FrontierError(f"This test needs three shares or more, not {n}.")
    pairs = pd.DataFrame(errors).corr().to_numpy()
    common = (pairs.sum() - n) / (n * (n - 1))
    plain = scaled.mean() * np.sqrt(n) / scaled.std(ddof=1)
    return float(plain * np.sqrt((1 - common) / (1 + (n - 1) * common)))

"""Did the growth of the stock of chips break after a day?  Few quarters, so the test is simulated.

The series is the logarithm of what was added in each quarter.  Under the null it grows along one line
with first-order autocorrelated errors.  A Chow test looks at the quarters from a given one on, the test
of Quandt (1960) and Andrews (1993) at the worst of all; both p-values come from simulated series of the
same length (Andrews's asymptotic values are for long ones).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moat.errors import FrontierError
from moat.stats.estimate import Estimate

Array = NDArray[np.float64]
#: Quarters that each side of a break needs.
SIDE = 4


@dataclass(frozen=True)
class Break:
    """Growth after less before (log10 a year), Chow's F and p, Quandt-Andrews's F, p and position."""

    change: Estimate
    chow: float
    chow_p: float
    worst: float
    worst_p: float
    worst_at: int
    rho: float


def _design(n: int, at: int | None) -> Array:
    time = np.arange(n) / 4
    columns = [np.ones(n), time]
    if at is not None:
        after = np.arange(n) >= at
        columns += [after.astype(float), after * (time - time[at])]
    return np.column_stack(columns)


def _f(series: Array, at: int) -> Array:
    """Chow's F of a change of level and growth at ``at``, for each row (r, n)."""
    n = series.shape[-1]
    sums = []
    for position in (None, at):
        design = _design(n, position)
        kept = series - series @ design @ np.linalg.pinv(design.T @ design) @ design.T
        sums.append((kept**2).sum(axis=-1))
    return (sums[0] - sums[1]) / 2 / (sums[1] / (n - 4))


def additions(stock: Array) -> Array:
    """Log10 of what each quarter added to ``stock`` (1 + draws, quarters), draws that shrink left out."""
    added = np.diff(np.asarray(stock, float), axis=1)
    if not (added[0] > 0).all():
        raise FrontierError("A stock that shrinks has no growth to break.")
    return np.log10(added[(added > 0).all(axis=1)])


def growths(series: Array, at: int) -> tuple[float, float]:
    """By how much additions multiplied a year before and from ``at`` on."""
    lines = [np.polyfit(np.arange(len(part)) / 4, part, 1)[0] for part in (series[:at], series[at:])]
    return float(10 ** lines[0]), float(10 ** lines[1])


def _worst(series: Array) -> tuple[Array, NDArray[np.intp]]:
    n = series.shape[-1]
    every = np.stack([_f(series, at) for at in range(SIDE, n - SIDE + 1)])
    return every.max(axis=0), every.argmax(axis=0) + SIDE


def growth_change(series: Array, at: int) -> Array:
    """Growth after less before in log10 a year, for each row (r, n).

    >>> growth_change(np.array([[0.0, 1, 2, 3, 4, 4.5, 5, 5.5]]), 4).round(6).tolist()
    [-2.0]
    """
    return np.atleast_2d(series) @ np.linalg.pinv(_design(np.shape(series)[-1], at))[3]


def broken(draws: Array, at: int, *, worlds: int = 2000, seed: int = 0, level: float = 0.9) -> Break:
    """The break from position ``at`` on, of the log10 series in row 0 of ``draws`` (1 + draws, n).

    The interval is as wide as the changes that series without a break show, autocorrelated as this one
    is; the other rows are draws of the count and join it.  Raises `FrontierError` when a side has fewer
    than `SIDE` quarters.
    """
    series, n = np.asarray(draws[0], float), draws.shape[1]
    if not SIDE <= at <= n - SIDE:
        raise FrontierError(f"A break needs {SIDE} quarters on each side, not {at} and {n - at}.")
    rho, sd = _null(series)
    null = _simulate(n, rho, sd, worlds, seed)
    change = growth_change(draws, at)
    spread = growth_change(null, at)
    if len(change) > 1:
        spread = spread + np.resize(change[1:] - change[1:].mean(), worlds)
    half = float(np.quantile(np.abs(spread), level))
    method = f"change of growth, {n} quarters; {worlds:,} simulated series and draws of the count"
    ends = (change[0], change[0] - half, change[0] + half)
    estimate = Estimate(*map(float, ends), n=n, method=method, level=level)
    chow = float(_f(series[None], at)[0])
    worst, where = _worst(series[None])
    return Break(
        estimate, chow, _p(_f(null, at), chow),
        float(worst[0]), _p(_worst(null)[0], worst[0]), int(where[0]), rho,
    )  # fmt: skip


def _p(null: Array, seen: float) -> float:
    """Rank of what was seen among simulated series, itself counted: never zero."""
    return float((1 + (null >= seen).sum()) / (1 + len(null)))


def power(series: Array, at: int, fall: float, *, worlds: int = 2000, seed: int = 0) -> float:
    """How often, in per cent, Chow's test at 10% would see growth fall to ``fall`` times its multiple.

    ``fall`` 0.5 means that additions which grew threefold a year grow by half of that afterwards.
    """
    n, (rho, sd) = len(series), _null(np.asarray(series, float))
    null = _simulate(n, rho, sd, worlds, seed)
    time = np.arange(n) / 4
    broken = null + np.log10(fall) * np.where(np.arange(n) >= at, time - time[at] + 0.25, 0.0)
    return 100 * float((_f(broken, at) > np.quantile(_f(null, at), 0.9)).mean())


def _null(series: Array) -> tuple[float, float]:
    """Autocorrelation and deviation of the errors around one line; the first is kept below 0.9."""
    design = _design(len(series), None)
    kept = series - design @ np.linalg.lstsq(design, series, rcond=None)[0]
    rho = float(np.clip((kept[1:] @ kept[:-1]) / (kept[:-1] @ kept[:-1]), 0.0, 0.9))
    return rho, float(np.sqrt((kept @ kept) / (len(series) - 2)))


def _simulate(n: int, rho: float, sd: float, worlds: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    shocks = rng.standard_normal((worlds, n)) * sd * np.sqrt(1 - rho**2)
    series = np.empty((worlds, n))
    series[:, 0] = sd * rng.standard_normal(worlds)
    for i in range(1, n):
        series[:, i] = rho * series[:, i - 1] + shocks[:, i]
    return series

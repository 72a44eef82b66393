"""Growth of training compute as two reports of 2024 and 2025 fitted it, from the points they drew.

Both regress log10 FLOP on the date.  The report on Chinese models also lets the line bend once, on
the first day of a month; the one on open models fits two parallel lines, whose horizontal distance
is a lag.  A year has 365 days, as theirs has.  Models are resampled for the intervals.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.errors import FrontierError
from moat.stats.dates import years
from moat.stats.estimate import Estimate, percentile_estimate

YEAR = 365.0
#: Points that each side of a bend must keep.
LEAST = 10

Array = NDArray[np.float64]


def line(points: pd.DataFrame) -> tuple[float, float]:
    """Times a year and BIC of a straight line; ``points`` has date and log10_flop (n,).

    The BIC counts three parameters, the variance too.  Raises `FrontierError` below three points.

    >>> made = pd.DataFrame({"date": ["2021-01-01", "2022-01-01", "2023-01-01", "2024-01-01"]})
    >>> round(line(made.assign(log10_flop=[20.0, 21.1, 21.9, 23.0]))[0], 2)
    9.55
    """
    n = len(points)
    if n < 3:
        raise FrontierError(f"A line needs at least three dated runs, not {n}.")
    design = np.column_stack([np.ones(n), years(points["date"], length=YEAR)])
    params, left = _least_squares(design, points["log10_flop"].to_numpy(float))
    bic = n * (np.log(2 * np.pi * left / n) + 1) + 3 * np.log(n)
    return float(10.0 ** params[1]), float(bic)


def bend(points: pd.DataFrame) -> tuple[float, pd.Timestamp]:
    """Times a year after the best single bend, and its day, a first of a month.

    Raises `FrontierError` where no month leaves ten points on both sides.
    """
    days, x, y = (
        pd.to_datetime(points["date"]),
        years(points["date"], length=YEAR),
        points["log10_flop"].to_numpy(float),
    )
    fits = []
    for month in pd.date_range(days.min(), days.max(), freq="MS"):
        at = (month - pd.Timestamp(0)).days / YEAR
        if min((x < at).sum(), (x >= at).sum()) >= LEAST:
            params, left = _least_squares(np.column_stack([np.ones(len(x)), x, np.maximum(x - at, 0)]), y)
            fits.append((left, month, 10.0 ** (params[1] + params[2])))
    if not fits:
        raise FrontierError(f"A bend needs {LEAST} dated runs on both sides; there are {len(x)} in all.")
    _, month, after = min(fits)
    return float(after), month


def parallel(points: pd.DataFrame, group: str) -> tuple[float, float]:
    """Times a year common to both groups, and by how many months ``group`` trails the other.

    Raises `FrontierError` for a group without points.
    """
    follows = (points["group"] == group).to_numpy(float)
    if follows.min() == follows.max():
        raise FrontierError(f"Parallel lines need runs inside and outside of {group!r}.")
    design = np.column_stack([np.ones(len(points)), years(points["date"], length=YEAR), follows])
    params, _ = _least_squares(design, points["log10_flop"].to_numpy(float))
    return float(10.0 ** params[1]), float(-12 * params[2] / params[1])


def resampled(
    points: pd.DataFrame, statistic: Callable[[pd.DataFrame], float], *, draws: int, seed: int, what: str
) -> Estimate:
    """``statistic`` of the points with a 90% interval over resampled models, within their groups."""
    rng, values = np.random.default_rng(seed), []
    groups = [g.reset_index(drop=True) for _, g in points.groupby("group", sort=False)]
    for _ in range(draws):
        again = [g.iloc[rng.integers(len(g), size=len(g))] for g in groups]
        values.append(statistic(pd.concat(again, ignore_index=True)))
    method = f"{what}, {draws:,} bootstrap draws of models"
    return percentile_estimate(statistic(points), values, n=len(points), method=method, level=0.9)


def _least_squares(design: Array, y: Array) -> tuple[Array, float]:
    """Coefficients and the sum of squares left: a bend tries every month, in every bootstrap draw."""
    params = np.linalg.lstsq(design, y, rcond=None)[0]
    return params, float(np.sum((y - design @ params) ** 2))

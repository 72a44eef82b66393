"""Lag, training runs and chips on one axis of half-years, and the elasticity of the lag to compute.

By how many per cent does the lag move with the compute ratio, from a handful of half-years?  Both
series wander, and two wanderers correlate by luck (Granger and Newbold 1974).  So the elasticity is that
of changes: growth of the lag from one half-year to the next on growth of the ratio, with a constant and
Student's t.  Levels are offered beside it, with the autocorrelation of what they leave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from numpy.typing import ArrayLike, NDArray

from moat.chapters.lag.race import Race, day_numbers
from moat.chapters.scissors import compute_gap
from moat.chapters.scissors.chip_stock import Stock
from moat.errors import FrontierError
from moat.stats.estimate import Estimate
from moat.stats.grid import as_grid

#: Days of a half-year over which a lag is averaged.
DAYS = 182

Array = NDArray[np.float64]


def ends(start: str, end: str) -> pd.DatetimeIndex:
    """The last days of half-years from ``start`` to ``end``.

    >>> [f"{d:%d %b %Y}" for d in ends("2023-01-01", "2024-01-01")]
    ['30 Jun 2023', '31 Dec 2023']
    """
    days = pd.date_range(start, end, freq="QE")
    return days[days.month.isin([6, 12])]


def lags(race: Race, days: pd.DatetimeIndex, over: int = DAYS) -> Array:
    """The mean as-of lag in months over the ``over`` days up to each day, (1 + draws, t).

    Missing where the lag is known on fewer than half of the days.
    """
    columns = []
    for last in day_numbers(days):
        lag = race.as_of(np.arange(last - over + 1, last + 1))
        known = np.isfinite(lag)
        total = np.where(known, lag, 0.0).sum(axis=1)
        columns.append(np.where(known.mean(axis=1) >= 0.5, total / np.maximum(known.sum(axis=1), 1), np.nan))
    return np.array(columns).T


def gaps(table: pd.DataFrame, days: pd.DatetimeIndex, pace: float, top: int = 5) -> pd.DataFrame:
    """Columns date, low, high: bounds of the gap in orders of magnitude, as `compute_gap.bounds` has them."""
    rows = [(day, *compute_gap.bounds(table, day, pace, top)) for day in days]
    return pd.DataFrame(rows, columns=["date", "low", "high"])


def chips(stock: Stock, days: pd.DatetimeIndex, owner: str) -> Array:
    """Others' counted compute over that of ``owner``, (1 + draws, t); missing after the last quarter."""
    ratio, last = stock.ratio(owner), stock.quarters[-1]
    columns = [ratio[:, stock.at(d)] if d <= last else np.full(len(ratio), np.nan) for d in days]
    return np.array(columns).T


def grid(lag_of: Mapping[tuple[str, str], Array], ratio_of: Mapping[tuple[str, str], Array]) -> pd.DataFrame:
    """Elasticities, one row a follower, measure of lag, gauge of compute and form.

    ``lag_of`` has (t,) series by follower and measure, ``ratio_of`` by follower and gauge.  Days on which a
    lag is zero are left out.  Raises `FrontierError` where no pair has enough half-years.
    """
    rows = []
    for (follower, measure), lag in lag_of.items():
        for (other, gauge), ratio in ratio_of.items():
            for form in FORMS if other == follower else ():
                try:
                    found = elasticity(np.where(lag > 0, lag, np.nan), ratio, form).estimate
                except FrontierError:
                    continue  # too few half-years for this pair
                rows.append((follower, measure, gauge, form, found))
    if not rows:
        raise FrontierError("No lag and ratio share enough half-years for an elasticity.")
    return as_grid(rows, ["follower", "lag", "gauge", "form"])


FORMS = ("changes", "changes, no constant", "levels")


@dataclass(frozen=True)
class Elasticity:
    """The estimate, the half-years that it used, and the autocorrelation of residuals at one half-year."""

    estimate: Estimate
    half_years: int
    autocorrelation: float


def elasticity(lag: ArrayLike, ratio: ArrayLike, form: str = "changes", level: float = 0.9) -> Elasticity:
    """d ln(lag) / d ln(ratio) of two series in order of time, (n,) each, both above zero.

    Half-years in which either is missing are left out.  Raises `FrontierError` for an unknown form,
    unequal lengths, values of zero or less, fewer than four half-years, or a ratio that never moves.

    >>> ratio = np.array([1.0, 2.0, 3.0, 5.0, 4.0, 9.0])
    >>> round(elasticity(3 * ratio**0.5, ratio).estimate.value, 3)
    0.5
    """
    if form not in FORMS:
        raise FrontierError(f"An elasticity is one of {'; '.join(FORMS)}, not {form!r}.")
    lag, ratio = np.asarray(lag, float), np.asarray(ratio, float)
    if lag.shape != ratio.shape:
        raise FrontierError(f"The lag has {len(lag)} half-years and the ratio {len(ratio)}; align them.")
    good = np.isfinite(lag) & np.isfinite(ratio)
    lag, ratio, n = lag[good], ratio[good], int(good.sum())
    if n < 4:
        raise FrontierError(f"An elasticity needs at least four half-years with both series, not {n}.")
    if (lag <= 0).any() or (ratio <= 0).any():
        raise FrontierError("Lags and ratios of an elasticity are above zero; one is not.")
    y, x = np.log(lag), np.log(ratio)
    if form != "levels":
        y, x = np.diff(y), np.diff(x)
    formula = "lag ~ ratio - 1" if form == "changes, no constant" else "lag ~ ratio"
    model = smf.ols(formula, pd.DataFrame({"lag": y, "ratio": x}))
    if np.linalg.matrix_rank(model.exog) < model.exog.shape[1]:
        raise FrontierError("The ratio never changes its pace, so no elasticity can be told.")
    fitted = model.fit()
    low, high = fitted.conf_int(1 - level).loc["ratio"]
    left, freedom = np.asarray(fitted.resid), int(fitted.df_resid)
    serial = float(left[1:] @ left[:-1] / max(left @ left, 1e-300))
    method = f"least squares of log lag on log ratio, {form}, Student's t with {freedom} degrees of freedom"
    found = Estimate(float(fitted.params["ratio"]), float(low), float(high), n, method, level)
    return Elasticity(found, n, serial)

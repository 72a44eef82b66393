"""Who fell?  A cross-section of one day's abnormal returns on what the shares were before it.

Regressors: the run-up of the twelve months before, the beta to a basket of chip makers over the market,
and whether the firm supplies computing.  The errors of a cross-section are correlated, since
shares of one trade move together, and the usual standard errors do not know it.  The same
regression on each placebo day shows how far its slopes move by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray

from moat.chapters.market.event_study import LEVEL, MarketModel
from moat.errors import FrontierError
from moat.stats.estimate import Estimate

Array = NDArray[np.float64]
#: Trading days of a year; shares that a cross-section needs.
YEAR, FEWEST = 252, 20
REGRESSORS = ("run-up", "chip beta", "supplier")
ERRORS = ("both", "regression", "day")


def run_up(closes: pd.DataFrame, days: Sequence[int], *, horizon: int = YEAR) -> Array:
    """Log return in per cent over ``horizon`` days up to the close before each day (day, share)."""
    before = np.asarray(days, int) - 1
    if (before - horizon < 0).any():
        raise FrontierError(f"The prices do not reach {horizon} days back from the first day.")
    logs = 100 * np.log(closes.to_numpy(float))
    return logs[before] - logs[before - horizon]


def basket_beta(model: MarketModel, basket: Sequence[str]) -> Array:
    """Beta of each share to the mean of ``basket``, the market held, in the window before each day.

    Both sides are residuals of the market model, which is the same as putting the market into the
    regression (Frisch and Waugh 1933).  A member is left out of its own basket.
    """
    inside = np.isin(model.names, basket)
    if inside.sum() < 2:
        raise FrontierError("A basket needs two members or more, one of which can be left out.")
    errors = np.nan_to_num(model.residual)
    known = np.isfinite(model.residual)
    total, count = errors[:, :, inside].sum(axis=2), known[:, :, inside].sum(axis=2)
    own = np.where(inside, errors, 0.0), np.where(inside, known, False)
    rest = (total[:, :, None] - own[0]) / np.maximum(count[:, :, None] - own[1], 1)
    return (errors * rest).sum(axis=1) / np.where(known, rest**2, 0.0).sum(axis=1)


@dataclass(frozen=True)
class CrossSection:
    """Slopes of one day, their robust errors and partial R²; n shares.

    Slopes are in percentage points of return for one standard deviation of the regressor, or for
    the flag.
    """

    slopes: dict[str, float]
    errors: dict[str, float]
    partial: dict[str, float]
    n: int


def regress(returns: Array, regressors: Array) -> CrossSection:
    """Least squares with HC3 errors (MacKinnon and White 1985) over shares with all regressors known.

    ``returns`` (share,) in per cent, ``regressors`` (share, regressor) in the order of `REGRESSORS`; all but
    the flag are put in standard deviations.  A flag that is the same for all is left out.  Raises
    `FrontierError` for fewer than twenty shares.
    """
    known = np.isfinite(returns) & np.isfinite(regressors).all(axis=1)
    if known.sum() < FEWEST:
        raise FrontierError(f"Only {known.sum()} shares have all regressors; a cross-section needs {FEWEST}.")
    x = regressors[known].astype(float)
    x[:, :-1] = (x[:, :-1] - x[:, :-1].mean(axis=0)) / x[:, :-1].std(axis=0, ddof=1)
    varies = np.ptp(x, axis=0) > 0
    done = sm.OLS(returns[known], np.column_stack([np.ones(len(x)), x[:, varies]])).fit()
    wald = (done.params / done.bse) ** 2  # for one slope, partial R² = t² / (t² + residual degrees)
    names = [name for name, kept in zip(REGRESSORS, varies, strict=True) if kept]
    columns = (done.params, done.HC3_se, wald / (wald + done.df_resid))
    named = (dict(zip(names, values[1:].tolist(), strict=True)) for values in columns)
    return CrossSection(*named, int(known.sum()))


def before(
    model: MarketModel,
    closes: pd.DataFrame,
    days: Sequence[int],
    suppliers: Sequence[str],
    basket: Sequence[str],
    *,
    horizon: int = YEAR,
) -> Array:
    """The regressors of all shares before each day (day, share, regressor), in the order of `REGRESSORS`."""
    gains = run_up(closes[list(model.names)], days, horizon=horizon)
    flag = np.broadcast_to(np.isin(model.names, suppliers), gains.shape)
    return np.stack([gains, basket_beta(model, basket), flag], axis=-1)


@dataclass(frozen=True)
class Study:
    """The cross-section of the event and those of the placebo days."""

    event: CrossSection
    placebo: tuple[CrossSection, ...]

    def reward(self, name: str) -> float:
        """Standard deviation over the placebo days of the slope beyond its own error: what each day pays."""
        slopes = np.array([p.slopes[name] for p in self.placebo])
        errors = np.array([p.errors[name] for p in self.placebo])
        return float(np.sqrt(max(slopes.var(ddof=1) - (errors**2).mean(), 0.0)))

    def slope(self, name: str, *, errors: str = "both", level: float = LEVEL) -> Estimate:
        """The slope with its interval, from the placebo days' quantiles of slope over error.

        The error is that of the regression ("regression"), the same for all days ("day"), or both:
        what an ordinary day pays for run-up, and the error of the regression on the day, which is
        large where the losses are uneven.  In simulated markets the first interval is too wide, the
        second too short, and "both" about right (`moat.chapters.market.simulate.slopes`).
        """
        if errors not in ERRORS:
            raise FrontierError(f"Errors are one of {', '.join(ERRORS)}, not {errors!r}.")
        reward = self.reward(name)
        scaled = [p.slopes[name] / _error(p.errors[name], reward, errors) for p in self.placebo]
        low, high = np.quantile(scaled, [(1 - level) / 2, (1 + level) / 2])
        value, error = self.event.slopes[name], _error(self.event.errors[name], reward, errors)
        method = (
            f"least squares over {self.event.n} shares; errors ({errors}) from {len(scaled)} placebo days"
        )
        ends = (float(value - error * end) for end in (high, low))
        return Estimate(value, *ends, n=self.event.n, method=method, level=level)


def _error(own: float, reward: float, errors: str) -> float:
    return {"regression": own, "day": 1.0, "both": float(np.hypot(reward, own))}[errors]


def study(values: Array, regressors: Array) -> Study:
    """Cross-sections of ``values`` (day, share) on ``regressors``; the last row is the day itself."""
    *placebo, event = (regress(v, x) for v, x in zip(values, regressors, strict=True))
    return Study(event, tuple(placebo))

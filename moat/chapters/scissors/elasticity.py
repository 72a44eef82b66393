"""By how many per cent the lag moves with the compute ratio, from a handful of half-years.

Both series wander, and two wanderers correlate by luck (Granger and Newbold 1974).  So the elasticity
is that of changes: growth of the lag from one half-year to the next on growth of the ratio, with a
constant and Student's t.  Levels are offered beside it, with the autocorrelation of what they leave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from numpy.typing import ArrayLike

from moat.errors import FrontierError
from moat.stats.estimate import Estimate

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

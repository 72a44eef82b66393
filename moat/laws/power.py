"""A power law ``y = k x^a`` through points with known spread, by weighted least squares in logs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from numpy.typing import ArrayLike

from moat.estimate import Estimate, percentile_estimate
from moat.laws.errors import BadValues, LengthMismatch, TooFewPoints
from moat.laws.resample import bootstrap_counts


@dataclass(frozen=True)
class PowerLaw:
    """Fitted ``log y = log_k + exponent log x``, natural logarithms, with bootstrap draws.

    ``draws`` has columns log_k and exponent, shape (draws, 2); points are resampled.
    """

    log_k: float
    exponent: float
    r_squared: float
    n: int
    weighted: bool
    draws: np.ndarray

    @property
    def method(self) -> str:
        kind = "weighted" if self.weighted else "ordinary"
        return f"{kind} least squares in logs, {len(self.draws):,} bootstrap draws of points"

    def estimate(self, level: float = 0.95) -> Estimate:
        """The exponent with its percentile interval."""
        return percentile_estimate(self.exponent, self.draws[:, 1], n=self.n, method=self.method, level=level)

    def at(self, x: float, level: float = 0.95) -> Estimate:
        """``k x^a`` with its percentile interval; beyond the points it is an extrapolation."""
        log_x = np.log(x)
        values = np.exp(self.draws @ [1.0, log_x])
        value = np.exp(self.log_k + self.exponent * log_x)
        return percentile_estimate(value, values, n=self.n, method=self.method, level=level)


def fit_power(
    x: ArrayLike, y: ArrayLike, *, log_sd: ArrayLike | None = None, draws: int = 1000, seed: int = 0
) -> PowerLaw:
    """Fit ``y = k x^a``; points weigh as 1 / log_sd^2 where the spread of log y is given.

    Raises `LengthMismatch`, `BadValues` for what is not positive and finite, and
    `TooFewPoints` for fewer than three points.

    >>> fit = fit_power([1e18, 1e19, 1e20, 1e21], [2e8, 6.3e8, 2e9, 6.3e9], draws=0)
    >>> round(fit.exponent, 2)
    0.5
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    spread = np.ones_like(x) if log_sd is None else np.asarray(log_sd, float)
    if not len(x) == len(y) == len(spread):
        raise LengthMismatch(f"x, y and log_sd differ in length: {len(x)}, {len(y)}, {len(spread)}.")
    for name, values in (("x", x), ("y", y), ("log_sd", spread)):
        if not (np.isfinite(values) & (values > 0)).all():
            raise BadValues(f"Every {name} must be a positive finite number; drop or mend the others first.")
    if len(x) < 3:
        raise TooFewPoints(f"{len(x)} points cannot show how well a power law fits; give at least three.")
    weights = spread**-2
    base = sm.WLS(np.log(y), sm.add_constant(np.log(x)), weights=weights).fit()
    replicates = _replicates(np.log(x), np.log(y), weights, draws, seed)
    slope = float(base.params[1])
    return PowerLaw(
        float(base.params[0]), slope, float(base.rsquared), len(x), log_sd is not None, replicates
    )


def _replicates(x, y, weights, draws: int, seed: int) -> np.ndarray:
    """Closed form of every draw at once; draws of a single point over and over are left out."""
    if not draws:
        return np.empty((0, 2))
    count = bootstrap_counts(np.arange(len(x)), draws, seed) * weights
    total = count.sum(axis=1)
    centre_x, centre_y = (count @ v / total for v in (x, y))
    spread = (count * (x - centre_x[:, None]) ** 2).sum(axis=1)
    shared = (count * (x - centre_x[:, None]) * (y - centre_y[:, None])).sum(axis=1)
    good = spread > 1e-12 * total
    slope = shared[good] / spread[good]
    return np.column_stack([centre_y[good] - slope * centre_x[good], slope])

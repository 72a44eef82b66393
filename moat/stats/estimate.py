"""A number with its interval: what every estimator returns and every finding keeps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from moat.errors import MoatError


@dataclass(frozen=True)
class Estimate:
    """A point estimate, its interval at ``level``, the sample size and the method.

    >>> Estimate(0.34, 0.31, 0.37, n=240, method="bootstrap of runs").half_width
    0.03
    """

    value: float
    low: float
    high: float
    n: int
    method: str
    level: float = 0.95

    def __post_init__(self) -> None:
        if not all(math.isfinite(x) for x in (self.value, self.low, self.high)):
            raise MoatError(
                f"An estimate must be finite, not {self.value} [{self.low}, {self.high}]; "
                "look at the status of the fit that made it."
            )
        if self.low > self.high:
            raise MoatError(f"The interval [{self.low}, {self.high}] is upside down.")

    def __neg__(self) -> Estimate:
        """The same quantity with the other sign: a gain of one side as a loss of the other."""
        return Estimate(-self.value, -self.high, -self.low, self.n, self.method, self.level)

    @property
    def half_width(self) -> float:
        return round((self.high - self.low) / 2, 15)


def percentile_estimate(
    value: float, replicates: ArrayLike, *, n: int, method: str, level: float = 0.95
) -> Estimate:
    """The percentile interval of ``replicates`` (Efron and Tibshirani 1993, chapter 13)."""
    tail = (1 - level) / 2
    low, high = np.quantile(np.asarray(replicates, float), [tail, 1 - tail])
    return Estimate(float(value), float(low), float(high), n=n, method=method, level=level)


def sample_estimate(
    values: ArrayLike, statistic: Callable, *, draws: int, seed: int, what: str, level: float = 0.95
) -> Estimate:
    """A statistic of independent ``values`` (n,) with its bootstrap percentile interval.

    ``statistic`` takes ``axis``, as numpy's do; ``what`` names it in the provenance.

    >>> sample_estimate([1.0, 2.0, 3.0, 4.0], np.mean, draws=200, seed=0, what="mean").value
    2.5
    """
    from scipy import stats  # a second of import time that a fit does not need

    values = np.asarray(values, float)
    if len(values) < 2:
        raise MoatError(f"An interval for the {what} needs at least two values, not {len(values)}.")
    result = stats.bootstrap(
        (values,), statistic, n_resamples=draws, method="percentile", confidence_level=level,
        rng=np.random.default_rng(seed), batch=max(1, 1_000_000 // len(values)),
    )  # fmt: skip
    low, high = result.confidence_interval
    method = f"{what}, {draws:,} bootstrap draws"
    return Estimate(
        float(statistic(values, axis=-1)), float(low), float(high), n=len(values), method=method, level=level
    )


def share_interval(
    hits: float, n: float, *, level: float = 0.95, how: Literal["wilson", "beta"] = "wilson"
) -> tuple[float, float]:
    """Ends of the interval of a share, in per cent: Wilson's (1927) or Clopper and Pearson's (1934, "beta").

    ``hits`` and ``n`` need not be whole numbers: a sample in clusters has an effective size.

    >>> [round(end, 1) for end in share_interval(111, 201, level=0.9, how="beta")]
    [49.2, 61.2]
    """
    from statsmodels.stats.proportion import proportion_confint  # see `sample_estimate`

    low, high = proportion_confint(hits, n, 1 - level, method=how)
    return 100 * float(low), 100 * float(high)


def share_estimate(hits: ArrayLike, *, method: str, level: float = 0.95) -> Estimate:
    """A share in per cent with its Wilson interval (Wilson 1927)."""
    hits = np.asarray(hits, bool)
    low, high = share_interval(int(hits.sum()), len(hits), level=level)
    value = 100 * hits.mean()
    return Estimate(value, low, high, n=len(hits), method=f"{method}; Wilson interval", level=level)

"""The likelihood that Besiroglu et al. 2024 attach to the Huber objective."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from moat.laws.engine import Array, huber


@dataclass(frozen=True)
class HuberLikelihood:
    """Maximised log likelihood and the scale that maximises it."""

    loglik: float
    scale: float


def huber_likelihood(resid: Array, delta: float = 1e-3) -> HuberLikelihood:
    """Maximise over the scale s the density ``exp(-huber(r / s, delta)) / (s Z)``.

    ``resid`` are log residuals, shape (n,).  The zone is ``delta`` of the *standardised*
    residual, as in the notebook of arXiv:2404.10102, so its effective width in log loss is
    ``delta * s``; at the scale found there (about 5e-6) that is 5e-9, which makes the
    density a Laplace density in all but name.
    """
    from scipy import optimize, stats  # slow to load, and a fit by itself needs neither

    normal = stats.norm
    inner = math.sqrt(2 * math.pi) * (normal.cdf(delta) - normal.cdf(-delta))
    constant = math.log(inner + 2 * math.exp(-(delta**2) / 2) / delta)

    def negative(log_scale: float) -> float:
        scale = math.exp(log_scale)
        return len(resid) * (log_scale + constant) + float(huber(resid / scale, delta).sum())

    # The Laplace limit has its maximum at scale = delta * mean |r|: search around it.
    guess = math.log(delta * float(np.abs(resid).mean()))
    end = optimize.minimize_scalar(
        negative, bounds=(guess - 5, guess + 5), method="bounded", options={"xatol": 1e-10}
    )
    return HuberLikelihood(loglik=-float(end.fun), scale=math.exp(end.x))


def likelihood_ratio(full: float, restricted: float, df: int) -> tuple[float, float]:
    """Statistic 2 (full - restricted) and its chi-squared p-value (Wilks 1938)."""
    from scipy import stats  # slow to load

    statistic = 2 * (full - restricted)
    return statistic, float(stats.chi2.sf(statistic, df))

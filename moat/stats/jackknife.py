"""Intervals where labs are the independent unit and the index is noisy.

A quantity is computed once for the estimate, once with each lab left out, and once for each draw
of the index.  The jackknife variance of the labs (the CV3 of MacKinnon, Nielsen and Webb 2023,
Journal of Econometrics 232) is added to the variance of the draws, and Student's t with one degree
of freedom less than labs makes the interval.  With few labs of unequal size this holds its level
where a bootstrap over labs falls short.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moat.errors import FrontierError
from moat.stats.estimate import Estimate
from moat.stats.intervals import half_width

Array = NDArray[np.float64]


def combined(
    value: float,
    left_out: Array,
    draws: Array,
    *,
    n: int,
    method: str,
    level: float = 0.9,
    exp: bool = False,
    own: float = 0.0,
) -> Estimate:
    """An estimate from its value, the values with each lab left out (g,), and those of index draws (d,).

    With ``exp`` the quantity is a log10 and the estimate is its power of ten.  ``own`` is a variance
    to add: that of what is never left out, such as the few models of a family itself.

    >>> combined(1.0, np.array([0.9, 1.1]), np.array([1.0, 1.0]), n=2, method="").half_width > 0.6
    True
    """
    groups = len(left_out)
    if groups < 2:
        raise FrontierError("An interval over labs needs at least two labs.")
    variance = (groups - 1) / groups * np.sum((left_out - left_out.mean()) ** 2)
    variance += own + (np.var(draws, ddof=1) if len(draws) > 1 else 0.0)
    half = half_width(np.sqrt(variance), groups - 1, level)
    ends = np.array([value, value - half, value + half])
    value, low, high = map(float, 10.0**ends if exp else ends)
    return Estimate(value, low, high, n=n, method=method, level=level)

"""Intervals of means, differences and sums, and the words that an interval allows.

Everything that an estimator needs beside its resampling: Student's t (one sample), Welch's (two
samples of unequal spread), the sum of independent estimates (square-and-add), and the four words of
a test of equivalence.  The formulas are those of statsmodels and scipy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from moat.errors import MoatError
from moat.stats.estimate import Estimate


def half_width(error: float, freedom: float, level: float = 0.95) -> float:
    """Half of Student's interval for a standard error with so many degrees of freedom.

    >>> round(half_width(1.0, 10), 3)
    2.228
    """
    return float(stats.t.ppf((1 + level) / 2, freedom) * error)


def mean(
    values: ArrayLike,
    *,
    method: str,
    level: float = 0.95,
    needs: str = "A mean with an interval needs at least two finite values.",
    error: type[MoatError] = MoatError,
) -> Estimate:
    """The mean of independent ``values`` (n,) with Student's interval.

    Parameters
    ----------
    values
        One number a unit.
    method
        What the estimate says of how it was made.
    needs, error
        What is said, and the class of what is raised, where there are fewer than two values or one
        of them is not finite.

    >>> found = mean([1.0, 2.0, 3.0], method="three values")
    >>> found.value, round(found.low, 3)
    (2.0, -0.484)
    """
    from statsmodels.stats.weightstats import DescrStatsW  # a second of import time

    sample = checked(values, needs, error)
    low, high = DescrStatsW(sample).tconfint_mean(alpha=1 - level)
    return Estimate(float(sample.mean()), float(low), float(high), len(sample), method, level)


def difference(
    before: ArrayLike,
    after: ArrayLike,
    *,
    method: str,
    level: float = 0.95,
    needs: str = "A difference with an interval needs two finite values on both sides.",
    error: type[MoatError] = MoatError,
) -> Estimate:
    """Mean of ``after`` less mean of ``before``, independent samples, with Welch's interval (1947).

    Parameters are those of `mean`; ``n`` counts both samples.

    >>> round(difference([1.0, 1.1, 0.9], [1.2, 1.3, 1.1], method="two arms").value, 6)
    0.2
    """
    one, two = checked(before, needs, error), checked(after, needs, error)
    low, high = stats.ttest_ind(two, one, equal_var=False).confidence_interval(level)
    value = float(two.mean() - one.mean())
    return Estimate(value, float(low), float(high), len(one) + len(two), method, level)


def checked(values: ArrayLike, needs: str, error: type[MoatError]) -> np.ndarray:
    """``values`` as floats (n,).  Raises ``error`` with ``needs`` unless they are two or more, all finite."""
    sample = np.asarray(values, float)
    if sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all():
        raise error(needs)
    return sample


def equivalence(found: Estimate, margin: float) -> str:
    """Two one-sided tests of a gain against ``margin``, fixed beforehand (Schuirmann 1987).

    "equal" when the interval lies inside the margin, "worse" or "better" when it lies wholly outside on
    that side, else "undecided".  ``found`` has the level 1 - 2 alpha; more of it is better.

    >>> equivalence(Estimate(0.1, -0.2, 0.4, n=9, method="", level=0.9), 0.5)
    'equal'
    """
    if -margin < found.low and found.high < margin:
        return "equal"
    if found.high < -margin:
        return "worse"
    return "better" if found.low > margin else "undecided"


def square_and_add(parts: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    """Value, low and high of the sum of independent ``parts``, each a value, low and high.

    The distances to the ends are squared and added side by side, so that lopsided intervals stay
    lopsided (Zou and Donner 2008, Statistics in Medicine 27; for two shares, Newcombe 1998, method 10).

    >>> square_and_add([(1.0, -2.0, 4.0), (2.0, -2.0, 6.0)])
    (3.0, -2.0, 8.0)
    """
    value, low, high = np.array(parts, float).T
    total = value.sum()
    below, above = np.linalg.norm(value - low), np.linalg.norm(high - value)
    return float(total), float(total - below), float(total + above)

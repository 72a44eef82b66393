"""Steps of a frontier: by how much each record lifted it, and whether one was a leap."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moat.errors import FrontierError

Array = NDArray[np.float64]


def steps(ability: ArrayLike, days: ArrayLike) -> Array:
    """By how much each model lifted the best so far, in order of date, (draws, n); zero if it did not.

    ``ability`` (draws, n) in index points, ``days`` (n,).  The first model has no step and gets nan.

    >>> steps([[1.0, 3.0, 2.0, 7.0]], [1, 2, 3, 4])
    array([[nan,  2.,  0.,  4.]])
    """
    order = np.argsort(days, kind="stable")
    best = np.maximum.accumulate(np.atleast_2d(np.asarray(ability, float))[:, order], axis=1)
    found = np.full_like(best, np.nan)
    found[:, 1:] = np.diff(best, axis=1)
    back = np.empty_like(found)
    back[:, order] = found
    return back


def excess(ability: ArrayLike, days: ArrayLike, one: int, quantile: float = 0.95) -> Array:
    """A model's step less the ``quantile`` of the frontier's earlier steps, (draws,) in index points.

    ``one`` is its column.  Draws with fewer than three earlier steps are nan.  Raises `FrontierError` for a
    quantile outside (0, 1) or where the estimate has fewer than three.
    """
    if not 0 < quantile < 1:
        raise FrontierError(f"A quantile lies between 0 and 1, not at {quantile:g}.")
    days = np.asarray(days, float)
    found = steps(ability, days)
    before = found[:, days < days[one]]
    counts = (before > 0).sum(axis=1)
    if counts[0] < 3:
        raise FrontierError(f"A leap is judged against at least three earlier steps, not {counts[0]}.")
    positive = np.where(before > 0, before, np.nan)
    with np.errstate(all="ignore"):
        bar = np.nanquantile(np.where(counts[:, None] >= 3, positive, 0.0), quantile, axis=1)
    return np.where(counts >= 3, found[:, one] - bar, np.nan)

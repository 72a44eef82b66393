"""Bootstrap draws as integer weights, resampling the independent unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bootstrap_counts(units: NDArray, draws: int, seed: int) -> NDArray[np.uint16]:
    """How often each row occurs in each draw, shape (draws, n).

    ``units`` (n,) labels the independent unit of each row (its run, its cluster).  Units
    are drawn with replacement, as many as there are; all rows of a unit come together.

    >>> bootstrap_counts(np.array(["a", "a", "b"]), draws=2, seed=1)
    array([[1, 1, 1],
           [0, 0, 2]], dtype=uint16)
    """
    codes = np.unique(units, return_inverse=True)[1]
    count = int(codes.max()) + 1
    drawn = np.random.default_rng(seed).integers(0, count, (draws, count))
    drawn += np.arange(draws)[:, None] * count
    counts = np.bincount(drawn.ravel(), minlength=draws * count).reshape(draws, count)
    return counts.astype(np.uint16)[:, codes]


def distinct_units(counts: NDArray, units: NDArray) -> NDArray:
    """How many different units each draw holds, shape (draws,)."""
    first = np.unique(units, return_index=True)[1]
    return (counts[:, first] > 0).sum(axis=1)

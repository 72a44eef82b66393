"""Simulation and extrapolation against errors in a regressor (Cook and Stefanski 1994, JASA 89).

More noise of the known size is added to the regressor, the estimate is watched as it grows worse,
and the curve is followed back to no noise at all.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moat.errors import FrontierError

STEPS = (0.5, 1.0, 1.5, 2.0)

Array = NDArray[np.float64]


def simex(
    estimate: Callable[[Array], Array], x: ArrayLike, sd: ArrayLike, *, repeats: int = 50, seed: int = 0
) -> Array:
    """``estimate(x)`` as it would be without the error of standard deviation ``sd`` (n,) in ``x`` (n,).

    ``estimate`` may give an array of any shape.  Noise of 0.5 to 2 times the variance is added
    ``repeats`` times each, and a quadratic through the means is read at minus one.  The noise comes
    in pairs of opposite sign.  The quadratic corrects most but not all of a strong attenuation.

    >>> x = np.linspace(0, 1, 9)
    >>> float(simex(lambda x: np.array(x.sum()), x, np.zeros(9)).round(6))
    4.5
    """
    x, sd = np.asarray(x, float), np.asarray(sd, float)
    if x.shape != sd.shape or (sd < 0).any():
        raise FrontierError("SIMEX needs one error size, not negative, for every value.")
    noise = np.random.default_rng(seed).standard_normal((repeats // 2, len(x)))
    noise = np.vstack([noise, -noise]) * sd
    steps = np.array([0.0, *STEPS])
    means = [np.asarray(estimate(x), float)]
    means += [np.mean([estimate(x + np.sqrt(step) * z) for z in noise], axis=0) for step in STEPS]
    basis = np.vander(steps, 3)
    back = np.array([1.0, -1.0, 1.0]) @ np.linalg.pinv(basis)
    return np.tensordot(back, np.array(means), axes=1)

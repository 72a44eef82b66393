"""What a per cent of loss is worth: from a relative loss to the compute that would make up for it.

Papers on low precision report how much worse the loss became, in per cent; budgets are in
compute.  The two are far apart, because most of a loss is irreducible: a run that is worse by a
small share of all its loss is worse by a larger share of what compute can still remove, and
what remains falls by a small power of compute.  A relative loss is the same number in nats
per token and in bits per byte, so prices from different collections of text can be compared.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.laws.chinchilla import Chinchilla


def compute_lost(
    law: Chinchilla, params: pd.Series | pd.DataFrame, flop: ArrayLike, worse: float
) -> np.ndarray:
    """Share of ``flop`` that a loss higher by the share ``worse`` throws away.

    A run at the best split that is worse by that much could have had its loss from one minus the
    result of its compute.  Shape (budgets,) for one set of parameters, (draws, budgets) for a frame.

    >>> truth = pd.Series({"E": 1.8, "A": 420.0, "B": 2600.0, "alpha": 0.34, "beta": 0.37})
    >>> compute_lost(Chinchilla(), truth, [1e20, 1e24], 0.0025).round(3)
    array([0.045, 0.161])
    """
    loss, above = _best(law, params, flop)
    return 1 - (1 + worse * loss / above) ** (-1 / _exponent(law, params))


def tokens_lost(params: pd.Series | pd.DataFrame, size: float, tokens: float, worse: float) -> ArrayLike:
    """The same for a model whose size is settled: share of its ``tokens`` that is thrown away."""
    text = params["B"] * tokens ** -params["beta"]
    loss = params["E"] + params["A"] * size ** -params["alpha"] + text
    return 1 - (1 + worse * loss / text) ** (-1 / params["beta"])


def break_even(
    law: Chinchilla, params: pd.Series | pd.DataFrame, flop: ArrayLike, speed: float
) -> np.ndarray:
    """The relative rise of the loss that uses up a gain in speed.

    In the same time a run that is ``speed`` times as fast does ``speed`` times ``flop``; a loss
    higher by the result puts it back to where the slow run ends.
    """
    loss, above = _best(law, params, flop)
    gained = (1 - speed ** -_exponent(law, params)) * above
    return gained / (loss - gained)


def _best(
    law: Chinchilla, params: pd.Series | pd.DataFrame, flop: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Loss at the best split of each budget, and what of it lies above E."""
    loss = law.optimal(params, flop)["loss"]
    return loss, loss - np.asarray(params["E"], float)[..., None]


def _exponent(law: Chinchilla, params: pd.Series | pd.DataFrame) -> np.ndarray:
    return np.asarray(law.compute_exponent(params), float)[..., None]

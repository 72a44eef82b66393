"""The best split of a budget for a law that has no closed form for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.errors import BadValues, FitError
from moat.laws.chinchilla import FLOP_PER_PARAM_TOKEN
from moat.laws.law import Law


def best_split(law: Law, params: pd.Series, flop: ArrayLike, **held: float | str) -> pd.DataFrame:
    """The params and tokens of lowest loss with ``flop = 6 params tokens``, by bounded search.

    ``held`` gives the law's other columns, as ``unique_tokens=1e9`` or ``format="int4"``.
    Returns columns params, tokens and loss, by flop.  Raises `BadValues` for a budget that is not
    positive, and `FitError` where the loss falls all the way to an end of the search (a ratio
    of tokens to parameters beyond a billion either way).
    """
    from scipy import optimize  # slow to load, and only this needs it

    rows = []
    for budget in np.atleast_1d(np.asarray(flop, float)):
        if not (np.isfinite(budget) and budget > 0):
            raise BadValues("A training budget must be a positive number of FLOP.")
        centre = 0.5 * np.log(budget / FLOP_PER_PARAM_TOKEN)

        def frame(log_size: float, budget: float = budget) -> pd.DataFrame:
            size = np.exp(log_size)
            tokens = budget / FLOP_PER_PARAM_TOKEN / size
            return pd.DataFrame({"params": [size], "tokens": [tokens], **held})

        def loss(log_size: float, frame: Callable[[float], pd.DataFrame] = frame) -> float:
            return float(law.predict(params, frame(log_size))[0])

        # Half the log of a ratio of 1e9 to each side; a kink in the law is no obstacle.
        ends = centre + np.array([-1, 1]) * 0.5 * np.log(1e9)
        grid = np.linspace(ends[0], ends[1], 201)
        lowest = int(np.argmin([loss(x) for x in grid]))
        if lowest in (0, len(grid) - 1):
            raise FitError(f"No compute-optimal point for {budget:g} FLOP: the loss falls without end.")
        around = (grid[lowest - 1], grid[lowest + 1])
        end = optimize.minimize_scalar(loss, bounds=around, method="bounded", options={"xatol": 1e-10})
        rows.append(frame(float(end.x))[["params", "tokens"]].assign(loss=end.fun, flop=budget))
    return pd.concat(rows).set_index("flop")

"""What a repeated token is worth: the data-constrained law of Muennighoff et al. 2023.

Tokens seen again, and parameters beyond what the unique tokens can feed, lose value
exponentially (arXiv:2305.16264, equations 5 and 6).  The base law is held fixed; two decay
constants remain.  Two numbers can be tried out exhaustively: the objective of every run is
tabulated on a grid once, and a bootstrap draw is a weighted sum of that table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import optimize

from moat.estimate import Estimate, percentile_estimate
from moat.laws.engine import huber
from moat.laws.errors import BadValues, MissingColumns, TooFewPoints
from moat.laws.resample import bootstrap_counts

COLUMNS = ("params", "tokens", "unique_tokens", "loss")
#: The grid of the decay constants; beyond its ends the objective no longer changes.
R_DATA, R_SIZE = np.geomspace(1, 1e4, 161), np.geomspace(0.1, 1e3, 121)
CHUNK = 200


@dataclass(frozen=True)
class RepeatedLaw:
    """``base`` holds E, A, B and one exponent alpha; ``r_data`` and ``r_size`` are decay constants.

    >>> base = pd.Series({"E": 1.87, "A": 521.0, "B": 1488.0, "alpha": 0.353})
    >>> RepeatedLaw(base, 15.4, 5.3).effective_epochs([1, 4, 40]).round(1).tolist()
    [1.0, 3.7, 15.2]
    """

    base: pd.Series
    r_data: float
    r_size: float

    def best_size(self, unique_tokens: ArrayLike) -> np.ndarray:
        """Parameters that the base law finds compute-optimal for that many unique tokens."""
        ratio = (self.base["A"] / self.base["B"]) ** (1 / self.base["alpha"])
        return ratio * np.asarray(unique_tokens, float)

    def effective_epochs(self, epochs: ArrayLike) -> np.ndarray:
        """How many passes over fresh data that many passes over the same data are worth."""
        return 1 + _decayed(np.asarray(epochs, float) - 1, self.r_data)

    def predict(self, runs: pd.DataFrame) -> np.ndarray:
        """Loss in nats per token at each row of params, tokens, unique_tokens."""
        size, tokens, unique = (runs[c].to_numpy(float) for c in COLUMNS[:3])
        unique = np.minimum(unique, tokens)
        fed = np.minimum(self.best_size(unique), size)
        worth_size = fed * (1 + _decayed(size / fed - 1, self.r_size))
        worth_tokens = unique * (1 + _decayed(tokens / unique - 1, self.r_data))
        E, A, B, alpha = self.base[["E", "A", "B", "alpha"]]
        return E + A * worth_size**-alpha + B * worth_tokens**-alpha


def _decayed(repeats: np.ndarray, constant: float) -> np.ndarray:
    # expm1 keeps the digits that 1 - exp loses when the constant is large.
    return -constant * np.expm1(-repeats / constant)


@dataclass(frozen=True)
class RepeatedFit:
    """The minimum, the objective profiled over ``r_data``, and bootstrap draws of both constants.

    ``profile`` has columns r_data and objective (the lowest over r_size).  ``draws`` has shape
    (draws, 2).  ``at_end`` is the share of draws at an end of the grid of r_data:
    they are not bounded on that side.
    """

    law: RepeatedLaw
    objective: float
    n: int
    profile: pd.DataFrame
    draws: np.ndarray

    @property
    def at_end(self) -> float:
        low, high = R_DATA[[0, -1]]
        return float(((self.draws[:, 0] < 1.001 * low) | (self.draws[:, 0] > 0.999 * high)).mean())

    @property
    def method(self) -> str:
        return f"Huber on log loss, base law held, {len(self.draws):,} bootstrap draws of runs on a grid"

    def r_data(self) -> Estimate:
        return percentile_estimate(self.law.r_data, self.draws[:, 0], n=self.n, method=self.method)

    def effective_epochs(self, epochs: float) -> Estimate:
        """Worth of ``epochs`` passes with its interval."""
        again = [1 + _decayed(np.array(epochs - 1.0), r) for r in self.draws[:, 0]]
        value = float(self.law.effective_epochs(epochs))
        return percentile_estimate(value, again, n=self.n, method=self.method)


def objective(law: RepeatedLaw, runs: pd.DataFrame, delta: float = 1e-3) -> float:
    """The sum over runs of Huber(log residual)."""
    return float(huber(np.log(runs["loss"]) - np.log(law.predict(runs)), delta).sum())


def fit_repeated(
    base: pd.Series, runs: pd.DataFrame, *, delta: float = 1e-3, draws: int = 1000, seed: int = 0
) -> RepeatedFit:
    """Find both decay constants on the grid, polish the minimum, bootstrap runs.

    Raises `MissingColumns`, `BadValues` or `TooFewPoints`.
    """
    missing = [c for c in COLUMNS if c not in runs]
    if missing:
        raise MissingColumns(f"The table of runs has no column {', '.join(map(repr, missing))}.")
    values = runs[list(COLUMNS)].to_numpy(float)
    if not (np.isfinite(values) & (values > 0)).all():
        raise BadValues("Sizes, tokens and losses must be positive finite numbers; drop or mend the others.")
    if len(runs) < 4:
        raise TooFewPoints(f"{len(runs)} runs cannot determine two decay constants; give at least four.")
    table = _table(base, runs, delta)
    total = table.sum(axis=0).reshape(len(R_DATA), len(R_SIZE))
    law, lowest = _polish(base, runs, delta, total)
    profile = pd.DataFrame({"r_data": R_DATA, "objective": total.min(axis=1)})
    return RepeatedFit(law, lowest, len(runs), profile, _draws(table, draws, seed))


def _table(base: pd.Series, runs: pd.DataFrame, delta: float) -> np.ndarray:
    """Huber of every run at every grid point, shape (n, grid).  The two terms separate."""
    size, tokens, unique = (runs[c].to_numpy(float) for c in COLUMNS[:3])
    unique = np.minimum(unique, tokens)
    fed = np.minimum(RepeatedLaw(base, 1.0, 1.0).best_size(unique), size)
    E, A, B, alpha = base[["E", "A", "B", "alpha"]]
    worth = [u[:, None] * (1 + _decayed((v / u - 1)[:, None], grid))
             for u, v, grid in ((unique, tokens, R_DATA), (fed, size, R_SIZE))]  # fmt: skip
    loss = E + (B * worth[0] ** -alpha)[:, :, None] + (A * worth[1] ** -alpha)[:, None, :]
    resid = np.log(runs["loss"].to_numpy())[:, None, None] - np.log(loss)
    return huber(resid, delta).reshape(len(runs), -1)


def _polish(
    base: pd.Series, runs: pd.DataFrame, delta: float, total: np.ndarray
) -> tuple[RepeatedLaw, float]:
    i, j = np.unravel_index(int(total.argmin()), total.shape)

    def scaled(logs: np.ndarray) -> float:
        return 1e6 * objective(RepeatedLaw(base, *np.exp(logs)), runs, delta)

    start = np.log([R_DATA[i], R_SIZE[j]])
    ends = [tuple(np.log(grid[[0, -1]])) for grid in (R_DATA, R_SIZE)]
    tight = {"xatol": 1e-8, "fatol": 1e-9}
    end = optimize.minimize(scaled, start, method="Nelder-Mead", bounds=ends, options=tight)
    return RepeatedLaw(base, *np.exp(end.x)), end.fun / 1e6


def _draws(table: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Both constants of every draw: the lowest point of the grid, refined by a local paraboloid."""
    counts = bootstrap_counts(np.arange(len(table)), draws, seed) if draws else np.empty((0, len(table)))
    found = [_lowest(counts[k : k + CHUNK] @ table) for k in range(0, draws, CHUNK)]
    return np.concatenate(found) if found else np.empty((0, 2))


def _lowest(total: np.ndarray) -> np.ndarray:
    """Constants (draws, 2) of the lowest value of each row; at an end of the grid, that end."""
    shape = (len(R_DATA), len(R_SIZE))
    where = np.array(np.unravel_index(total.argmin(axis=1), shape))
    middle = np.clip(where, 1, np.array(shape)[:, None] - 2)
    cube = total.reshape(len(total), *shape)
    near = {
        (a, b): cube[np.arange(len(total)), middle[0] + a, middle[1] + b]
        for a in (-1, 0, 1)
        for b in (-1, 0, 1)
    }
    slope = np.array([near[1, 0] - near[-1, 0], near[0, 1] - near[0, -1]]) / 2
    bend = np.array([near[1, 0] + near[-1, 0], near[0, 1] + near[0, -1]]) - 2 * near[0, 0]
    twist = (near[1, 1] - near[1, -1] - near[-1, 1] + near[-1, -1]) / 4
    area = bend[0] * bend[1] - twist**2
    with np.errstate(all="ignore"):
        step = (
            -np.array([bend[1] * slope[0] - twist * slope[1], bend[0] * slope[1] - twist * slope[0]]) / area
        )
    good = (
        (area > 0) & (bend > 0).all(axis=0) & (np.abs(step) <= 1).all(axis=0) & (where == middle).all(axis=0)
    )
    at = where + np.where(good, step, 0.0)
    grids = (R_DATA, R_SIZE)
    return np.column_stack(
        [np.exp(np.interp(at[k], np.arange(len(g)), np.log(g))) for k, g in enumerate(grids)]
    )

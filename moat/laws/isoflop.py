"""Where the loss is lowest along slices of equal compute, by parabola or by interpolation.

Approach 2 of Hoffmann et al. 2022 (arXiv:2203.15556, section 3.2) fits a parabola to the loss
against the logarithm of size on each slice.  Porian et al. 2024 (arXiv:2406.19146) interpolate
with Akima's spline instead.  The two disagree where slices are wide or lopsided.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.errors import FitError, MissingColumns, TooFewPoints
from moat.laws.fit import Fit
from moat.laws.power import Power
from moat.laws.rows import numbers

METHODS = ("akima", "parabola")
#: Points of the grid on which the interpolated curve is searched.
GRID = 500
MIN_POINTS = {"akima": 5, "parabola": 4}


def slice_optimum(size: ArrayLike, loss: ArrayLike, method: str = "akima") -> float:
    """The size of lowest loss on one slice; NaN where the lowest is at an end of the slice.

    Raises `FitError` for an unknown method and `TooFewPoints` for a slice of too few sizes.

    >>> size = np.array([1e8, 2e8, 4e8, 8e8, 16e8])
    >>> round(slice_optimum(size, 3 + np.log(size / 4e8) ** 2, "parabola") / 1e8, 6)
    4.0
    """
    if method not in METHODS:
        raise FitError(f"Unknown method {method!r}; use one of {', '.join(METHODS)}.")
    table = pd.Series(np.asarray(loss, float), index=np.log(np.asarray(size, float)))
    curve = table.groupby(level=0).mean()  # runs of the same size on one slice count as one
    if len(curve) < MIN_POINTS[method]:
        raise TooFewPoints(f"A slice of {len(curve)} sizes is too short for {method}; drop it.")
    x, y = curve.index.to_numpy(), curve.to_numpy()
    best = _interpolated(x, y) if method == "akima" else _vertex(x, y)
    return float(np.exp(best))


def _interpolated(x: np.ndarray, y: np.ndarray) -> float:
    from scipy.interpolate import Akima1DInterpolator  # slow to load, and only this needs it

    grid = np.linspace(x[0], x[-1], GRID)
    values = Akima1DInterpolator(x, y)(grid)
    lowest = int(np.argmin(values))
    return grid[lowest] if 0 < lowest < GRID - 1 else np.nan


def _vertex(x: np.ndarray, y: np.ndarray) -> float:
    centre = x.mean()
    bend, slope, _ = np.polyfit(x - centre, y, 2)
    if bend <= 0:
        return np.nan
    best = centre - slope / (2 * bend)
    return best if x[0] < best < x[-1] else np.nan


def optima(
    runs: pd.DataFrame,
    *,
    by: str = "flop",
    size: str = "params",
    loss: str = "loss",
    method: str = "akima",
    noise: float = 0.0,
    draws: int = 0,
    seed: int = 0,
) -> pd.DataFrame:
    """The optimum of every slice that has one inside, with the spread that noise gives it.

    Returns columns ``by``, value, log_sd, n, inside.  ``noise`` is the standard deviation of
    the log loss; each of ``draws`` adds such noise to every run and looks again.  ``inside``
    is the share of draws with an optimum inside the slice, 1 when draws is 0.  Slices too
    short for the method, or with their lowest loss at an end, are left out.

    Raises `MissingColumns`, or `BadValues` for a value that is not a positive number.
    """
    missing = [c for c in (by, size, loss) if c not in runs]
    if missing:
        raise MissingColumns(f"The table of runs has no column {', '.join(map(repr, missing))}.")
    runs = runs.assign(**{c: numbers(runs[c]) for c in (by, size, loss)})
    rng = np.random.default_rng(seed)
    rows = []
    for budget, slice_ in runs.groupby(by):
        if slice_[size].nunique() < MIN_POINTS.get(method, 0):
            continue
        value = slice_optimum(slice_[size], slice_[loss], method)
        shaken = slice_[loss].to_numpy() * np.exp(rng.normal(0, noise, (draws, len(slice_))))
        again = np.log([slice_optimum(slice_[size], losses, method) for losses in shaken])
        inside = np.isfinite(again)
        spread = again[inside].std() if inside.sum() > 1 else np.nan
        rows.append((budget, value, spread, len(slice_), inside.mean() if draws else 1.0))
    table = pd.DataFrame(rows, columns=[by, "value", "log_sd", "n", "inside"])
    return table[np.isfinite(table["value"])].reset_index(drop=True)


@dataclass(frozen=True)
class IsoFlop:
    """The power law of compute-optimal size on compute, by way of the lowest point of each slice.

    ``size`` names the column that is optimised; the fit's target is its best value, against
    the budgets of column ``flop``.

    >>> size, flop = np.tile(np.geomspace(1e8, 1e11, 9), 3), np.repeat([1e18, 1e19, 1e20], 9)
    >>> loss = 2 + 0.01 * np.log(size / flop**0.5) ** 2
    >>> fit = IsoFlop("parabola").fit(pd.DataFrame({"params": size, "flop": flop, "loss": loss}), draws=0)
    >>> round(float(fit.params["exponent"]), 6)
    0.5
    """

    method: str = "akima"
    size: str = "params"

    def fit(self, runs: pd.DataFrame, *, noise: float = 0.0, draws: int = 1000, seed: int = 0) -> Fit:
        """Fit `Power` to the `optima` of ``runs``, resampling slices.

        With ``noise``, the standard deviation of the log loss, slices weigh as one over the
        variance that such noise gives their optimum, from 200 shaken copies of each.
        Raises what `optima` and `Power.fit` raise, and `TooFewPoints` for fewer than three optima.
        """
        shaken = 200 if noise else 0
        best = optima(runs, size=self.size, method=self.method, noise=noise, draws=shaken, seed=seed)
        if len(best) < 3:
            raise TooFewPoints(
                f"{len(best)} of {runs['flop'].nunique()} slices of equal 'flop' hold "
                f"{MIN_POINTS[self.method]} sizes or more and their lowest loss inside; give at least 3."
            )
        best = best.assign(weight=best["log_sd"] ** -2) if noise else best
        return Power().fit(best, weights="weight" if noise else None, draws=draws, seed=seed)

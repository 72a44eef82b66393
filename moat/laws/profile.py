"""Profile intervals: how much worse the fit gets when one parameter is held.

The drop in the objective has no textbook scale: with delta far below the residuals the
Huber objective is almost an absolute deviation, and a likelihood cut-off assumes a shape of
the noise.  So the cut-off is taken from the bootstrap: in each draw the full-data estimate
plays the truth, and the cut-off is the quantile of what holding it costs.
``tests/laws/test_coverage.py`` holds it to its rate; ``benchmarks/coverage.py`` compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.errors import FitError
from moat.laws import engine
from moat.laws.coordinates import Coordinates
from moat.laws.engine import Array
from moat.laws.resample import bootstrap_counts

if TYPE_CHECKING:
    from moat.laws.fit import Fit

POINTS = 61
#: Standard errors to each side of the estimate that the profile spans.
REACH = 5.0


@dataclass(frozen=True)
class Profile:
    """``curve`` has columns value and rise (objective above its minimum)."""

    name: str
    curve: pd.DataFrame
    cutoff: float
    interval: tuple[float, float]


def profile(fit: Fit, name: str, *, alpha: float = 0.05, draws: int | None = None) -> Profile:
    """The profile of one parameter and its bootstrap-calibrated interval.

    Raises `FitError` when the profile does not rise above the cut-off on both sides within
    `REACH` standard errors: the parameter is then not bounded by the data.
    """
    if fit.replicates.empty:
        raise FitError("A profile needs bootstrap draws for its cut-off; call fit(..., draws=1000).")
    features = fit.law.coordinates(fit.data, uncentred=name)
    theta = features.inverse(fit.params.to_numpy())[0]
    held = list(fit.law.names).index(name)
    damping = fit.damping(features, theta)

    # The other parameters start where the bootstrap cloud says they go with the held one.
    cloud = np.cov(features.inverse(fit.replicates.to_numpy()), rowvar=False)
    along = cloud[held] / np.sqrt(cloud[held, held])
    start = theta + np.linspace(-REACH, REACH, POINTS)[:, None] * along
    end = _walk(features, fit, start, held, damping)
    if not end.finished.all():
        raise FitError(f"The profile of {name!r} did not converge at {(~end.finished).sum()} points.")

    counts = bootstrap_counts(fit.units, draws or len(fit.replicates), fit.seed)
    cutoff = float(np.quantile(_costs(features, fit, theta, held, counts, damping), 1 - alpha))
    natural = features.natural(end.theta)[:, held]
    curve = pd.DataFrame({"value": natural, "rise": np.maximum(end.objective - fit.objective, 0.0)})
    return Profile(name, curve, cutoff, crossings(curve, cutoff, name))


def _walk(features: Coordinates, fit: Fit, start: Array, held: int, damping: Array) -> engine.Minimum:
    """Minimise at every held value at once, from the estimate."""
    weights = np.ones((len(start), fit.nobs), np.uint8)
    return engine.minimise(fit.problem(features, weights, fixed=(held,)), start, damping)


def _costs(
    features: Coordinates, fit: Fit, theta: Array, held: int, counts: NDArray, damping: Array
) -> Array:
    """What holding the parameter at its estimate costs in each bootstrap draw."""
    ends = []
    for fixed in ((held,), ()):
        ends.append(engine.minimise(fit.problem(features, counts, fixed=fixed), theta, damping))
    both = ends[0].finished & ends[1].finished
    return (ends[0].objective - ends[1].objective)[both]


def crossings(curve: pd.DataFrame, cutoff: float, name: str) -> tuple[float, float]:
    """Where a profile rises above ``cutoff`` on either side of its lowest point.

    Raises `FitError` where it does not.
    """
    value, rise = curve["value"].to_numpy(), curve["rise"].to_numpy()
    middle = int(np.argmin(rise))
    low = _cross(value[: middle + 1][::-1], rise[: middle + 1][::-1], cutoff)
    high = _cross(value[middle:], rise[middle:], cutoff)
    if low is None or high is None:
        raise FitError(
            f"The profile of {name!r} stays below its cut-off within {REACH:g} standard errors; "
            "the data do not bound it."
        )
    return low, high


def _cross(value: np.ndarray, rise: np.ndarray, cutoff: float) -> float | None:
    """Where the rise first exceeds the cut-off, by linear interpolation."""
    above = np.flatnonzero(rise > cutoff)
    if not len(above):
        return None
    i = int(above[0])
    share = (cutoff - rise[i - 1]) / (rise[i] - rise[i - 1])
    return float(value[i - 1] + share * (value[i] - value[i - 1]))


def profile_curve(fit: Fit, name: str, values: np.ndarray) -> pd.DataFrame:
    """The lowest objective at each held value of one parameter: columns value and objective.

    Each value starts from the estimate and from the law's own starts that are best there, so
    that the curve is the lower envelope of what was found.
    """
    features = fit.law.coordinates(fit.data, uncentred=name)
    held = list(fit.law.names).index(name)
    theta = features.inverse(fit.params.to_numpy())[0]
    damping = fit.damping(features, theta)
    proposed = features.natural(fit.law.starts(features, fit.data[fit.target].to_numpy(), fit.scale))
    proposed[:, held] = fit.params[name]
    others = np.unique(proposed, axis=0)
    starts = [np.tile(fit.params.to_numpy(), (len(values), 1)), np.empty((len(values), len(theta)))]
    for i, value in enumerate(values):
        others[:, held] = value
        fitted = fit.law.predict(pd.DataFrame(others, columns=list(fit.law.names)), fit.data)
        resid = fit.observed - (np.log(fitted) if fit.scale == "log" else fitted)
        starts[1][i] = others[np.argmin(engine.huber(resid, fit.delta) @ fit.row_weights)]
    starts[0][:, held] = values
    ends = [_walk(features, fit, features.inverse(start), held, damping).objective for start in starts]
    return pd.DataFrame({"value": values, "objective": np.min(ends, axis=0)})

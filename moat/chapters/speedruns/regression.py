"""The usual way to date progress, a regression of log time on date; how often its interval is right; grids.

Every record stands on the ones before it: an early leap moves all later points together.  Ordinary
least squares counts them as independent and is sure of itself.  `coverage` measures that in worlds
with a known pace, drawn from the improvements at hand.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from moat.chapters.speedruns.records import LEAST, halving, pace, share, window
from moat.errors import FrontierError
from moat.stats.estimate import Estimate
from moat.stats.grid import specification_grid
from moat.stats.intervals import half_width

#: The day of the editorial, and the last year of the table: windows of the grid.
DAY = "2025-01-27"
WINDOWS = {
    "all": {},
    "before 27 January 2025": {"until": DAY},
    "after 27 January 2025": {"after": DAY},
    "the last year": {"after": "2025-07-17"},
}


def regression(gain: ArrayLike, years: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Log gain a year as the slope of summed gains on summed waits, with the textbook interval.

    >>> round(regression(np.full(9, 0.1), np.full(9, 0.2)).value, 3)
    0.5
    """
    gone, fallen = np.cumsum(years), np.cumsum(gain)
    if len(gone) < LEAST:
        raise FrontierError(f"A pace needs at least {LEAST} improvements, not {len(gone)}.")
    fitted = stats.linregress(gone, fallen)
    half = half_width(fitted.stderr, len(gone) - 2, level)
    ends = (fitted.slope, fitted.slope - half, fitted.slope + half)
    return Estimate(*map(float, ends), n=len(gone), method="least squares of log time on date", level=level)


def coverage(gain: ArrayLike, years: ArrayLike, *, worlds: int, seed: int) -> dict[str, float]:
    """How often, in per cent, the two 95% intervals hold the true pace in worlds of the same length.

    A world draws pairs of wait and gain with replacement, so its true pace is that of the pairs.
    """
    pairs = np.column_stack([np.asarray(gain, float), np.asarray(years, float)])
    truth = pairs[:, 0].sum() / pairs[:, 1].sum()
    drawn = np.random.default_rng(seed).integers(0, len(pairs), (worlds, len(pairs)))
    held = {"pace": 0, "regression": 0}
    for order in drawn:
        for name, estimator in (("pace", pace), ("regression", regression)):
            found = estimator(*pairs[order].T)
            held[name] += found.low <= truth <= found.high
    return {name: 100 * count / worlds for name, count in held.items()}


def grid(tracks: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Months to halve the time, one row a track, window and estimator: value, low, high.

    ``tracks`` holds `records.improvements` by name.  A window with too few improvements is left out,
    and so is the interval where it has no upper end.
    """

    def months(table: pd.DataFrame, span: dict, estimator: Callable) -> Estimate | float | None:
        kept = window(table, **span) if span else table
        if len(kept) < LEAST:
            return None
        found = estimator(kept["gain"], kept["years"])
        return halving(found) if found.low > 0 else 12 * np.log(2) / found.value

    estimators = {"gains over waits": pace, "regression on date": regression}
    return specification_grid({"track": tracks, "window": WINDOWS, "estimator": estimators}, months)


def share_grid(tables: dict[str, pd.DataFrame], *, draws: int, seed: int) -> pd.DataFrame:
    """Share of algorithms in all gains, in per cent: by window, weight of mixed records, and confidence.

    ``tables`` holds improvements by window.
    """

    def algorithms(table: pd.DataFrame, sure: bool, weight: float) -> Estimate:
        kept = table[table["confidence"] == "high"] if sure else table
        return share(kept, {"algorithm": 1.0, "mixed": weight}, draws=draws, seed=seed)

    choices = {
        "window": tables,
        "records": {"all records": False, "high confidence": True},
        "mixed": {"not at all": 0.0, "half": 0.5, "wholly": 1.0},
    }
    return specification_grid(choices, algorithms)

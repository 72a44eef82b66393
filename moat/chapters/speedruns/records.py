"""How fast a record falls: the pace of a sequence of records, its interval, and whether it slows.

A record can only fall, so its level errs in one direction and a regression of the level on date
treats one early leap as many independent observations.  Here the independent unit is one
*improvement*: a wait, and the gain that ended it.  Over a long time the record falls at

    pace = sum of gains / sum of waits,

the reward per time of a renewal process (Smith 1958).  The interval is that of a ratio of means on the
log scale, with the variance of gain - pace x wait made robust to a few neighbours that move
together (Newey and West 1987) and Student's t for the few improvements of a short window.

The usual way is a regression of log time on date.  Every record stands on the ones before it, so an
early leap moves all later points together; least squares counts them as independent and is sure of
itself.  `coverage` measures that in worlds with a known pace, drawn from the improvements at hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.sandwich_covariance import S_hac_simple

from moat.errors import FrontierError
from moat.stats.estimate import Estimate, percentile_estimate
from moat.stats.grid import specification_grid
from moat.stats.intervals import half_width

DAYS = 365.25
#: Neighbours that may move together, each way.
LAGS = 3
#: Fewest improvements of which a pace has an interval.
LEAST = 6

Array = NDArray[np.float64]


def improvements(records: pd.DataFrame, classes: pd.DataFrame) -> pd.DataFrame:
    """One row an improvement of one track: record, date, years waited, log gain, class, contributors.

    ``records`` has the columns track, record, minutes and date, in order; ``classes`` names each row
    of them once, by track, record and minutes.  A re-timing moves the mark that the next record has
    to beat and is no improvement itself.  Raises `FrontierError` where a row has no class or two,
    and where an improvement would be none.
    """
    key = ["track", "record", "minutes"]
    if classes.duplicated(key).any() or len(classes) != len(records):
        raise FrontierError("Each record has exactly one class; classes and records differ in number.")
    merged = records.merge(classes, on=key, how="left", suffixes=("", "_of_class"))
    if merged["class"].isna().any():
        lost = merged.loc[merged["class"].isna(), "record"].tolist()
        raise FrontierError(f"Records without a class: {lost}.")
    if merged["track"].nunique() != 1:
        raise FrontierError("Improvements are those of one track at a time.")
    log = np.log(merged["minutes"].to_numpy(float))
    merged = merged.assign(gain=np.concatenate([[np.nan], -np.diff(log)]))
    kept = merged[~merged["class"].isin(["baseline", "retiming"])].reset_index(drop=True)
    if (kept["gain"] <= 0).any():
        raise FrontierError("A record that is not faster than the one before is a re-timing or an error.")
    date = pd.to_datetime(kept["date"]).ffill()
    start = pd.to_datetime(merged["date"].iloc[0])
    waited = date.diff().fillna(date.iloc[0] - start).dt.days / DAYS
    return kept.assign(date=date, years=waited)


def pace(gain: ArrayLike, years: ArrayLike, *, lags: int = LAGS, level: float = 0.95) -> Estimate:
    """Log gain a year from gains (n,) and the waits (n,) before them, in years.

    Raises `FrontierError` for fewer than six improvements or a window without length.

    >>> found = pace(np.full(10, 0.1), np.full(10, 0.2))
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.5, 0.5, 0.5)
    """
    gain, years = np.asarray(gain, float), np.asarray(years, float)
    n = len(gain)
    if n < LEAST:
        raise FrontierError(f"A pace needs at least {LEAST} improvements, not {n}.")
    if not years.sum() > 0:
        raise FrontierError("A pace needs a window of some length.")
    value = float(gain.sum() / years.sum())
    miss = gain - value * years
    spread = S_hac_simple(miss[:, None], nlags=lags).item()
    spread = max(spread, miss @ miss)  # neighbours that cancel are not trusted to
    error = np.sqrt(spread * n / (n - 1)) / gain.sum()
    half = half_width(error, n - 1, level)
    method = f"gains over waits, log scale, variance robust to {lags} neighbours, t of {n - 1}"
    ends = (value * float(np.exp(-half)), value * float(np.exp(half)))
    return Estimate(value, *ends, n=n, method=method, level=level)


def halving(found: Estimate) -> Estimate:
    """Months in which the time halves, from a pace in log units a year.

    >>> round(halving(Estimate(1.0, 0.5, 1.5, n=9, method="")).value, 2)
    8.32
    """
    value, low, high = (12 * math.log(2) / x for x in (found.value, found.high, found.low))
    return Estimate(value, low, high, n=found.n, method=found.method, level=found.level)


def window(table: pd.DataFrame, after: str | None = None, until: str | None = None) -> pd.DataFrame:
    """The improvements after one day and until another, the first wait counted from ``after``."""
    kept = table
    if until is not None:
        kept = kept[kept["date"] <= pd.Timestamp(until)]
    if after is not None:
        kept = kept[kept["date"] > pd.Timestamp(after)].copy()
        kept.iloc[0, kept.columns.get_loc("years")] = (kept["date"].iloc[0] - pd.Timestamp(after)).days / DAYS
    return kept.reset_index(drop=True)


def slowdown(gain: ArrayLike, years: ArrayLike, *, draws: int, seed: int) -> tuple[float, int, float]:
    """How far the record runs ahead of an even pace, after which improvement, and how often by chance.

    The statistic is the largest distance of the summed gains above the straight line from start to
    end, as a share of all gains (Page 1954).  If the pace is constant, pairs of wait and gain may
    stand in any order; p is the share of ``draws`` orders that run ahead as far.  The last item is p.
    """
    pairs = np.column_stack([np.asarray(gain, float), np.asarray(years, float)])
    ahead, place = _ahead(pairs[None])
    rng = np.random.default_rng(seed)
    order = rng.random((draws, len(pairs))).argsort(axis=1)
    null = _ahead(pairs[order])[0]
    return float(ahead[0]), int(place[0]), float((1 + (null >= ahead[0] - 1e-12).sum()) / (1 + draws))


def _ahead(pairs: Array) -> tuple[Array, NDArray[np.int64]]:
    """Largest lead over the even pace and its place, for (worlds, n, 2) pairs of gain and wait."""
    done = pairs.cumsum(axis=1)
    share = done / done[:, -1:]
    lead = share[:, :, 0] - share[:, :, 1]
    return lead.max(axis=1), lead.argmax(axis=1)


def share(
    table: pd.DataFrame, weights: Mapping[str, float], *, draws: int, seed: int, column: str = "gain"
) -> Estimate:
    """What some classes give of all gains, in per cent, with improvements drawn with replacement.

    ``weights`` says how much of each class counts (a class not named counts nothing).  ``column`` may
    hold a part of the gains, such as that by fewer tokens; it is still a share of the whole.

    >>> two = pd.DataFrame({"class": ["algorithm", "kernel"] * 5, "gain": [3.0, 1.0] * 5})
    >>> share(two, {"algorithm": 1}, draws=50, seed=0).value
    75.0
    """
    n = len(table)
    total = table["gain"].to_numpy(float)
    own = table[column].to_numpy(float) * table["class"].map(weights).fillna(0.0).to_numpy(float)
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    again = 100 * (counts @ own) / (counts @ total)
    about = {"n": n, "method": f"share of log gain, {draws:,} draws of improvements"}
    return percentile_estimate(100 * own.sum() / total.sum(), again, **about)


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

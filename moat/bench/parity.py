"""Eight bits against sixteen: as good in loss, by a margin fixed beforehand, and how much faster."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from moat.bench import gain
from moat.bench.errors import RunError
from moat.estimate import Estimate, percentile_estimate

#: Equal means within so many per cent of the loss: what DeepSeek-V3's report claims to stay below.
MARGIN = 0.25
#: A layer should be so many times as fast as in bfloat16, from this width on.
PAYS, WIDE = 1.2, 4096
BASELINE = "bfloat16"
NAMES = {
    "bfloat16": "bfloat16",
    "float8": "eight bits, a scale a tile",
    "float8-tensor": "eight bits, a scale a matrix",
    "float8-unscaled": "eight bits, no scale",
    "int4": "four bits, a scale a tile",
}
CONTROLS = ("int4", "float8-unscaled")


def pairs(runs: pd.DataFrame, arm: str, steps: int) -> pd.Series:
    """Loss of ``arm`` above the baseline's in per cent of it, seed by seed (index seed)."""
    cell = runs[(runs["steps"] == steps) & runs["arm"].isin([arm, BASELINE])]
    wide = cell.pivot(index="seed", columns="arm", values="loss").dropna()
    if arm not in wide or BASELINE not in wide:
        raise RunError(f"{arm} and {BASELINE} have no common seed at {steps} steps.")
    return 100 * (wide[arm] / wide[BASELINE] - 1)


def excess(apart: ArrayLike, level: float = 0.90) -> Estimate:
    """Mean of `pairs` with the interval by which two one-sided tests at 5% decide."""
    found = gain.paired(apart, np.zeros(len(apart)), level=level)
    method = "mean paired difference over seeds, t interval"
    return Estimate(found.value, found.low, found.high, found.n, method, level)


def equal(apart: ArrayLike, margin: float = MARGIN) -> str:
    """ "equal", "worse", "better" or "undecided", as `gain.equivalence` says of `pairs`.

    >>> equal([0.1, 0.0, 0.05, 0.02]), equal([3.0, 3.1, 2.9])
    ('equal', 'worse')
    """
    return gain.equivalence(np.zeros(len(apart)), apart, margin)


def power(sd: float, n: int, *, margin: float = MARGIN, draws: int = 20_000, seed: int = 0) -> float:
    """How often the test would find ``n`` seeds equal if there were no difference, by simulation.

    ``sd`` is the standard deviation of `pairs`.
    """
    rng = np.random.default_rng(seed)
    mean = rng.normal(0, sd / np.sqrt(n), draws)
    spread = sd * np.sqrt(rng.chisquare(n - 1, draws) / (n - 1))
    half = stats.t.ppf(0.95, n - 1) * spread / np.sqrt(n)
    return float((np.abs(mean) + half < margin).mean())


def cells(runs: pd.DataFrame) -> pd.DataFrame:
    """One row an arm and length: arm, steps, value, low, high (per cent of the loss), n, word."""
    rows = []
    for arm in [a for a in NAMES if a != BASELINE]:
        for steps in sorted(runs.loc[runs["arm"] == arm, "steps"].unique()):
            apart = pairs(runs, arm, steps)
            if len(apart) > 1:
                found = excess(apart)
                rows.append((arm, steps, found.value, found.low, found.high, found.n, equal(apart)))
    return pd.DataFrame(rows, columns=["arm", "steps", "value", "low", "high", "n", "word"])


def verdict(word: str, controls: list[str]) -> str:
    """Of the hypothesis that eight bits cost no more than the margin.

    A test that finds a control equal, or cannot tell, has no teeth and decides nothing.

    >>> verdict("equal", ["worse"]), verdict("equal", ["undecided"]), verdict("worse", ["worse"])
    ('supported', 'untestable', 'refuted')
    """
    if not controls or any(w != "worse" for w in controls):
        return "untestable"
    return {"equal": "supported", "better": "supported", "worse": "refuted"}.get(word, "undecided")


def tuning_shift(tried: pd.DataFrame, rates: pd.DataFrame, arm: str) -> float:
    """Per cent of the loss by which the arms' chosen rates could move their difference.

    The parabola in log rate through the baseline's best three tuning runs says what the distance
    between both chosen rates would cost the baseline.  Columns as `design.best_rates` gives.
    """
    own = tried[tried["arm"] == BASELINE].sort_values("rate")
    best = int(np.clip(own["loss"].argmin(), 1, len(own) - 2))
    part = own.iloc[best - 1 : best + 2]
    bend = np.polyfit(np.log(part["rate"]), part["loss"], 2)[0]
    chosen = rates.set_index("arm")["rate"]
    return float(100 * bend * np.log(chosen[arm] / chosen[BASELINE]) ** 2 / part["loss"].min())


def ratios(
    times: pd.DataFrame, recipe: str, cast: str, *, draws: int, seed: int, what: str = "layer"
) -> tuple[pd.DataFrame, np.ndarray]:
    """How many times as fast as bfloat16, by width, and the draws (draws, widths) behind it.

    Ratio of median times; repeats are resampled, so the interval is that of the clock on one
    chip and not of other chips.  Columns width, value, low, high, n.
    """
    part = times[times["what"] == what]
    own = part[(part["recipe"] == recipe) & (part["cast"] == cast)]
    widths = sorted(own["width"].unique())
    rng = np.random.default_rng(seed)
    rows, every = [], []
    for width in widths:
        base = part.loc[(part["recipe"] == BASELINE) & (part["width"] == width), "ms"].to_numpy()
        mine = own.loc[own["width"] == width, "ms"].to_numpy()
        again = _medians(base, draws, rng) / _medians(mine, draws, rng)
        value = np.median(base) / np.median(mine)
        rows.append((width, value, *np.quantile(again, [0.025, 0.975]), len(mine)))
        every.append(again)
    table = pd.DataFrame(rows, columns=["width", "value", "low", "high", "n"])
    return table, np.array(every).T.reshape(draws, len(widths))


def _medians(values: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    return np.median(values[rng.integers(0, len(values), (draws, len(values)))], axis=1)


def at_width(table: pd.DataFrame, width: int) -> Estimate:
    """The ratio at one width, as an estimate."""
    row = table.set_index("width").loc[width]
    method = "ratio of median times, repeats resampled"
    return Estimate(row["value"], row["low"], row["high"], int(row["n"]), method)


def pays_from(table: pd.DataFrame, draws: np.ndarray, level: float = 1.0) -> Estimate | str:
    """The width from which the ratio stays above ``level``, between widths linear in the logarithms.

    A word where it is above, or not, at every width that was tried.
    """
    x = np.log(table["width"].to_numpy(float))
    value = _crossing(x, np.log(table["value"].to_numpy() / level))
    if not np.isfinite(value):
        return "every width tried" if value < 0 else "no width tried"
    again = np.array([_crossing(x, row) for row in np.log(draws / level)])
    again = np.exp(np.clip(again, x[0], x[-1]))
    method = "interpolation of ratios, repeats resampled"
    return percentile_estimate(float(np.exp(value)), again, n=int(table["n"].min()), method=method)


def _crossing(x: np.ndarray, y: np.ndarray) -> float:
    """Where y last rises through zero: -inf where it never is below, inf where it ends below."""
    below = np.flatnonzero(y < 0)
    if not len(below):
        return -np.inf
    last = below[-1]
    if last == len(y) - 1:
        return np.inf
    return float(x[last] + (x[last + 1] - x[last]) * -y[last] / (y[last + 1] - y[last]))


def fast(table: pd.DataFrame) -> str:
    """Of the claim that a layer is `PAYS` times as fast from `WIDE` on.

    Refuted where the upper end is below at every such width, supported where the lower end is
    above at every one, else partly.
    """
    wide = table[table["width"] >= WIDE]
    if wide.empty:
        return "untestable"
    if (wide["high"] < PAYS).all():
        return "refuted"
    return "supported" if (wide["low"] >= PAYS).all() else "partly"


def together(speed: Estimate, worth: Estimate) -> Estimate:
    """Times the compute for the same money: speed times the compute multiplier of the loss."""
    inverse = Estimate(1 / worth.value, 1 / worth.high, 1 / worth.low, worth.n, worth.method, worth.level)
    return gain.quotient(speed, inverse)

"""Eight bits against sixteen in time: how many times as fast, from which width, and for what loss."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.bench import gain
from moat.bench.parity import BASELINE
from moat.estimate import Estimate, percentile_estimate

#: A layer should be so many times as fast as in bfloat16, from this width on.
PAYS, WIDE = 1.2, 4096


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


def between(table: pd.DataFrame, draws: np.ndarray, width: float) -> Estimate:
    """The ratio at a width that was not timed, linear in the logarithms between its neighbours."""
    x = np.log(table["width"].to_numpy(float))
    value = np.exp(np.interp(np.log(width), x, np.log(table["value"])))
    again = np.exp([np.interp(np.log(width), x, row) for row in np.log(draws)])
    method = "interpolation of ratios, repeats resampled"
    return percentile_estimate(float(value), again, n=int(table["n"].min()), method=method)


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

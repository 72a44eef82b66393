"""What a technique is worth: paired gains, equivalence, compute multipliers and their growth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.errors import RunError
from moat.stats import intervals
from moat.stats.estimate import Estimate, percentile_estimate


def paired(baseline: ArrayLike, technique: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Mean of baseline minus technique over seeds (nats; positive is better), with its t interval.

    >>> round(paired([2.0, 2.1, 2.2], [1.9, 2.0, 2.1]).value, 6)
    0.1
    """
    difference = np.asarray(baseline, float) - np.asarray(technique, float)
    needs = "A paired gain needs at least two seeds that finished in both arms."
    method = "mean paired difference over seeds, t interval"
    return intervals.mean(difference, method=method, level=level, needs=needs, error=RunError)


def equivalence(baseline: ArrayLike, technique: ArrayLike, margin: float, *, alpha: float = 0.05) -> str:
    """Two one-sided t tests of the paired difference against ``margin`` (nats): `intervals.equivalence`."""
    return intervals.equivalence(paired(baseline, technique, level=1 - 2 * alpha), margin)


def quotient(over: Estimate, under: Estimate) -> Estimate:
    """The ratio of two independent positive estimates of one level.

    Distances to the ends are combined on the logarithmic scale (Zou and Donner 2008, Statistics in
    Medicine 27), so lopsided intervals stay lopsided.

    >>> one, two = (Estimate(v, v / 2, v * 2, n=3, method="") for v in (8.0, 4.0))
    >>> ratio = quotient(one, two)
    >>> round(ratio.value, 3), round(ratio.low, 3), round(ratio.high, 3)
    (2.0, 0.75, 5.33)
    """
    if under.low <= 0:
        raise RunError("A ratio or product needs positive intervals of one level.")
    flipped = Estimate(1 / under.value, 1 / under.high, 1 / under.low, under.n, "", under.level)
    return replace(product([over, flipped]), method=f"{over.method}; over {under.method}")


def product(factors: Sequence[Estimate]) -> Estimate:
    """The product of independent positive estimates of one level, combined as in `quotient`.

    >>> one, two = (Estimate(v, v / 2, v * 2, n=3, method="") for v in (8.0, 4.0))
    >>> both = product([one, two])
    >>> round(both.value, 3), round(both.low, 3), round(both.high, 3)
    (32.0, 12.007, 85.285)
    """
    if len({e.level for e in factors}) > 1 or min(e.low for e in factors) <= 0:
        raise RunError("A ratio or product needs positive intervals of one level.")
    logs = [(math.log(e.value), math.log(e.low), math.log(e.high)) for e in factors]
    middle, bottom, top = map(float, np.exp(intervals.square_and_add(logs)))
    method = "product on the logarithmic scale of " + "; ".join(e.method for e in factors)
    return Estimate(middle, bottom, top, min(e.n for e in factors), method, factors[0].level)


@dataclass(frozen=True)
class Multiplier:
    """How many times its compute a technique is worth, at one budget.

    ``interpolated`` inverts the baseline by straight lines in log compute; ``fitted`` by the
    curve E + A C^-alpha.  ``beyond`` says that the technique's loss lies below every baseline's:
    the multiplier is then an extrapolation of the last line.
    """

    flop: float
    interpolated: Estimate
    fitted: float
    beyond: bool
    draws: np.ndarray


def multiplier(
    baseline: pd.DataFrame, technique: pd.DataFrame, flop: float, *, draws: int = 2000, seed: int = 0
) -> Multiplier:
    """Compute that the baseline needs for the technique's loss, over the technique's own ``flop``.

    ``baseline`` has columns flop and loss, one row a run, several seeds a budget; ``technique``
    is a table of runs with a column loss.  Intervals by parametric bootstrap: seeds are too few
    to resample, so the standard deviation is pooled over budgets and drawn with its own
    uncertainty.  Raises `RunError` for fewer than three baseline budgets.
    """
    means = baseline.groupby("flop")["loss"].agg(["mean", "size"])
    if len(means) < 3:
        raise RunError(f"A multiplier needs at least three baseline budgets, not {len(means)}.")
    sd, freedom = pooled(baseline, technique)
    own, n = technique["loss"].mean(), len(technique)
    rng = np.random.default_rng(seed)
    spread = sd * np.sqrt(freedom / rng.chisquare(freedom, draws))
    noisy = means["mean"].to_numpy() + spread[:, None] * rng.normal(size=(draws, len(means))) / np.sqrt(
        means["size"].to_numpy()
    )
    noisy_own = own + spread * rng.normal(size=draws) / np.sqrt(n)
    x = np.log(means.index.to_numpy(float))
    again = np.exp([_invert(x, row, loss) for row, loss in zip(noisy, noisy_own, strict=True)]) / flop
    value = np.exp(_invert(x, means["mean"].to_numpy(), own)) / flop
    method = f"log-linear interpolation of the baseline, {draws:,} parametric draws"
    return Multiplier(
        flop=flop,
        interpolated=percentile_estimate(value, again, n=n, method=method),
        fitted=_by_curve(means.index.to_numpy(float), means["mean"].to_numpy(), own) / flop,
        beyond=bool(own < means["mean"].min()),
        draws=again,
    )


def pooled(*tables: pd.DataFrame) -> tuple[float, int]:
    """Standard deviation of the loss between seeds, pooled over budgets, and its degrees of freedom."""
    squares, freedom = 0.0, 0
    for table in tables:
        groups = table.groupby("flop")["loss"] if "flop" in table else [(0, table["loss"])]
        for _, losses in groups:
            squares += float(((losses - losses.mean()) ** 2).sum())
            freedom += len(losses) - 1
    if freedom < 1:
        raise RunError("The spread between seeds needs at least one budget with two seeds.")
    return float(np.sqrt(squares / freedom)), freedom


def _invert(x: np.ndarray, losses: np.ndarray, wanted: float) -> float:
    """Log compute at which a falling line through (x, losses) reaches ``wanted``.

    A loss that noise has put above its left neighbour is lowered to it; beyond either end the
    outermost segment that falls goes on.
    """
    falling = np.minimum.accumulate(losses)
    keep = np.r_[True, np.diff(falling) < 0]
    x, falling = x[keep], falling[keep]
    if len(x) < 2:
        return float(x[-1])
    if wanted > falling[0]:
        i = 0
    elif wanted < falling[-1]:
        i = len(x) - 2
    else:
        return float(np.interp(-wanted, -falling, x))
    slope = (x[i + 1] - x[i]) / (falling[i + 1] - falling[i])
    return float(x[i] + slope * (wanted - falling[i]))


def _by_curve(flop: np.ndarray, losses: np.ndarray, wanted: float) -> float:
    """The same by E + A C^-alpha: given alpha the rest is linear.  NaN below the fitted E."""
    scaled = flop / np.exp(np.log(flop).mean())
    best = (np.inf, np.nan)
    for alpha in np.linspace(0.02, 2.0, 199):
        columns = np.c_[np.ones_like(scaled), scaled**-alpha]
        (e, a), rest, *_ = np.linalg.lstsq(columns, losses, rcond=None)
        miss = float(rest[0]) if len(rest) else float(((columns @ [e, a] - losses) ** 2).sum())
        if a > 0 and wanted > e and miss < best[0]:
            best = (miss, ((wanted - e) / a) ** (-1 / alpha))
    return float(best[1] * np.exp(np.log(flop).mean()))


def growth(found: list[Multiplier]) -> Estimate:
    """Slope of log multiplier on log compute: above zero, the technique is worth more with scale.

    The draws of the budgets are independent; at least two budgets are needed.
    """
    if len(found) < 2:
        raise RunError("Growth needs multipliers at two budgets or more.")
    x = np.log([m.flop for m in found])
    x = x - x.mean()
    slope = lambda y: (x[:, None] * y).sum(0) / (x**2).sum()  # noqa: E731
    draws = slope(np.log([m.draws for m in found]))
    value = slope(np.log([[m.interpolated.value] for m in found]))[0]
    method = f"slope over {len(found)} budgets, {len(draws):,} parametric draws"
    return percentile_estimate(value, draws, n=len(found), method=method)


def envelope(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of the best size on each budget: columns flop (the budget's mean), arm, loss.

    ``runs`` has columns budget, arm, flop, loss.  A baseline of one size would saturate and
    flatter whatever is compared with it.
    """
    parts = []
    for _, slice_ in runs.groupby("budget"):
        best = slice_.groupby("arm")["loss"].mean().idxmin()
        chosen = slice_[slice_["arm"] == best]
        parts.append(chosen.assign(flop=chosen["flop"].mean())[["flop", "arm", "loss"]])
    return pd.concat(parts, ignore_index=True)

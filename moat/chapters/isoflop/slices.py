"""Our own sweep of sizes and budgets, and what a fit of it does and does not identify."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from moat import laws
from moat.laws import SumOfPowers, Term
from moat.stats.estimate import Estimate

#: Least squares of the log loss: few runs, no outliers, and a profile without kinks.
LEAST_SQUARES = {"delta": np.inf}
#: The law of Hoffmann et al. with its irreducible loss known and taken off.
EXCESS = SumOfPowers((Term("A", (("alpha", "params"),)), Term("B", (("beta", "tokens"),))))
#: Sizes that a slice needs to have a lowest point.
SIZES = 5


def reported(runs: pd.DataFrame, entropy: float = np.nan) -> pd.DataFrame:
    """Reported runs that finished, with columns budget and, on a known source, less noise.

    ``budget`` is the FLOP that a slice was meant to have: the geometric mean of its runs, which
    differ by less than a step.  With ``entropy`` (nats) the loss becomes the entropy plus what
    the run lost beyond the true law on the same tokens: the luck of the sample is gone.
    """
    kept = runs[(runs["stage"] == "report") & (runs["status"] == "finished")].copy()
    # Budgets are a factor of two apart, so rounding the logarithm finds the slice.
    slices = np.round(np.log2(kept["flop"] / kept["flop"].min()) + 0.25)
    kept["budget"] = np.exp(np.log(kept["flop"]).groupby(slices).transform("mean"))
    if np.isfinite(entropy):
        kept["loss"] = kept["loss"] - kept["oracle"] + entropy
    return kept.reset_index(drop=True)


def best_points(runs: pd.DataFrame, method: str = "parabola") -> pd.DataFrame:
    """The best size of every slice that has one inside: columns budget, params, tokens, loss.

    Slices of fewer than `SIZES` sizes have none.
    ``loss`` is that of the size nearest to the optimum, averaged over seeds.
    """
    rows = []
    for budget, slice_ in runs.groupby("budget"):
        if slice_["params"].nunique() < SIZES:
            continue
        size = laws.slice_optimum(slice_["params"], slice_["loss"], method)
        if np.isfinite(size):
            mean = slice_.groupby("params")[["loss", "tokens"]].mean()
            near = int(np.abs(np.log(mean.index.to_numpy() / size)).argmin())
            flop = (slice_["flop"] / (slice_["params"] * slice_["tokens"])).mean()
            rows.append((budget, size, budget / (flop * size), mean["loss"].iloc[near]))
    return pd.DataFrame(rows, columns=["budget", "params", "tokens", "loss"])


def free(runs: pd.DataFrame, **options) -> laws.Fit:
    """The law with a floor of its own, by least squares of the log loss."""
    return laws.Chinchilla().fit(runs, **LEAST_SQUARES, **options)


def without_each(runs: pd.DataFrame) -> np.ndarray:
    """Fitted E when each cell of the sweep (size and budget) is left out in turn."""
    cells = runs.groupby(["arm", "budget"]).ngroup()
    return np.array([free(runs[cells != c], draws=0).params["E"] for c in cells.unique()])


def known_floor(runs: pd.DataFrame, entropy: float, **options) -> laws.Fit:
    """The law's other four parameters with E held at the entropy of the source."""
    return EXCESS.fit(runs.assign(loss=runs["loss"] - entropy), **LEAST_SQUARES, **options)


def spread_over_fit(runs: pd.DataFrame, fit: laws.Fit, entropy: float) -> float:
    """Standard deviation of what the law at the known floor leaves unexplained, nats."""
    left = runs["loss"] - entropy - fit.predict(runs)
    return float(np.sqrt((left**2).sum() / (len(runs) - len(EXCESS.names))))


def wider(runs: pd.DataFrame, span: float) -> pd.DataFrame:
    """The design of a sweep whose largest budget is ``span`` times its smallest.

    Starts where ``runs`` start, with the same number of sizes on each budget, the sizes
    centred where the best one is; budgets a factor of two apart.  Columns params, tokens.
    """
    smallest = runs["budget"].min()
    count = round(np.log2(span)) + 1
    ratio = (runs["flop"] / (runs["params"] * runs["tokens"])).mean()
    best = best_points(runs)
    slope, level = np.polyfit(np.log(best["budget"]), np.log(best["params"]), 1)
    around = np.exp(np.linspace(-1.4, 1.4, runs["params"].nunique()))
    budget = np.repeat(smallest * 2.0 ** np.arange(count), len(around))
    size = np.exp(level + slope * np.log(budget)) * np.tile(around, count)
    return pd.DataFrame({"params": size, "tokens": budget / (ratio * size)})


def cure(
    runs: pd.DataFrame,
    entropy: float,
    spans: Sequence[float],
    *,
    noise: float,
    simulations: int,
    seed: int = 0,
) -> pd.DataFrame:
    """Fitted E on simulated sweeps of growing size: columns span, value (median), low, high.

    The truth is the law at the known floor; each simulated run gets independent ``noise`` (nats,
    one standard deviation).  Low and high are the central 95% of simulations.
    """
    fit = known_floor(runs, entropy, draws=0)
    rng = np.random.default_rng(seed)
    rows = []
    for span in spans:
        design = wider(runs, span)
        truth = entropy + fit.predict(design)
        losses = truth + rng.normal(0, noise, (simulations, len(design)))
        found = laws.fit_targets(laws.Chinchilla(), design, losses, **LEAST_SQUARES)
        low, middle, high = np.quantile(found["E"], [0.025, 0.5, 0.975])
        rows.append((span, middle, low, high))
    return pd.DataFrame(rows, columns=["span", "value", "low", "high"])


def cured(table: pd.DataFrame, truth: float, tolerance: float) -> float:
    """The smallest span from which on low and high stay within ``tolerance`` of the truth; NaN if none."""
    good = ((table["low"] - truth).abs() < tolerance) & ((table["high"] - truth).abs() < tolerance)
    lasting = good[::-1].cummin()[::-1].astype(bool)
    return float(table["span"][lasting].min())


def verdict(low: float, high: float, budget: str) -> str:
    """Equal scaling of size and data, an exponent of one half, as tested at ``budget``.

    Fixed beforehand: refuted only where the interval excludes one half at the scale of a GPU.
    Smaller sweeps are too short to refute it, whatever their interval says.

    >>> verdict(0.55, 0.7, "gpu"), verdict(0.45, 0.6, "gpu"), verdict(0.55, 0.7, "cpu")
    ('refuted', 'not refuted', 'open')
    """
    if budget != "gpu":
        return "open"
    return "not refuted" if low <= 0.5 <= high else "refuted"


def floor_verdict(floor: Estimate, entropy: float, tolerance: float) -> str:
    """A fitted floor cannot be read as an entropy: refuted where its interval stays within ``tolerance``.

    >>> floor_verdict(Estimate(2.9, 2.7, 3.0, 60, ""), 2.87, 0.05)
    'held'
    """
    return "refuted" if max(floor.high - entropy, entropy - floor.low) < tolerance else "held"

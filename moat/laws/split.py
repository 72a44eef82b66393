"""Do two groups of runs obey one law?  Tests that hold after looking at many groupings.

The statistic is the drop of the summed Huber objective when the groups are fitted apart
(or when a richer law is fitted).  Its null distribution comes from a wild bootstrap (Wu
1986): every run keeps the size of its own residual from the pooled law and gets a sign by
the toss of a coin, and everything is refitted.  Noise that differs from run to run, by
group or by size, stays where it is; resampling residuals across runs would spread it
evenly and make any split look too good.  Noise must be symmetric around the law.

Whoever has looked at several groupings and reports the most striking one needs the
distribution of the most striking one.  `split_tests` takes the whole family that was
looked at and adjusts by the maximum of the standardised statistics (Westfall and Young
1993, chapter 2).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.errors import FitError, TooFewPoints
from moat.laws import engine
from moat.laws.fit import Fit

#: A side with fewer rows cannot carry five parameters.
MIN_SIDE = 20


def split_tests(
    pooled: Fit, splits: Mapping[str, NDArray[np.bool_]], *, draws: int = 999, seed: int = 0
) -> pd.DataFrame:
    """Test one law against two for each split of the rows, adjusted for the whole family.

    ``splits`` maps a name to a mask (n,) of one side.  Returns, by split: n_in, n_out,
    statistic, chance (its 95th percentile if one law held), p (unadjusted) and p_adjusted.
    Raises `TooFewPoints` when a side has fewer than `MIN_SIDE` rows.
    """
    target = simulate(pooled, draws, seed)
    together = _lowest(pooled, target, [pooled.params])
    rows, null = {}, []
    for name, mask in splits.items():
        sides = [np.asarray(mask, bool), ~np.asarray(mask, bool)]
        if min(side.sum() for side in sides) < MIN_SIDE:
            raise TooFewPoints(f"Split {name!r} leaves a side with fewer than {MIN_SIDE} rows; drop it.")
        fits = [_refit(pooled, side) for side in sides]
        apart = [
            _lowest(fit, target[:, side], [pooled.params, fit.params])
            for fit, side in zip(fits, sides, strict=True)
        ]
        null.append(together - sum(apart))
        drop = pooled.objective - sum(f.objective for f in fits)
        rows[name] = {"n_in": int(sides[0].sum()), "n_out": int(sides[1].sum()), "statistic": drop}
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.assign(**_p_values(table["statistic"].to_numpy(), np.array(null)))


def random_splits(pooled: Fit, size: int, *, draws: int = 999, seed: int = 0) -> engine.Array:
    """The statistic (draws,) of splits that put ``size`` rows drawn at random on one side.

    What a split is worth that knows nothing of the runs.  A side is a set of zero-one
    weights, so all splits are fitted together, from the pooled minimum.
    """
    rng = np.random.default_rng(seed)
    order = rng.permuted(np.tile(np.arange(pooled.nobs), (draws, 1)), axis=1)
    inside = (order < size).astype(np.uint8)
    theta = pooled.coordinates.inverse(pooled.params.to_numpy())[0]
    damping = pooled.damping(pooled.coordinates, theta)
    problems = (pooled.problem(pooled.coordinates, side) for side in (inside, 1 - inside))
    one, other = (engine.minimise(p, theta, damping).objective for p in problems)
    return pooled.objective - (one + other)


def nested_test(null: Fit, alternative: Fit, *, draws: int = 999, seed: int = 0) -> tuple[float, float]:
    """Statistic and p-value of a richer law against one that it contains, on the same rows."""
    if null.objective < alternative.objective:
        raise FitError("The alternative fits worse than the null: it does not contain it.")
    target = simulate(null, draws, seed)
    drop = null.objective - alternative.objective
    embedded = null.params.reindex(list(alternative.law.names)).fillna(0.0)
    simulated = _lowest(null, target, [null.params])
    simulated = simulated - _lowest(alternative, target, [alternative.params, embedded])
    return drop, float(_p_values(np.array([drop]), simulated[None])["p"][0])


def simulate(null: Fit, draws: int, seed: int) -> engine.Array:
    """Targets (draws, n) under ``null``: each run's own residual with a random sign."""
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (draws, null.nobs))
    return null.observed - null.resid + signs * null.resid


def _refit(fit: Fit, mask: NDArray[np.bool_]) -> Fit:
    return fit.law.fit(
        fit.data[mask], target=fit.target, scale=fit.scale, delta=fit.delta, weights=fit.weights,
        draws=0, start=fit.params,
    )  # fmt: skip


def _lowest(fit: Fit, target: engine.Array, starts: list[pd.Series]) -> engine.Array:
    """The lowest objective (draws,) that ``fit``'s law reaches on simulated targets."""
    every = np.ones(target.shape, np.uint8)
    ends = []
    for start in starts:
        theta = fit.coordinates.inverse(start.to_numpy())[0]
        problem = fit.problem(fit.coordinates, every, target=target)
        ends.append(engine.minimise(problem, theta, fit.damping(fit.coordinates, theta)).objective)
    return np.min(ends, axis=0)


def _p_values(observed: engine.Array, null: engine.Array) -> dict[str, engine.Array]:
    """The 95th percentile under the null, and both p-values; ``null`` has shape (splits, draws)."""
    draws = null.shape[1]
    p = (1 + (null >= observed[:, None]).sum(axis=1)) / (draws + 1)
    centre, spread = null.mean(axis=1), null.std(axis=1)
    most = ((null - centre[:, None]) / spread[:, None]).max(axis=0)
    scaled = (observed - centre) / spread
    adjusted = (1 + (most >= scaled[:, None]).sum(axis=1)) / (draws + 1)
    return {"chance": np.quantile(null, 0.95, axis=1), "p": p, "p_adjusted": adjusted}

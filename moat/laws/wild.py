"""Intervals for runs that somebody chose: a bootstrap that keeps every run where it is.

Resampling runs takes the design for chance.  Where a format of numbers was tried in three runs
only, one draw in twenty has none of them and knows nothing of it.  The wild bootstrap (Wu
1986) keeps all runs and gives each residual a sign by the toss of a coin.  Residuals of a fit
are smaller than the noise, the more so the more a run pulls the law towards itself, so each is
first divided by one minus its leverage (the correction called HC3, which Davidson and
Flachaire 2008 recommend here).

A floor that runs to zero never arrives there in logarithms, the coordinates of the engine; and
draws of these runs often want none.  Here the floor is moved on its own scale and stops at
zero, by damped Gauss-Newton steps (Levenberg and Marquardt) for all draws at once.

``tests/chapters/low_precision/test_formats.py`` holds the ends to the engine's and the intervals to their
rate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd

from moat.errors import FitError
from moat.laws import engine
from moat.laws.engine import Array, PowerSum
from moat.laws.fit import Fit
from moat.laws.powers import SumOfPowers

#: Zero, for a floor that is kept as a logarithm: this share of the lowest loss.
NOTHING = 1e-13
#: No residual is blown up more than this: a run that fixes a parameter alone has none to show.
HIGHEST_LEVERAGE = 0.9
STEPS = 300
#: A draw is finished when a nearly free step changes its objective by less than this share.
TOLERANCE = 1e-8
#: A step is nearly free while it is damped by no more than this.
FREE = 1.0


def wild_draws(fit: Fit, *, draws: int = 1000, seed: int = 0, unit: str | None = None) -> Fit:
    """The same least-squares fit of a sum of powers, with wild-bootstrap draws in place of its own.

    ``unit`` names a column of the fitted table whose rows share one sign; by default every row
    has its own.  Raises `FitError` for a fit that is not least squares of the logarithm.
    """
    if np.isfinite(fit.delta) or fit.scale == "raw" or fit.weights or not hasattr(fit.law, "terms"):
        raise FitError("Wild draws are for unweighted least squares of the logarithm; pass delta=inf to fit.")
    rng = np.random.default_rng(seed)
    codes = np.unique(fit.data[unit] if unit else np.arange(fit.nobs), return_inverse=True)[1]
    signs = rng.choice([-1.0, 1.0], (draws, codes.max() + 1))[:, codes]
    theta, finished = _descend(fit, fit.observed - fit.resid + signs * blown(fit))
    return replace(
        fit,
        replicates=_table(fit, theta)[finished],
        unfinished=int((~finished).sum()),
        seed=seed,
        cluster=unit,
        scheme="draws of a wild bootstrap",
    )


def leverage(fit: Fit) -> Array:
    """How far each run (n,) pulls its own fitted value after it, between 0 and 1."""
    slopes = engine.jacobian(fit.coordinates.model, fit.coordinates.inverse(fit.params.to_numpy())[0])
    return np.einsum("ij,ji->i", slopes, np.linalg.pinv(slopes))


def blown(fit: Fit) -> Array:
    """Residuals (n,) as large as errors: a run that pulls its fitted value hides its own error."""
    return fit.resid / (1 - np.minimum(leverage(fit), HIGHEST_LEVERAGE))


def wild_test(null: Fit, alternative: Fit, *, draws: int = 999, seed: int = 0) -> tuple[float, float]:
    """Share of the objective that a richer law removes, and its p-value if the null held.

    Both are least-squares fits of sums of powers to the same rows; the null keeps its residuals,
    `blown` up, with random signs.  Raises `FitError` where the alternative fits worse.
    """
    if alternative.objective > null.objective:
        raise FitError("The alternative fits worse than the null: it does not contain it.")
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (draws, null.nobs))
    target = null.observed - null.resid + signs * blown(null)
    lowest = []
    for fit in (null, alternative):
        fitted = fit.law.predict(_table(fit, _descend(fit, target)[0]), fit.data)
        lowest.append(((target - np.log(fitted)) ** 2).sum(axis=1))
    removed = 1 - alternative.objective / null.objective
    return removed, float((1 + (1 - lowest[1] / lowest[0] >= removed).sum()) / (draws + 1))


def floor_profile(fit: Fit, values: Array) -> pd.DataFrame:
    """The lowest objective at each held value of the floor, from the estimate: columns value, objective."""
    values = np.asarray(values, float)
    theta, finished = _descend(fit, np.tile(fit.observed, (len(values), 1)), held=values)
    if not finished.all():
        raise FitError(f"The profile of the floor did not converge at {(~finished).sum()} points.")
    fitted = fit.law.predict(_table(fit, theta), fit.data)
    objective = 0.5 * ((fit.observed - np.log(fitted)) ** 2).sum(axis=1)
    return pd.DataFrame({"value": values, "objective": objective})


def _table(fit: Fit, theta: Array) -> pd.DataFrame:
    return pd.DataFrame(fit.coordinates.natural(theta), columns=list(fit.law.names))


def _descend(fit: Fit, target: Array, held: Array | None = None) -> tuple[Array, np.ndarray]:
    """Where each draw of ``target`` (draws, n) ends, in the law's coordinates, and whether it got there.

    ``held`` (draws,) keeps the floor at values of one's own.
    """
    law = cast(SumOfPowers, fit.law)
    floor = next((k for k, t in enumerate(law.terms) if not t.signed and not t.shifts), None)
    lowest = NOTHING * float(fit.data[fit.target].min())
    theta = np.tile(fit.coordinates.inverse(fit.params.to_numpy())[0], (len(target), 1))
    if held is not None:
        theta[:, floor] = np.log(np.maximum(held, lowest))
    damping, finished = np.full(len(target), 1e-3), np.zeros(len(target), bool)
    resid, slopes = _linear(fit, theta, target, floor)
    objective = (resid**2).sum(axis=1)
    for _ in range(STEPS):
        now = np.flatnonzero(~finished)
        if not len(now):
            break
        trial = _step(theta[now], resid[now], slopes[now], damping[now], floor, lowest, held is not None)
        new_resid, new_slopes = _linear(fit, trial, target[now], floor)
        value = (new_resid**2).sum(axis=1)
        better = value <= objective[now]
        won = now[better]
        # Up or down: at the minimum rounding decides the sign, and a draw whose steps all seemed to
        # rise would be damped ever more and never end, on one processor and not on another.
        change = np.abs(value - objective[now])
        finished[now] = (change <= TOLERANCE * objective[now]) & (damping[now] <= FREE)
        theta[won], resid[won], slopes[won] = trial[better], new_resid[better], new_slopes[better]
        objective[won] = value[better]
        damping[now] = np.clip(damping[now] * np.where(better, 0.2, 4.0), 1e-12, 1e12)
    return theta, finished


def _linear(fit: Fit, theta: Array, target: Array, floor: int | None) -> tuple[Array, Array]:
    """Residuals (draws, n) and derivatives (draws, n, p), with respect to the floor itself."""
    terms = cast(PowerSum, fit.coordinates.model).terms
    parts = np.exp(np.einsum("knp,bp->bkn", terms, theta, optimize=True))
    total = parts.sum(axis=1)
    slopes = np.einsum("bkn,knp->bnp", parts / total[:, None], terms, optimize=True)
    if floor is not None:
        slopes[:, :, floor] = 1 / total
    return target - np.log(total), slopes


def _step(
    theta: Array, resid: Array, slopes: Array, damping: Array, floor: int | None, lowest: float, held: bool
) -> Array:
    """One damped step.  A floor that is held, or lies at zero and would sink further, keeps its place."""
    gradient = np.einsum("bnp,bn->bp", slopes, resid, optimize=True)
    matrix = slopes.transpose(0, 2, 1) @ slopes
    if floor is not None:
        height = np.exp(theta[:, floor])
        stays = held | ((height <= lowest * 1.01) & (gradient[:, floor] < 0))
        gradient[stays, floor] = 0.0
        matrix[stays, floor, :] = 0.0
        matrix[stays, :, floor] = 0.0
        matrix[stays, floor, floor] = 1.0
    diagonal = np.arange(theta.shape[1])
    matrix[:, diagonal, diagonal] *= 1 + damping[:, None]
    move = np.linalg.solve(matrix, gradient[..., None])[..., 0]
    trial = theta + move
    if floor is not None:
        trial[:, floor] = np.log(np.maximum(height + move[:, floor], lowest))
    return trial

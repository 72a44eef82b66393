"""The outcome of a fit, in the vocabulary of statsmodels."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.estimate import Estimate, percentile_estimate
from moat.laws import engine
from moat.laws.design import Design, design, validated
from moat.laws.errors import FitError
from moat.laws.resample import bootstrap_counts
from moat.laws.starts import grid_starts

if TYPE_CHECKING:
    from moat.laws.law import Law

#: The path of delta from far starts: a wide quadratic zone first, then ever narrower ones
#: down to the one asked for.  A narrow zone is close to an absolute deviation, where
#: Newton steps are only good near the end.
DELTA_PATH = tuple(10.0**-k for k in range(1, 12))
#: A term that contributes less than this share of every prediction has hit its bound of zero.
VANISHED = 1e-6
#: Smallest over largest singular value of the scaled Jacobian below which some direction of
#: the parameters leaves every prediction unchanged.  Well-designed runs have about 1e-2.
SINGULAR = 1e-6


class Status(enum.StrEnum):
    """How a fit ended."""

    CONVERGED = "converged"
    AT_BOUND = "at bound"
    UNIDENTIFIED = "not identified"
    UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Fit:
    """Parameters, intervals, status and replicates of a fitted law.

    ``objective`` is the minimum of the summed Huber function.  ``agreeing`` of ``starts``
    starts ended there.  ``replicates`` holds one row of parameters a bootstrap draw;
    ``unfinished`` draws did not converge and are left out of it, never silently.
    """

    law: Law
    data: pd.DataFrame = field(repr=False)
    loss: str
    delta: float
    seed: int
    cluster: str | None
    params: pd.Series
    objective: float
    status: Status
    vanished: tuple[str, ...]
    starts: int
    agreeing: int
    replicates: pd.DataFrame = field(repr=False)
    unfinished: int

    @property
    def nobs(self) -> int:
        return len(self.data)

    @property
    def units(self) -> np.ndarray:
        """The independent unit of each row."""
        return self.data[self.cluster].to_numpy() if self.cluster else np.arange(self.nobs)

    @property
    def method(self) -> str:
        """One line for provenance: objective, resampling and number of draws."""
        unit = self.cluster or "row"
        return f"Huber (delta {self.delta:g}) on log loss, {len(self.replicates):,} bootstrap draws by {unit}"

    @cached_property
    def design(self) -> Design:
        return design(self.law, self.data)

    @property
    def log_target(self) -> np.ndarray:
        return np.log(self.data[self.loss].to_numpy())

    @cached_property
    def fittedvalues(self) -> np.ndarray:
        return self.law.predict(self.params, self.data)

    @property
    def resid(self) -> np.ndarray:
        """Log residuals: log observed minus log fitted."""
        return self.log_target - np.log(self.fittedvalues)

    @property
    def bse(self) -> pd.Series:
        """Bootstrap standard errors."""
        return self._draws().std(ddof=1)

    def cov_params(self) -> pd.DataFrame:
        return self._draws().cov()

    def conf_int(self, alpha: float = 0.05, method: str = "bootstrap") -> pd.DataFrame:
        """Columns low and high.  ``method`` is "bootstrap" (percentile) or "profile"."""
        if method == "profile":
            from moat.laws.profile import profile

            rows = [profile(self, name, alpha=alpha).interval for name in self.law.names]
            return pd.DataFrame(rows, index=list(self.law.names), columns=["low", "high"])
        if method != "bootstrap":
            raise FitError(f'Unknown interval method {method!r}; use "bootstrap" or "profile".')
        return self._draws().quantile([alpha / 2, 1 - alpha / 2]).T.set_axis(["low", "high"], axis=1)

    def summary(self, alpha: float = 0.05) -> pd.DataFrame:
        """Estimate, standard error and interval of each parameter."""
        table = pd.DataFrame({"estimate": self.params, "se": self.bse})
        return table.join(self.conf_int(alpha))

    def predict(self, frame: pd.DataFrame | None = None) -> np.ndarray:
        """Loss in nats per token at each row (the fitted rows when none are given)."""
        return self.fittedvalues if frame is None else self.law.predict(self.params, frame)

    def get_prediction(self, frame: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
        """Columns mean, low, high: the fitted loss and its interval at each row."""
        draws = self.law.predict(self._draws(), frame)
        low, high = np.quantile(draws, [alpha / 2, 1 - alpha / 2], axis=0)
        return pd.DataFrame({"mean": self.predict(frame), "low": low, "high": high}, index=frame.index)

    def optimal(self, flop: ArrayLike, alpha: float = 0.05) -> pd.DataFrame:
        """Compute-optimal params, tokens, tokens_per_param and loss with intervals, by budget."""
        point = self.law.optimal(self.params, flop)
        draws = self.law.optimal(self._draws(), flop)
        table = {}
        for name, values in point.items():
            low, high = np.quantile(draws[name], [alpha / 2, 1 - alpha / 2], axis=0)
            table |= {name: values, f"{name}_low": low, f"{name}_high": high}
        return pd.DataFrame(table, index=pd.Index(np.atleast_1d(flop), name="flop"))

    def estimate(self, name: str, level: float = 0.95) -> Estimate:
        """One parameter with its bootstrap interval."""
        if name not in self.params:
            raise FitError(f"{self.law.name} has no parameter {name!r}; it has {', '.join(self.law.names)}.")
        return self.derive(lambda p: p[name], level)

    def derive(self, function: Callable, level: float = 0.95) -> Estimate:
        """Any function of the parameters with its bootstrap interval.

        ``function`` is called once with the estimate (a Series) and once with all draws (a
        DataFrame), so it must be written in terms that work for both, as in
        ``fit.derive(lambda p: p["beta"] / (p["alpha"] + p["beta"]))``.
        """
        draws = self._draws()
        value = np.asarray(function(self.params), float).item()
        return percentile_estimate(value, function(draws), n=self.nobs, method=self.method, level=level)

    def difference(self, other: Fit, function: Callable, level: float = 0.95) -> Estimate:
        """``function`` of this fit minus that of ``other``, with an interval, draw by draw.

        Two fits of the same runs with the same seed resample the same runs in each draw, so
        the difference is a paired one.  Fits of different runs need different seeds.
        """
        paired = self.nobs == other.nobs and np.array_equal(self.units, other.units)
        if not paired and self.seed == other.seed:
            raise FitError("Fits of different runs need different seeds for an independent difference.")
        both = self._draws().index.intersection(other._draws().index)
        mine, theirs = self.replicates.loc[both], other.replicates.loc[both]
        value = np.asarray(function(self.params), float) - np.asarray(function(other.params), float)
        draws = np.asarray(function(mine), float) - np.asarray(function(theirs), float)
        n = self.nobs if paired else self.nobs + other.nobs
        method = f"{'paired' if paired else 'independent'} difference; {self.method}"
        return percentile_estimate(value.item(), draws, n=n, method=method, level=level)

    def _draws(self) -> pd.DataFrame:
        if self.replicates.empty:
            raise FitError("This fit has no bootstrap draws; call fit(..., draws=1000) for intervals.")
        return self.replicates

    def _repr_html_(self) -> str:
        table = self.summary() if len(self.replicates) else self.params.to_frame("estimate")
        end = f"{self.status}, objective {self.objective:.6g}, n {self.nobs}, {self.unfinished} unfinished"
        return table.to_html(float_format=lambda x: f"{x:.4g}") + f"<p>{self.method}; {end}</p>"


def fit_law(
    law: Law,
    data: pd.DataFrame | dict,
    *,
    loss: str,
    delta: float,
    draws: int,
    seed: int,
    cluster: str | None,
    start: pd.Series | None,
) -> Fit:
    """Validate, find the global minimum, bootstrap.  `Law.fit` is the public door."""
    frame = validated(law, data, loss, cluster)
    features = design(law, frame)
    target = np.log(frame[loss].to_numpy())
    starts = grid_starts(law, features, frame[loss].to_numpy())
    if start is not None:
        extra = features.coordinates(start[list(law.names)].to_numpy(float))
        starts = np.vstack([starts, extra])
    best, agreeing, finished = _global_minimum(features.terms, target, starts, delta)
    theta = best.theta[0]
    shares = np.exp(features.terms @ theta)
    shares = (shares / shares.sum(axis=0)).max(axis=1)
    vanished = tuple(n for n, s in zip(law.coefficient_names, shares, strict=True) if s < VANISHED)
    flat = np.linalg.svd(engine.jacobian(features.terms, theta), compute_uv=False)
    identified = bool(flat[-1] > SINGULAR * flat[0])
    units = frame[cluster].to_numpy() if cluster else np.arange(len(frame))
    counts = bootstrap_counts(units, draws, seed) if draws else None
    replicates = _bootstrap(law, features, target, theta, counts, delta)
    return Fit(
        law=law,
        data=frame,
        loss=loss,
        delta=delta,
        seed=seed,
        cluster=cluster,
        params=pd.Series(features.natural(theta)[0], index=list(law.names), name="estimate"),
        objective=float(best.objective[0]),
        status=_status(finished, vanished, identified),
        vanished=vanished,
        starts=len(starts),
        agreeing=agreeing,
        replicates=replicates,
        unfinished=draws - len(replicates),
    )


def _status(finished: bool, vanished: tuple[str, ...], identified: bool) -> Status:
    if vanished:
        return Status.AT_BOUND
    if not identified:
        return Status.UNIDENTIFIED
    return Status.CONVERGED if finished else Status.UNFINISHED


def _global_minimum(terms, target, starts, delta) -> tuple[engine.Minimum, int, bool]:
    """The best end of all starts, how many ended there, and whether it finished."""
    weights = np.ones((len(starts), len(target)), np.uint8)
    damping = np.eye(terms.shape[2])
    for zone in [*(d for d in DELTA_PATH if d > delta), delta]:
        problem = engine.Problem(terms, target, weights, zone)
        end = engine.minimise(problem, starts, damping)
        starts = end.theta
    best = int(np.argmin(end.objective))
    agreeing = int((end.objective <= end.objective[best] * (1 + 1e-9)).sum())
    pick = slice(best, best + 1)
    minimum = engine.Minimum(end.theta[pick], end.objective[pick], end.finished[pick])
    return minimum, agreeing, bool(end.finished[best])


def _bootstrap(law: Law, features: Design, target, theta, counts, delta) -> pd.DataFrame:
    """Natural parameters of the draws that finished, indexed by the number of the draw."""
    if counts is None:
        return pd.DataFrame(columns=list(law.names), dtype=float)
    damping = engine.damping_matrix(features.terms, theta, target, delta)
    problem = engine.Problem(features.terms, target, counts, delta)
    end = engine.minimise(problem, theta, damping)
    natural = features.natural(end.theta[end.finished])
    return pd.DataFrame(natural, columns=list(law.names), index=np.flatnonzero(end.finished))


def huber_objective(fit: Fit, delta: float) -> float:
    """The summed Huber objective of a fit's parameters at another ``delta``."""
    return float(engine.huber(fit.resid, delta).sum())

"""The outcome of a fit, in the vocabulary of statsmodels."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.errors import FitError
from moat.laws import engine, search
from moat.laws.coordinates import Coordinates
from moat.laws.resample import bootstrap_counts, distinct_units
from moat.laws.rows import validated
from moat.stats.estimate import Estimate, percentile_estimate

if TYPE_CHECKING:
    from moat.laws.law import Law

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
    starts ended there; ``minima`` counts the different minima that were found and that every
    draw started from.  ``replicates`` holds one row of parameters a bootstrap draw;
    ``unfinished`` draws did not converge, or held fewer different units than the law has
    parameters; they are left out of it, never silently.
    """

    law: Law
    data: pd.DataFrame = field(repr=False)
    target: str
    scale: str
    delta: float
    weights: str | None
    seed: int
    cluster: str | None
    params: pd.Series
    objective: float
    status: Status
    at_bound: tuple[str, ...]
    starts: int
    agreeing: int
    minima: int
    replicates: pd.DataFrame = field(repr=False)
    unfinished: int
    #: What a draw is and of what: see `moat.laws.wild` for another scheme.
    scheme: str = "bootstrap draws"

    @property
    def nobs(self) -> int:
        return len(self.data)

    @property
    def units(self) -> np.ndarray:
        """The independent unit of each row."""
        return self.data[self.cluster].to_numpy() if self.cluster else np.arange(self.nobs)

    @property
    def nunits(self) -> int:
        """How many independent units there are: the n of every estimate."""
        return len(np.unique(self.units))

    @property
    def row_weights(self) -> np.ndarray:
        return self.data[self.weights].to_numpy() if self.weights else np.ones(self.nobs)

    @property
    def method(self) -> str:
        """One line for provenance: objective, resampling and number of draws."""
        kind = f"Huber (delta {self.delta:g})" if np.isfinite(self.delta) else "least squares"
        kind = f"weighted {kind}" if self.weights else kind
        scale = f"log {self.target}" if self.scale == "log" else self.target
        return f"{kind} on {scale}, {len(self.replicates):,} {self.scheme} by {self.cluster or 'row'}"

    @cached_property
    def coordinates(self) -> Coordinates:
        return self.law.coordinates(self.data)

    @property
    def observed(self) -> np.ndarray:
        """The target on the scale of the fit: its logarithm, or itself."""
        values = self.data[self.target].to_numpy()
        return np.log(values) if self.scale == "log" else values

    def problem(self, coordinates: Coordinates, weights: np.ndarray, **options: Any) -> engine.Problem:
        """The fit's objective with other ``weights`` (draws, n) of the rows, times its own."""
        target = options.pop("target", self.observed)
        own = weights * self.row_weights if self.weights else weights
        low, high = coordinates.ends
        options |= {"raw": self.scale == "raw", "low": low, "high": high}
        return engine.Problem(coordinates.model, target, own, self.delta, **options)

    def damping(self, coordinates: Coordinates, theta: np.ndarray) -> np.ndarray:
        raw = self.scale == "raw"
        return engine.damping_matrix(coordinates.model, theta, self.observed, self.delta, raw)

    @cached_property
    def fittedvalues(self) -> np.ndarray:
        return self.law.predict(self.params, self.data)

    @property
    def resid(self) -> np.ndarray:
        """Residuals on the scale of the fit: of the logarithm, or plain."""
        fitted = self.fittedvalues
        return self.observed - (np.log(fitted) if self.scale == "log" else fitted)

    @property
    def r_squared(self) -> float:
        """Share of the weighted variance of the target, on the scale of the fit, that is explained."""
        weights, observed = self.row_weights, self.observed
        centred = observed - np.average(observed, weights=weights)
        return float(1 - (weights * self.resid**2).sum() / (weights * centred**2).sum())

    @property
    def bse(self) -> pd.Series:
        """Bootstrap standard errors."""
        return self._draws().std(ddof=1)

    def share_at(self, name: str, end: float) -> float:
        """The share of draws in which a parameter sits at ``end`` of its range."""
        return float(np.isclose(self._draws()[name], end, rtol=1e-3).mean())

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
        """The target at each row (the fitted rows when none are given)."""
        return self.fittedvalues if frame is None else self.law.predict(self.params, frame)

    def get_prediction(self, frame: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
        """Columns mean, low, high: the fitted target and its interval at each row."""
        draws = self.law.predict(self._draws(), frame)
        low, high = np.quantile(draws, [alpha / 2, 1 - alpha / 2], axis=0)
        return pd.DataFrame({"mean": self.predict(frame), "low": low, "high": high}, index=frame.index)

    def optimal(self, flop: ArrayLike, alpha: float = 0.05) -> pd.DataFrame:
        """Compute-optimal params, tokens, tokens_per_param and loss with intervals, by budget.

        Raises `FitError` for a law without a closed form for them; `best_split` then searches.
        """
        if not hasattr(self.law, "optimal"):
            raise FitError(f"{self.law.name} has no closed form for the best split; try laws.best_split.")
        point = self.law.optimal(self.params, flop)
        draws = self.law.optimal(self._draws(), flop)
        table: dict[str, np.ndarray] = {}
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
        return percentile_estimate(value, function(draws), n=self.nunits, method=self.method, level=level)

    def difference(self, other: Fit, function: Callable, level: float = 0.95) -> Estimate:
        """``function`` of this fit minus that of ``other``, with an interval, draw by draw.

        Two fits with the same seed and the same units resample the same runs in each draw, so
        the difference is a paired one.  Fits of different runs need different seeds; rows
        without a cluster have only their numbers, so tables of equal length look the same.
        """
        same = self.nobs == other.nobs and np.array_equal(self.units, other.units)
        paired = same and self.seed == other.seed
        if not same and self.seed == other.seed:
            raise FitError("Fits of different runs need different seeds for an independent difference.")
        both = self._draws().index.intersection(other._draws().index)
        mine, theirs = self.replicates.loc[both], other.replicates.loc[both]
        value = np.asarray(function(self.params), float) - np.asarray(function(other.params), float)
        draws = np.asarray(function(mine), float) - np.asarray(function(theirs), float)
        n = self.nunits if paired else self.nunits + other.nunits
        method = f"{'paired' if paired else 'independent'} difference; {self.method}"
        return percentile_estimate(value.item(), draws, n=n, method=method, level=level)

    def missed(self, sample: int = 50) -> int:
        """In how many of the first ``sample`` draws a search from every start finds a better end.

        Draws start where the whole data end, which is fast and can miss a minimum; this asks the
        slow search.  An objective lower by a millionth counts as better.
        """
        drawn = self._draws().loc[: sample - 1]
        counts = bootstrap_counts(self.units, sample, self.seed)[drawn.index]
        fitted = self.law.predict(drawn, self.data)
        resid = self.observed - (np.log(fitted) if self.scale == "log" else fitted)
        reached = (counts * self.row_weights * engine.huber(resid, self.delta)).sum(axis=1)
        problem = self.problem(self.coordinates, counts)
        starts = self.law.starts(self.coordinates, self.data[self.target].to_numpy(), self.scale)
        thinned = starts[np.linspace(0, len(starts) - 1, min(len(starts), 2 * search.FOLLOWED)).astype(int)]
        zones = self.law.zones(self.delta)
        found = [search.descend(problem, np.tile(s, (len(drawn), 1)), zones) for s in thinned]
        best = np.nanmin([end.objective for end in found], axis=0)
        return int((best < reached * (1 - 1e-6)).sum())

    def _draws(self) -> pd.DataFrame:
        if self.replicates.empty and self.unfinished:
            raise FitError(f"None of the {self.unfinished:,} bootstrap draws finished; the runs are too few.")
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
    target: str,
    scale: str,
    delta: float,
    weights: str | None,
    draws: int,
    seed: int,
    cluster: str | None,
    start: pd.Series | None,
) -> Fit:
    """Validate, find the global minimum, bootstrap.  `Law.fit` is the public door."""
    frame = validated(law, data, target, weights, cluster)
    coordinates = law.coordinates(frame)
    values = frame[target].to_numpy()
    base = engine.Problem(
        coordinates.model,
        np.log(values) if scale == "log" else values,
        frame[weights].to_numpy()[None] if weights else np.ones((1, len(frame)), np.uint8),
        delta,
        raw=scale == "raw",
        low=coordinates.ends[0],
        high=coordinates.ends[1],
    )
    starts = law.starts(coordinates, values, scale)
    table = search.tabulate(law, coordinates, base, starts, frame) if len(starts) > search.FOLLOWED else None
    follow = starts if table is None else starts[search.spread_of_best(table @ base.weights[0])]
    if start is not None:
        follow = np.vstack([follow, coordinates.inverse(start[list(law.names)].to_numpy(float))])
    ends = search.descend(base, follow, law.zones(delta))
    best = int(np.nanargmin(ends.objective))
    theta = ends.theta[best]
    at_bound = law.at_bound(coordinates, theta)
    flat = np.linalg.svd(engine.jacobian(coordinates.model, theta, base.raw), compute_uv=False)
    identified = bool(flat[-1] > SINGULAR * flat[0])
    minima = search.distinct_minima(
        ends, np.array([bool(law.at_bound(coordinates, end)) for end in ends.theta])
    )
    units = frame[cluster].to_numpy() if cluster else np.arange(len(frame))
    counts = bootstrap_counts(units, draws, seed) if draws else np.empty((0, len(frame)))
    if table is None:
        warm = [ends.theta[minimum] for minimum in minima]
    else:
        warm = [starts[search.best_starts(table, counts * base.weights)]]
    replicates = search.refit_draws(law, coordinates, base, theta, warm, counts)
    replicates = replicates[distinct_units(counts, units)[replicates.index] >= len(law.names)]
    return Fit(
        law=law,
        data=frame,
        target=target,
        scale=scale,
        delta=delta,
        weights=weights,
        seed=seed,
        cluster=cluster,
        params=pd.Series(coordinates.natural(theta)[0], index=list(law.names), name="estimate"),
        objective=float(ends.objective[best]),
        status=_status(bool(ends.finished[best]), at_bound, identified),
        at_bound=at_bound,
        starts=len(follow),
        agreeing=int((ends.objective <= ends.objective[best] * (1 + search.SAME)).sum()),
        minima=len(minima),
        replicates=replicates,
        unfinished=draws - len(replicates),
    )


def fit_targets(law: Law, data: pd.DataFrame, targets: np.ndarray, *, delta: float) -> pd.DataFrame:
    """The parameters that ``law.fit(data, delta=delta, draws=0)`` finds for each of ``targets`` (m, n).

    For laws that follow all of their starts through one zone, such as sums of powers by least
    squares: all starts of all targets then step together.
    """
    frame = validated(law, data.assign(**{law.target: targets[0]}), law.target, None, None)
    coordinates, raw = law.coordinates(frame), law.scale == "raw"
    low, high = coordinates.ends
    starts = [law.starts(coordinates, values, law.scale) for values in targets]
    if law.zones(delta) != (delta,) or max(len(points) for points in starts) > search.FOLLOWED:
        raise FitError(f"The starts of {law.name} at delta {delta:g} are not followed together.")
    goals = targets if raw else np.log(targets)
    matrices = [
        engine.damping_matrix(coordinates.model, points[0], goal, delta, raw)
        for points, goal in zip(starts, goals, strict=True)
    ]
    each = [len(points) for points in starts]
    goals, damping = np.repeat(goals, each, axis=0), np.repeat(matrices, each, axis=0)
    weights = np.ones(goals.shape, np.uint8)
    problem = engine.Problem(coordinates.model, goals, weights, delta, raw=raw, low=low, high=high)
    ends = engine.minimise(problem, np.vstack(starts), damping)
    last = np.cumsum(each)
    best = [b - n + int(np.nanargmin(ends.objective[b - n : b])) for b, n in zip(last, each, strict=True)]
    return pd.DataFrame(coordinates.natural(ends.theta[best]), columns=list(law.names))


def _status(finished: bool, at_bound: tuple[str, ...], identified: bool) -> Status:
    if at_bound:
        return Status.AT_BOUND
    if not identified:
        return Status.UNIDENTIFIED
    return Status.CONVERGED if finished else Status.UNFINISHED


def huber_objective(fit: Fit, delta: float) -> float:
    """The summed Huber objective of a fit's parameters at another ``delta``."""
    return float((fit.row_weights * engine.huber(fit.resid, delta)).sum())

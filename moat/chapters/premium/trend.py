"""Capability on log compute and date, and one model's distance from that trend as a multiplier.

The trend is ``capability = a + b log10(compute) + g date + lab + country + error`` with the
intercepts of labs and countries drawn from normal distributions (partial pooling).  A model that
lies e points above it is as capable as one on the trend with ``10 ** (e / b)`` times its compute:
its *multiplier*.  Turned round (``direction="reverse"``), log compute is regressed on capability
and date; errors in compute bias the first, errors in capability the second, and the truth lies
between when nothing else is wrong (Frisch 1934).

Labs are the independent unit.  Every quantity is computed for the estimate, for every lab left
out, and for every draw of the index; `moat.stats.jackknife` makes an interval of the three.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from moat.chapters.premium.pooling import FORMS, components, date_columns, inverse_covariance, mixed
from moat.errors import FrontierError
from moat.index.item_response import Index
from moat.stats.estimate import Estimate
from moat.stats.jackknife import combined

DIRECTIONS = ("forward", "reverse")
#: Day zero of the column year: the day the editorial is about.
ZERO = pd.Timestamp("2025-01-27")
COLUMNS = ("model", "lab", "country", "date", "flop")
LEAST = 12

Array = NDArray[np.float64]


def sample(models: pd.DataFrame) -> pd.DataFrame:
    """The models that a trend can use, with the columns x (log10 FLOP) and year (since 27 January 2025).

    ``models`` has the columns of `COLUMNS`.  Raises `FrontierError` for a missing column, a repeated
    model, or fewer than a dozen models with compute, date and lab.
    """
    missing = [c for c in COLUMNS if c not in models]
    if missing:
        raise FrontierError(f"The table of models has no column {missing[0]!r}.")
    kept = models.dropna(subset=list(COLUMNS)).reset_index(drop=True)
    if kept["model"].duplicated().any():
        raise FrontierError(f"{kept['model'][kept['model'].duplicated()].iloc[0]!r} is in the table twice.")
    if len(kept) < LEAST:
        raise FrontierError(
            f"A trend needs at least {LEAST} models with compute, date and lab, not {len(kept)}."
        )
    year = (pd.to_datetime(kept["date"]) - ZERO).dt.days / 365.25
    return kept.assign(x=np.log10(kept["flop"].astype(float)), year=year)


@dataclass(frozen=True)
class Trend:
    """How capability follows compute and date; `fit` gives a `Fitted`.

    ``direction`` is forward or reverse, ``form`` the shape of the date, ``pooled`` whether labs and
    countries have intercepts of their own; ``extra`` names further columns of the table.
    """

    direction: str = "forward"
    form: str = "linear"
    pooled: bool = True
    extra: tuple[str, ...] = ()

    def fit(self, table: pd.DataFrame, ability: Array, *, without: tuple[str, ...] = ()) -> Fitted:
        """Fit to ``table`` from `sample` and ``ability`` (1 + draws, n), row 0 the estimate.

        Labs in ``without`` do not enter the fit but can be predicted.  Raises `FrontierError` for an
        unknown direction, form or lab, and where fewer than a dozen models or three labs are left.
        """
        if self.direction not in DIRECTIONS or self.form not in FORMS:
            raise FrontierError(f"A trend is one of {DIRECTIONS} and one of {FORMS}.")
        lost = [c for c in self.extra if c not in table]
        if lost:
            raise FrontierError(f"The table of models has no column {lost[0]!r}.")
        unknown = [lab for lab in without if lab not in set(table["lab"])]
        if unknown:
            raise FrontierError(f"No model in the table is by {unknown[0]!r}.")
        ability = np.atleast_2d(ability)
        inside = ~table["lab"].isin(without).to_numpy()
        labs = sorted(table["lab"][inside].unique())
        if inside.sum() < LEAST or len(labs) < 3:
            raise FrontierError(
                f"A trend needs at least {LEAST} models of three labs, not {inside.sum()} of {len(labs)}."
            )
        if self.pooled:
            sds = components(mixed(table[inside], ability[0, inside], self.direction, self.form, self.extra))
        else:
            sds = {"lab": 0.0, "country": 0.0, "residual": 1.0}
        fitted = Fitted(self, table, ability, inside, labs, sds)
        fitted = replace(fitted, params=fitted.solve(table["x"].to_numpy()))
        if self.pooled:
            return fitted
        unit = 1.0 if self.direction == "reverse" else abs(fitted.slope[0])
        misses = fitted.residuals() * unit
        left = fitted.nobs - fitted.params.shape[1]
        return replace(fitted, sds=sds | {"residual": float(np.sqrt(np.sum(misses**2) / left))})


@dataclass(frozen=True)
class Fitted:
    """A trend at the estimate (row 0), with each of ``labs`` left out, and in every draw of the index.

    ``params`` (1 + labs + draws, k): intercept, slope, date terms; ``sds`` are those of `components`.
    """

    trend: Trend
    table: pd.DataFrame = field(repr=False)
    ability: Array = field(repr=False)
    inside: NDArray[np.bool_] = field(repr=False)
    labs: list[str]
    sds: dict[str, float]
    params: Array | None = field(default=None, repr=False)

    @property
    def nobs(self) -> int:
        return int(self.inside.sum())

    @property
    def method(self) -> str:
        t, pooled = self.trend, "labs and countries pooled" if self.trend.pooled else "one intercept"
        return (
            f"{t.direction} regression, {t.form} in date, {pooled}; {len(self.labs)} labs left out in turn, "
            f"{len(self.ability) - 1:,} draws of the index"
        )

    @property
    def slope(self) -> Array:
        """Index points per tenfold compute in every row, (rows,)."""
        return self.params[:, 1] if self.trend.direction == "forward" else 1 / self.params[:, 1]

    @property
    def date(self) -> Array:
        """Index points per year at equal compute, (rows,); linear in date only."""
        if self.trend.form != "linear":
            raise FrontierError("Only a trend that is linear in date has one slope in date.")
        forward = self.trend.direction == "forward"
        return self.params[:, 2] if forward else -self.params[:, 2] / self.params[:, 1]

    def coefficient(self, name: str) -> Array:
        """The coefficient of a further column in every row, (rows,), in units of the left-hand side."""
        return self.params[:, self.params.shape[1] - len(self.trend.extra) + self.trend.extra.index(name)]

    @cached_property
    def inverses(self) -> Array:
        """Inverse covariances of the models: of all inside the fit, then with each lab left out."""
        return inverse_covariance(self.table, self.inside, self.sds, (None, *self.labs))

    def others(self) -> Array:
        """The columns of the design besides intercept and slope, (n, k)."""
        dates = date_columns(self.table, self.trend.form, self.inside)
        return np.hstack([dates, self.table[list(self.trend.extra)].to_numpy(float)])

    def rows(self) -> Array:
        """Abilities by row of ``params``: the estimate for each lab left out, then the draws."""
        return np.vstack([np.tile(self.ability[0], (1 + len(self.labs), 1)), self.ability[1:]])

    def solve(self, x: Array) -> Array:
        """``params`` at log compute ``x`` (n,), for SIMEX; generalised least squares, given ``sds``."""
        inverse, dates = self.inverses, self.others()
        drawn = self.ability[1:]
        parts = []
        for weights, ability in ((inverse, self.ability[:1]), (inverse[:1], drawn)):
            if not len(ability):
                continue
            y = np.broadcast_to(ability, (max(len(weights), len(ability)), len(x)))
            given = np.broadcast_to(x, y.shape)
            left, right = (given, y) if self.trend.direction == "forward" else (y, given)
            if self.trend.direction == "forward":
                left = left[:1]
            design = np.concatenate(
                [np.ones((len(left), len(x), 1)), left[..., None], np.tile(dates, (len(left), 1, 1))], axis=2
            )
            crossed = design.swapaxes(1, 2) @ weights
            try:
                parts.append(np.linalg.solve(crossed @ design, crossed @ right[..., None])[..., 0])
            except np.linalg.LinAlgError:
                raise FrontierError(
                    "With one lab left out a term of the trend has no models; choose fewer terms."
                ) from None
        params = np.vstack(parts)
        return params

    def residuals(self) -> Array:
        """log10 multipliers of the models inside the fit, at the estimate, (nobs,)."""
        x, y, first = self.table["x"].to_numpy(), self.ability[0], self.params[0]
        given, told = (x, y) if self.trend.direction == "forward" else (y, x)
        miss = told - first[0] - first[1] * given - self.others() @ first[2:]
        return (miss / first[1] if self.trend.direction == "forward" else -miss)[self.inside]

    def gaps(self, model: str, params: Array | None = None, x: Array | None = None) -> Array:
        """log10 of the multiplier of ``model`` in every row, (rows,).  Raises for an unknown model."""
        hit = np.flatnonzero(self.table["model"] == model)
        if not len(hit):
            raise FrontierError(f"{model!r} has no compute in this table; its multiplier is unknown.")
        i, params = hit[0], self.params if params is None else params
        own = self.table["x"].iloc[i] if x is None else x[i]
        y, dates = self.rows()[:, i], self.others()[i]
        if self.trend.direction == "forward":
            return (y - params[:, 0] - params[:, 1] * own - params[:, 2:] @ dates) / params[:, 1]
        return params[:, 0] + params[:, 1] * y + params[:, 2:] @ dates - own

    def estimate(self, values: Array, *, exp: bool = False, level: float = 0.9, more: str = "") -> Estimate:
        """The estimate of a quantity given in every row."""
        cut = 1 + len(self.labs)
        about = {"n": self.nobs, "method": self.method + more, "level": level, "exp": exp}
        return combined(values[0], values[1:cut], values[cut:], **about)

    def multiplier(self, model: str, level: float = 0.9) -> Estimate:
        """How many times its compute ``model`` is worth on the trend."""
        return self.estimate(self.gaps(model), exp=True, level=level)

    def lab_gap(self, lab: str) -> Array:
        """The mean log10 multiplier of a lab's models in every row."""
        return np.mean([self.gaps(m) for m in self.table["model"][self.table["lab"] == lab]], axis=0)

    def surprise(self, model: str) -> float:
        """Two-sided p of a model as far from the trend, if it were drawn like the others.

        The scatter is that of labs, countries and models around the trend, and the error of the
        trend comes on top.
        """
        gap = self.gaps(model)
        unit = self.slope[0] if self.trend.direction == "forward" else 1.0
        scatter = np.sqrt(sum(v**2 for v in self.sds.values())) / unit
        error = self.estimate(gap)
        wide = error.half_width / stats.t.ppf(0.95, len(self.labs) - 1)
        return float(2 * stats.t.sf(abs(gap[0]) / np.hypot(scatter, wide), len(self.labs) - 1))


def abilities(index: Index, table: pd.DataFrame) -> Array:
    """The index of the models in ``table``, estimate first, (1 + draws, n)."""
    return index.abilities(table["model"].tolist())

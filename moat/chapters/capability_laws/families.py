"""Capability on log compute with an intercept for each family, and what the intercepts are worth.

``capability = a[family] + b log10(compute) + error``: all families share the slope, which comes from
comparing models of one family with each other.  A family whose models lie above the average family
by e gets as much from a FLOP as the average one from ``10 ** (e / b)``: its *multiplier*.  A second
regression, of the logarithms of the multipliers on date, country and kind, says what a family of its
day and kind usually gets.

Families of one lab share people, text and tricks, so labs are the independent unit: intervals leave
out one lab at a time (`moat.stats.jackknife`).  A family is never compared with its own lab.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from moat.errors import FrontierError
from moat.stats.estimate import Estimate
from moat.stats.jackknife import combined

Array = NDArray[np.float64]
Keep = NDArray[np.bool_]
COLUMNS = ("model", "family", "lab", "country", "kind", "released", "x")
KINDS = ("code", "multilingual", "taught")
#: Day zero of the dates of families.
ZERO = pd.Timestamp("2024-01-01")
LEAST = 8


@dataclass(frozen=True)
class Families:
    """Families by what the regression needs of them; `of` makes one from a table of models.

    ``table`` has one row a family: family, lab, country, kind, year (from `ZERO`), models, x (mean
    log10 FLOP).  ``xx`` (f,), ``xy`` and ``yy`` (d, f) are sums of squares within families and ``y``
    (d, f) their mean capability, for the estimate in row 0 and draws of the capability below it.
    """

    table: pd.DataFrame
    xx: Array = field(repr=False)
    xy: Array = field(repr=False)
    yy: Array = field(repr=False)
    y: Array = field(repr=False)

    @classmethod
    def of(cls, models: pd.DataFrame, capability: Array) -> Families:
        """From models with the columns of `COLUMNS` and their capability, (n,) or (1 + draws, n).

        Raises `FrontierError` for a missing column, fewer than eight families or three labs, and
        where no family has two models of different compute.
        """
        missing = [c for c in COLUMNS if c not in models]
        if missing:
            raise FrontierError(f"The table of models has no column {missing[0]!r}.")
        models = models.reset_index(drop=True)
        codes, names = pd.factorize(models["family"])
        if len(names) < LEAST or models["lab"].nunique() < 3:
            raise FrontierError(f"Families are compared from {LEAST} families of three labs on.")
        member = (codes == np.arange(len(names))[:, None]).astype(float)
        size = member.sum(axis=1)
        x, y = models["x"].to_numpy(float), np.atleast_2d(capability)
        x_mean, y_mean = member @ x / size, y @ member.T / size
        dx, dy = x - x_mean[codes], y - y_mean[:, codes]
        if not (dx != 0).any():
            raise FrontierError("No family has two models of different compute, so there is no slope.")
        table = models.groupby("family", sort=False)[["lab", "country", "kind", "released"]].first()
        year = (table["released"] - ZERO).dt.days / 365.25
        table = table.assign(year=year, models=size.astype(int), x=x_mean).reset_index()
        sums = (member @ dx**2, (dx * dy) @ member.T, dy**2 @ member.T)
        return cls(table, *sums, y_mean)

    @property
    def nobs(self) -> int:
        return int(self.table["models"].sum())

    def others(self, lab: str | None = None) -> Keep:
        """Which families are not of ``lab``, (f,).  Raises for an unknown lab."""
        if lab is not None and lab not in set(self.table["lab"]):
            raise FrontierError(f"No family of the table is by {lab!r}.")
        return (self.table["lab"] != lab).to_numpy()

    def place(self, family: str) -> int:
        """The row of ``family``.  Raises for an unknown one."""
        hit = np.flatnonzero(self.table["family"] == family)
        if not len(hit):
            raise FrontierError(f"{family!r} has no compute in this table; its multiplier is unknown.")
        return int(hit[0])

    def slope(self, keep: Keep, draw: int = 0) -> float:
        """Capability per tenfold compute, from the families in ``keep``."""
        return float(self.xy[draw, keep].sum() / self.xx[keep].sum())

    def gaps(self, keep: Keep, draw: int = 0) -> Array:
        """log10 multipliers of all families against the average of those in ``keep``, (f,)."""
        equal = self.y[draw] / self.slope(keep, draw) - self.x
        return equal - equal[keep].mean()

    @cached_property
    def design(self) -> Array:
        """Intercept, year, China, and one column a kind that occurs besides general, (f, 3 + kinds)."""
        columns = [np.ones(len(self.table)), self.table["year"], self.table["country"] == "CN"]
        columns += [self.table["kind"] == k for k in KINDS if (self.table["kind"] == k).any()]
        return np.column_stack(columns).astype(float)

    @cached_property
    def x(self) -> Array:
        """Mean log10 FLOP of each family, (f,)."""
        return self.table["x"].to_numpy(float)

    def trend(self, keep: Keep, draw: int = 0, *, china: bool = True) -> Array:
        """Coefficients of `design` in log10 multipliers, least squares over the families in ``keep``."""
        design, gaps = self.design if china else np.delete(self.design, 2, axis=1), self.gaps(keep, draw)
        return np.linalg.lstsq(design[keep], gaps[keep], rcond=None)[0]

    def of_its_day(self, keep: Keep, draw: int = 0) -> Array:
        """log10 multipliers against what a general family of the same date gets, (f,)."""
        line = self.trend(keep, draw, china=False)[:2]
        return self.gaps(keep, draw) - self.design[:, :2] @ line

    def placebo(self) -> float:
        """Share of the ways to call as many labs Chinese that give a lead at least as large.

        With few labs on one side this exact test of a randomised country (Fisher 1935) does not lean
        on their number being large.
        """
        keep, design = self.others(), self.design.copy()
        gaps, labs = self.gaps(keep), self.table["lab"].to_numpy()
        chinese = np.unique(labs[design[:, 2] == 1])
        leads = []
        for some in combinations(np.unique(labs), len(chinese)):
            design[:, 2] = np.isin(labs, some)
            leads.append(np.linalg.lstsq(design, gaps, rcond=None)[0][2])
        return float(np.mean(np.array(leads) >= self.trend(keep)[2] - 1e-12))

    def noise(self, family: int) -> float:
        """Variance of a family's mean log10 multiplier that its few models cause."""
        keep = self.others()
        b = self.slope(keep)
        rest = self.yy[0] - 2 * b * self.xy[0] + b**2 * self.xx
        free = self.nobs - len(self.table) - 1
        return float(rest.sum() / free / self.table["models"].iloc[family] / b**2)

    def estimate(
        self,
        quantity: Callable[[Keep, int], float],
        *,
        without: str | None = None,
        own: float = 0.0,
        exp: bool = True,
        more: str = "",
    ) -> Estimate:
        """``quantity`` of (families kept, draw) with its 90% interval; ``without`` leaves a lab out.

        ``own`` is the variance of what is never left out; with ``exp`` the quantity is a log10.
        """
        keep, labs = self.others(without), self.table["lab"].to_numpy()
        left = [quantity(keep & (labs != lab), 0) for lab in np.unique(labs[keep])]
        draws = [quantity(keep, d) for d in range(1, len(self.y))]
        method = f"family intercepts, one slope; {len(left)} labs left out in turn"
        method += f", {len(draws):,} draws of the components" if draws else ""
        about = {"n": self.nobs, "method": method + more, "exp": exp, "own": own}
        return combined(quantity(keep, 0), np.array(left), np.array(draws), **about)

    def multiplier(self, family: str, *, dated: bool = False) -> Estimate:
        """How many FLOP of the average family one of this family is worth; ``dated``: of its day."""
        i, what = self.place(family), self.of_its_day if dated else self.gaps
        more = "; against families of its date" if dated else ""
        lab = self.table["lab"].iloc[i]
        return self.estimate(lambda k, d: what(k, d)[i], without=lab, own=self.noise(i), more=more)

    def ranked(self, *, dated: bool = False) -> pd.DataFrame:
        """All families: the columns of ``table`` with value, low and high, largest first."""
        rows = [self.multiplier(f, dated=dated) for f in self.table["family"]]
        numbers = pd.DataFrame([(e.value, e.low, e.high) for e in rows], columns=["value", "low", "high"])
        out = pd.concat([self.table, numbers], axis=1)
        return out.sort_values("value", ascending=False, ignore_index=True)

    def parallel(self) -> float:
        """p of the F test that all families have one slope, from families of two models or more."""
        many = self.xx > 0
        xx, xy, yy = self.xx[many], self.xy[0, many], self.yy[0, many]
        common = yy.sum() - xy.sum() ** 2 / xx.sum()
        alone = (yy - xy**2 / xx).sum()
        more = int(many.sum()) - 1
        free = int(self.table["models"][many].sum()) - 2 * int(many.sum())
        if more < 1 or free < 1:
            raise FrontierError("A test of one slope needs two families and one of them three models.")
        return float(stats.f.sf((common - alone) / more / (alone / free), more, free))

    def straight(self, least: int = 3) -> pd.Series:
        """R² of capability on log compute within each family of ``least`` models or more."""
        many = (self.table["models"] >= least).to_numpy()
        r2 = self.xy[0] ** 2 / np.where(self.xx * self.yy[0] > 0, self.xx * self.yy[0], np.nan)
        return pd.Series(r2[many], self.table["family"][many]).sort_values()

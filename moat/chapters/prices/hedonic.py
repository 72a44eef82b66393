"""What a thing costs at fixed capability, and how fast that falls: log cost on capability and date.

The cost is a price a token, the bill of a task, or the memory that a model needs.  Labs are the
independent unit: they set prices for all of their models.  Every coefficient comes with its value, its
values with each lab left out, and its values for each draw of the index; `moat.stats.jackknife` makes
the interval of them.

>>> table = pd.DataFrame({"lab": list("aabbcc"), "date": pd.to_datetime(["2024-01-01", "2025-01-01"] * 3)})
>>> table["price"] = [10.0, 1.0, 20.0, 2.0, 40.0, 4.0]
>>> ability = np.array([[100.0, 100, 105, 105, 110, 110]])
>>> round(Hedonic("price").fit(table, ability).fall().value, 2)
9.95
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.errors import FrontierError
from moat.stats.dates import years
from moat.stats.estimate import Estimate
from moat.stats.jackknife import combined

Array = NDArray[np.float64]
#: Dates count in years from the day of the editorial, capability in tens of points from 130.
ZERO, MIDDLE, STEP = pd.Timestamp("2025-01-27"), 130.0, 10.0
FORMS = ("straight", "curved", "lab intercepts")


@dataclass(frozen=True)
class Fitted:
    """``params`` (1 + labs + draws, terms): the estimate, each lab left out, each draw of the index."""

    names: tuple[str, ...]
    params: Array
    labs: tuple[str, ...]
    nobs: int
    what: str
    residuals: Array

    def column(self, name: str) -> Array:
        """One coefficient in log10 units (1 + labs + draws,).  Raises `FrontierError` for a stranger."""
        if name not in self.names:
            raise FrontierError(f"The regression has terms {', '.join(self.names)}, not {name!r}.")
        return self.params[:, self.names.index(name)]

    def estimate(
        self, values: Array, *, level: float = 0.9, exp: bool = True, corrected: bool = True
    ) -> Estimate:
        """The interval of one quantity (1 + labs + draws,); with ``exp`` of its power of ten.

        The index measures capability with noise, which flattens its coefficient and shifts the others.
        Its draws add the same noise once more and so show by how much; ``corrected`` takes that off
        (the bootstrap's estimate of bias, Efron and Tibshirani 1993, chapter 10).
        """
        groups = len(self.labs)
        left, drawn = values[1 : 1 + groups], values[1 + groups :]
        method = f"{self.what}; {groups} labs left out in turn, {len(drawn):,} draws of the index"
        shift = values[0] - drawn.mean() if corrected and len(drawn) > 1 else 0.0
        method += ", their bias taken off" if shift else ""
        return combined(
            values[0] + shift, left + shift, drawn, n=self.nobs, method=method, level=level, exp=exp
        )

    def fall(self, level: float = 0.9, *, corrected: bool = True) -> Estimate:
        """How many times a year the cost falls at fixed capability."""
        return self.estimate(-self.column("year"), level=level, corrected=corrected)

    def ratio(self, name: str, level: float = 0.9) -> Estimate:
        """The cost with a mark over that without it, all else equal."""
        return self.estimate(self.column(name), level=level)


@dataclass(frozen=True)
class Hedonic:
    """Log10 of the column ``cost`` on capability, date and the 0/1 columns ``marks``.

    ``form`` is straight, curved (capability squared too) or lab intercepts (a constant each lab).
    """

    cost: str
    marks: tuple[str, ...] = ()
    form: str = "straight"

    def fit(self, table: pd.DataFrame, ability: Array) -> Fitted:
        """To rows with lab, date and the cost; ``ability`` (1 + draws, rows) in index points.

        Raises `FrontierError` for a missing column, a cost that is not positive, or too few labs.
        """
        missing = [c for c in ("lab", "date", self.cost, *self.marks) if c not in table]
        if missing:
            raise FrontierError(f"The table has no column {missing[0]!r}.")
        cost = table[self.cost].to_numpy(float)
        if not (cost > 0).all():
            raise FrontierError(f"Every {self.cost} must be positive; drop or mend the others.")
        if self.form not in FORMS:
            raise FrontierError(f"A form is one of {', '.join(FORMS)}, not {self.form!r}.")
        labs = tuple(sorted(table["lab"].unique()))
        ability = (np.atleast_2d(ability) - MIDDLE) / STEP
        inside = np.vstack([np.ones(len(table), bool), *(table["lab"] != lab for lab in labs)])
        designs = np.concatenate([np.repeat(ability[:1], len(inside), 0), ability[1:]])
        weights = np.vstack([inside, np.ones((len(ability) - 1, len(table)), bool)]).astype(float)
        names, design = self._design(table, designs, labs)
        params = _solve(design, weights, np.log10(cost))
        what = f"log {self.cost} on capability and date" + (
            "" if self.form == "straight" else f", {self.form}"
        )
        residuals = np.log10(cost) - design[0] @ params[0]
        return Fitted(names, params, labs, len(table), what, residuals)

    def _design(self, table: pd.DataFrame, ability: Array, labs: tuple[str, ...]) -> tuple:
        columns = {"constant": np.ones_like(ability), "capability": ability}
        fixed = {"year": years(table["date"], ZERO)}
        fixed |= {mark: table[mark].to_numpy(float) for mark in self.marks}
        if self.form == "curved":
            columns["capability squared"] = ability**2
        if self.form == "lab intercepts":
            fixed |= {lab: (table["lab"] == lab).to_numpy(float) for lab in labs[1:]}
        columns |= {k: np.broadcast_to(v, ability.shape) for k, v in fixed.items()}
        return tuple(columns), np.stack(list(columns.values()), axis=-1)


def _solve(design: Array, weights: Array, cost: Array) -> Array:
    """Least squares for each row of weights (r, n) and design (r, n, k); a left-out lab's constant is 0.

    All labs and draws are solved at once; a fit of statsmodels for each would be some hundred calls.
    """
    weighted = (design * weights[..., None]).swapaxes(1, 2)
    return np.einsum("rij,rj->ri", np.linalg.pinv(weighted @ design, hermitian=True), weighted @ cost)

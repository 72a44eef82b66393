"""Partial pooling: a mixed model with intercepts of labs and countries, by statsmodels.

A lab with one model is pulled towards the middle, a lab with many speaks for itself.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from numpy.typing import NDArray

from moat.frontier.errors import FrontierError

FORMS = ("linear", "quadratic", "half-years")

Array = NDArray[np.float64]


def mixed(
    table: pd.DataFrame,
    ability: Array,
    direction: str = "forward",
    form: str = "linear",
    extra: tuple[str, ...] = (),
):
    """The mixed model by statsmodels, REML, intercepts of labs and countries: the fitted results.

    ``table`` comes from `sample`, ``ability`` (n,) are index points.
    """
    dates = date_columns(table, form, np.ones(len(table), bool))
    terms = [f"date{k}" for k in range(dates.shape[1])]
    frame = table.assign(y=ability, one=1, **dict(zip(terms, dates.T, strict=True)))
    formula = " + ".join((*terms, *extra))
    sides = {"forward": f"y ~ x + {formula}", "reverse": f"x ~ y + {formula}"}
    parts = {"lab": "0 + C(lab)", "country": "0 + C(country)"}
    model = smf.mixedlm(sides[direction], frame, groups="one", vc_formula=parts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance of zero lies on the boundary, which is an answer
        results = model.fit(reml=True, method=["bfgs", "powell", "lbfgs"])
    if not results.converged:
        raise FrontierError("The mixed model did not converge; try pooled=False or another form of the date.")
    return results


def components(results) -> dict[str, float]:
    """Standard deviations: lab, country and residual, in units of the left-hand side."""
    names = results.model.exog_vc.names
    sds = dict(zip(names, np.sqrt(np.maximum(results.vcomp, 0.0)), strict=True))
    return {"lab": sds["lab"], "country": sds["country"], "residual": float(np.sqrt(results.scale))}


def date_columns(table: pd.DataFrame, form: str, inside: NDArray[np.bool_]) -> Array:
    """The columns of the date (n, k).

    A half-year with fewer than three labs in the fit joins the nearest that has them, so that one
    lab can always be left out.
    """
    year = table["year"].to_numpy(float)
    if form == "linear":
        return year[:, None]
    if form == "quadratic":
        return np.column_stack([year, year**2])
    half = np.floor(2 * year).astype(int)
    labs = table["lab"][inside].groupby(half[inside]).nunique()
    held = labs.index[labs >= 3].to_numpy()
    if not len(held):
        raise FrontierError("No half-year has models of three labs; choose a trend that is linear in date.")
    near = held[np.abs(half[:, None] - held).argmin(axis=1)]
    return (near[:, None] == held[1:]).astype(float)


def inverse_covariance(
    table: pd.DataFrame, inside: NDArray[np.bool_], sds: dict, without: str | None
) -> Array:
    """The inverse covariance (n, n) of the models inside the fit, zero for all others."""
    use = np.flatnonzero(inside & (table["lab"] != without).to_numpy())
    covariance = np.eye(len(use)) * sds["residual"] ** 2
    for part in ("lab", "country"):
        codes = pd.factorize(table[part].iloc[use])[0]
        covariance += sds[part] ** 2 * (codes[:, None] == codes)
    out = np.zeros((len(table), len(table)))
    out[np.ix_(use, use)] = np.linalg.inv(covariance)
    return out

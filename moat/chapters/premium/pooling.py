"""Partial pooling: a mixed model with intercepts of labs and countries, by statsmodels.

A lab with one model is pulled towards the middle, a lab with many speaks for itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

from moat.errors import FrontierError

FORMS = ("linear", "quadratic", "half-years")
#: The columns of a table that have intercepts of their own, in the order of their names.
PARTS = ("country", "lab")

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
    left, right = {"forward": ("y", "x"), "reverse": ("x", "y")}[direction]
    frame = pd.DataFrame({"x": table["x"].to_numpy(float), "y": ability, "Intercept": 1.0})
    design = frame[["Intercept", right]].copy()
    for k, column in enumerate(dates.T):
        design[f"date{k}"] = column
    for name in extra:
        design[name] = table[name].to_numpy(float)
    # Formulas of statsmodels give the same matrices and take longer than the fit.
    dummies = [pd.get_dummies(table[part].to_numpy(), dtype=float) for part in PARTS]
    columns, matrices = ([[of(d)] for d in dummies] for of in (list, np.asfortranarray))
    parts = VCSpec(list(PARTS), columns, matrices)
    model = MixedLM(frame[left], design, groups=np.ones(len(frame), int), exog_vc=parts)
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
    table: pd.DataFrame, inside: NDArray[np.bool_], sds: dict, without: Sequence[str | None]
) -> Array:
    """The inverse covariances (len(without), n, n) of the models inside the fit, zero for all others.

    Each leaves out the models of one lab of ``without``, or of none.
    """
    lab = table["lab"].to_numpy(object)  # a comparison of pandas would take longer than the inverse
    whole = np.eye(len(table)) * sds["residual"] ** 2
    for part in ("lab", "country"):
        codes = pd.factorize(table[part])[0]
        whole += sds[part] ** 2 * (codes[:, None] == codes)
    out = np.zeros((len(without), *whole.shape))
    for inverse, name in zip(out, without, strict=True):
        use = np.flatnonzero(inside & (lab != name))
        inverse[np.ix_(use, use)] = np.linalg.inv(whole[np.ix_(use, use)])
    return out

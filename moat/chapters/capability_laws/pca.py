"""Principal components of a table of benchmark scores with holes in it.

As Ruan et al. (2024, Section 3.2 and Appendix B.3) do it: missing scores are filled by one component
of the standardised scores, over and over until they stay; filled scores outside [0, 1] are brought
back; then the components of the scores, centred and not scaled, are taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.multivariate.pca import PCA

from moat.errors import FrontierError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Components:
    """``weights`` (benchmarks by components, unit length), ``scores`` (models by components).

    ``shares`` is what each component explains of the variance; ``filled`` the scores without holes.
    The first component points so that its weights add up to something positive.
    """

    weights: pd.DataFrame
    scores: pd.DataFrame
    shares: Array
    filled: pd.DataFrame


def principal(scores: pd.DataFrame, *, standardise: bool = False) -> Components:
    """The components of ``scores``, models by benchmarks, shares in [0, 1] or NaN.

    Raises `FrontierError` for a model without any score and for fewer models than benchmarks.

    >>> ability = np.linspace(0.1, 0.9, 9)
    >>> table = pd.DataFrame({"a": ability, "b": 0.5 + 0.3 * ability, "c": 0.2 * ability})
    >>> table.loc[2, "b"] = np.nan
    >>> found = principal(table)
    >>> round(float(found.filled.loc[2, "b"]), 4), round(float(found.shares[0]), 4)
    (0.59, 1.0)
    """
    if len(scores) < scores.shape[1]:
        raise FrontierError(f"{scores.shape[1]} benchmarks need as many models, not {len(scores)}.")
    if scores.isna().all(axis=1).any():
        lost = scores.index[scores.isna().all(axis=1)][0]
        raise FrontierError(f"The model in row {lost} has no score at all; leave it out.")
    filled = fill(scores)
    found = PCA(filled.to_numpy(), standardize=standardise, demean=True, normalize=False)
    weights = found.loadings * np.where(found.loadings.sum(axis=0) < 0, -1.0, 1.0)
    centred = found.transformed_data
    names = range(1, weights.shape[1] + 1)
    return Components(
        pd.DataFrame(weights, scores.columns, names),
        pd.DataFrame(centred @ weights, scores.index, names),
        np.asarray(found.eigenvals / found.eigenvals.sum()),
        filled,
    )


def fill(scores: pd.DataFrame, *, most: int = 1000, tolerance: float = 1e-9) -> pd.DataFrame:
    """``scores`` with every hole filled by one component of the standardised scores.

    Raises `FrontierError` when ``most`` rounds do not settle it to ``tolerance``.
    """
    known = scores.notna().to_numpy()
    now = scores.fillna(scores.mean()).to_numpy(float)
    for _ in range(most):
        new = np.where(known, now, PCA(now, ncomp=1, standardize=True).project())
        if np.abs(new - now).max() < tolerance:
            return pd.DataFrame(np.clip(new, 0.0, 1.0), scores.index, scores.columns)
        now = new
    raise FrontierError(f"The missing scores have not settled after {most} rounds; too many are missing.")


def resampled(scores: pd.DataFrame, family: pd.Series, *, draws: int, seed: int = 0) -> tuple[Array, Array]:
    """First components and shares when families are drawn with replacement.

    Returns the first component of all models by the weights of each draw, (draws, models), and the
    shares of each draw, (draws, benchmarks).  Holes are filled once.
    """
    filled = fill(scores).to_numpy()
    codes, names = pd.factorize(family)
    rows = [np.flatnonzero(codes == k) for k in range(len(names))]
    rng = np.random.default_rng(seed)
    first, shares = np.empty((draws, len(filled))), np.empty((draws, filled.shape[1]))
    for d in range(draws):
        some = filled[np.concatenate([rows[k] for k in rng.integers(0, len(rows), len(rows))])]
        values, vectors = np.linalg.eigh(np.cov(some, rowvar=False))
        weight = vectors[:, -1] * np.sign(vectors[:, -1].sum())
        first[d] = (filled - filled.mean(axis=0)) @ weight
        shares[d] = values[::-1] / values.sum()
    return first, shares

"""Who holds the top: the share of a country in the most capable models, and the ranks of labs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from moat.chapters.lag.race import day_numbers
from moat.errors import FrontierError
from moat.index.item_response import Index
from moat.models import labs

Array = NDArray[np.float64]
#: What is counted: models, or labs by their best model.
UNITS = ("models", "labs")


def _here(models: pd.DataFrame, index: Index, multi_sample: bool) -> tuple[pd.DataFrame, Array, Array]:
    """The rows of the index, their abilities (1 + draws, models) and days (models,)."""
    here = models[models["model"].isin(index.ability.index)].dropna(subset=["date", "lab"])
    if not multi_sample:
        here = here[~here["multi_sample"].astype(bool)]
    here = here.reset_index(drop=True)
    return here, index.abilities(list(here["model"])), day_numbers(here["date"])


def best_of_labs(
    models: pd.DataFrame, index: Index, days: ArrayLike, *, multi_sample: bool = True
) -> tuple[pd.Series, Array]:
    """Each lab's best ability so far: its country by name, and an array (1 + draws, labs, days).

    Minus infinity where the lab had no model yet.
    """
    here, ability, born = _here(models, index, multi_sample)
    out = born[:, None] <= np.asarray(days, float)
    groups = here.groupby("lab").groups
    best = [np.where(out[r][None], ability[:, r, None], -np.inf).max(axis=1) for r in groups.values()]
    country = here.drop_duplicates("lab").set_index("lab")["country"].reindex(list(groups))
    return country, np.stack(best, axis=1)


def ranks(best: Array) -> Array:
    """Rank of each lab, 1 for the best, from the second result of `best_of_labs`; same shape.

    Missing where the lab has no model.

    >>> ranks(np.array([[[1.0], [3.0], [-np.inf]]])).tolist()
    [[[2.0], [1.0], [nan]]]
    """
    above = (best[:, None] > best[:, :, None]).sum(axis=2)
    return np.where(np.isinf(best), np.nan, 1.0 + above)


def top_share(
    models: pd.DataFrame,
    index: Index,
    days: Iterable[float],
    k: int,
    *,
    country: str = "US",
    unit: str = "models",
    multi_sample: bool = True,
    assignment: str = "own",
) -> Array:
    """Per cent of ``country`` among the ``k`` most capable so far on each day, (1 + draws, days).

    ``unit`` counts models or labs (by their best model).  Raises `FrontierError` where fewer than
    ``k`` had appeared, and for an unknown unit.
    """
    if unit not in UNITS:
        raise FrontierError(f"A top is made of {' or '.join(UNITS)}, not {unit!r}.")
    days = np.asarray(list(days), float)
    if unit == "labs":
        home, best = best_of_labs(models, index, days, multi_sample=multi_sample)
        mine = (home == country).to_numpy()
        return np.stack([_share(best[:, :, d], mine, k) for d in range(len(days))], axis=1)
    here, ability, born = _here(models, index, multi_sample)
    mine = (labs.population(here, assignment) == country).to_numpy()
    return np.stack([_share(ability[:, born <= d], mine[born <= d], k) for d in days], axis=1)


def _share(ability: Array, mine: NDArray[np.bool_], k: int) -> Array:
    """Per cent of ``mine`` (models,) among the ``k`` highest of each row of ``ability``."""
    if ability.shape[1] < k or np.isfinite(ability).sum(axis=1).min() < k:
        raise FrontierError(f"Fewer than {k} had appeared by one of these days; begin later.")
    top = np.argpartition(-ability, k - 1, axis=1)[:, :k]
    return 100 * mine[top].mean(axis=1)

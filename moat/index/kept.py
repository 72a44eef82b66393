"""The index of all scores, which several chapters draw on: fitted once and kept, as `moat.products` says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from moat import products, sources
from moat.index.item_response import COLUMNS, Index, ItemResponse

#: What `make` reads, and what a chapter that imports this module has made before it runs.
TABLES = ("eci-benchmarks",)
SHARED = ("capability-index",)
#: The draws and the seed of the product: those of the chapters that share it.
DRAWS, SEED = 1000, 0
#: The modules that decide what a fit gives.
CODE = ("moat.index.item_response", "moat.index.solver", "moat.index.kept")


def index_of(
    scores: pd.DataFrame, *, draws: int = DRAWS, seed: int = SEED, model: ItemResponse | None = None
) -> Index:
    """``model.fit(scores, draws=draws, seed=seed)``, from the product where that was made from just these.

    Parameters
    ----------
    scores: one row a model and benchmark, as `ItemResponse.fit` takes them.
    draws, seed: of the bootstrap.
    model: the options of the index; those of upstream by default.

    Returns
    -------
    The index.  It is fitted on the spot for anything that the product was not made from, and where
    there is no product.

    Raises
    ------
    FrontierError
        As `ItemResponse.fit`.
    """
    model = model or ItemResponse()
    arrays = products.load(SHARED[0], _key(scores, draws, seed, model))
    if arrays is None:
        arrays = _arrays(model.fit(scores, draws=draws, seed=seed))
    return _index(arrays)


def make() -> Path:
    """Fit the index of all scores and keep it.  Raises `SourceUnavailable` where they cannot be had."""
    scores, model = sources.load(TABLES[0]), ItemResponse()
    arrays = _arrays(model.fit(scores, draws=DRAWS, seed=SEED))
    return products.save(SHARED[0], _key(scores, DRAWS, SEED, model), arrays)


def _key(scores: pd.DataFrame, draws: int, seed: int, model: ItemResponse) -> str:
    """Of everything that decides the fit; a table without its columns has a key, and `fit` refuses it."""
    model_of, benchmark, share = (scores.reindex(columns=COLUMNS)[name] for name in COLUMNS)
    options = {"draws": draws, "seed": seed, "ridge": model.ridge, "unit": model.unit, "clip": model.clip}
    anchors = [(name, float(points)) for name, points in model.anchors.items()]
    names = [model_of.tolist(), benchmark.tolist()]
    return products.key(options, anchors, names, share.to_numpy(float).tobytes(), products.code(*CODE))


def _arrays(index: Index) -> products.Arrays:
    """An index of numbered draws as arrays."""
    finished = np.zeros(len(index.replicates) + index.unfinished, bool)
    finished[index.replicates.index] = True
    about = {
        "nobs": index.nobs, "rmse": index.rmse, "ridge": index.ridge, "unfinished": index.unfinished,
        "what": index.what, "seconds": index.seconds,
    }  # fmt: skip
    return {
        "models": products.text(index.ability.index),
        "benchmarks": products.text(index.benchmarks.index),
        "ability": index.ability.to_numpy(),
        "difficulty": index.benchmarks["difficulty"].to_numpy(),
        "slope": index.benchmarks["slope"].to_numpy(),
        "replicates": index.replicates.to_numpy(),
        "finished": finished,
        "about": products.text([json.dumps(about)]),
    }


def _index(arrays: products.Arrays) -> Index:
    """The index of `_arrays`.

    Made up in the same steps as by a fit: how a table lies in memory can move the last bit of a sum.
    """
    models = pd.Index(products.words(arrays["models"]), name="model")
    benchmarks = pd.Index(products.words(arrays["benchmarks"]), name="benchmark")
    finished = arrays["finished"]
    draws = np.full((len(finished), len(models)), np.nan)
    draws[finished] = arrays["replicates"]
    return Index(
        ability=pd.Series(arrays["ability"], models, name="ability"),
        benchmarks=pd.DataFrame({k: arrays[k] for k in ("difficulty", "slope")}, benchmarks),
        replicates=pd.DataFrame(draws, columns=models)[finished],
        **json.loads(str(products.words(arrays["about"])[0])),
    )

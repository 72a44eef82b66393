"""How unusual is DeepSeek?  Its multiplier against that of every other lab, and in many specifications."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.chapters.premium.pooling import inverse_covariance
from moat.chapters.premium.trend import ZERO, Fitted, Trend, sample
from moat.errors import FrontierError
from moat.index.item_response import Index, ItemResponse, known_by
from moat.models.table import error_sd
from moat.stats.estimate import Estimate
from moat.stats.simex import simex

Array = NDArray[np.float64]
#: Which models enter a fit.  ``circular`` is true where compute was imputed from scores or taken back.
POPULATIONS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "all": lambda t: ~t["circular"],
    "confident compute": lambda t: ~t["circular"] & (t["flop_confidence"] == "Confident"),
    "open weights": lambda t: ~t["circular"] & (t["weights"] == "open"),
    "no code models": lambda t: ~t["circular"] & ~t["model"].str.contains("Coder|StarCoder"),
    # Phi learnt from texts that a larger model wrote: part of its compute is in another's account.
    "no taught models": lambda t: ~t["circular"] & ~t["model"].str.contains("^[Pp]hi-"),
    "nothing leaning on scores": lambda t: ~t["circular"] & ~t["issues"].str.contains("D03|D06"),
    "circular compute left in": lambda t: t["circular"] | True,
}


def with_circular(models: pd.DataFrame) -> pd.DataFrame:
    """Scored models, compute that was withdrawn or imputed filled in and marked ``circular``."""
    scored = models[models["score"].notna()]
    circular = scored["flop"].isna() & scored["flop_withdrawn"].notna()
    return scored.assign(flop=scored["flop"].fillna(scored["flop_withdrawn"]), circular=circular)


def population(models: pd.DataFrame, name: str = "all") -> pd.DataFrame:
    """The sample of one of `POPULATIONS`, from `moat.models.table.build`.

    Raises `FrontierError` for an unknown name.
    """
    if name not in POPULATIONS:
        raise FrontierError(f"A population is one of {', '.join(POPULATIONS)}, not {name!r}.")
    table = with_circular(models)
    return sample(table[POPULATIONS[name](table)])


def as_known(
    models: pd.DataFrame, scores: pd.DataFrame, index: Index, day: str, *, draws: int, seed: int = 0
) -> tuple[pd.DataFrame, Index]:
    """Models and index as they could have been on ``day``, on the scale of ``index``.

    The index is fitted again to the models and benchmarks that were out, and moved by least squares
    onto the abilities of ``index``.  Compute is what later became known.
    """
    known = known_by(scores, models.drop_duplicates("model").set_index("model")["date"], day)
    anchors = index.ability[sorted(known["model"].unique())].to_dict()
    early = ItemResponse(anchors=anchors).fit(known, draws=draws, seed=seed)
    return models[models["model"].isin(early.ability.index)], early


def flagships(table: pd.DataFrame, ability: Array, end: str) -> dict[str, str]:
    """The most capable model of each lab up to the day ``end``, by lab."""
    score = pd.Series(np.atleast_2d(ability)[0], table.index)
    early = score[table["date"] <= pd.Timestamp(end)]
    if early.empty:
        raise FrontierError(f"No model of the table is from before {end}.")
    best = early.groupby(table["lab"]).idxmax()
    return dict(zip(best.index, table.loc[best, "model"], strict=True))


def placebo(table: pd.DataFrame, ability: Array, models: Mapping[str, str], trend: Trend) -> pd.DataFrame:
    """The same estimate for each of ``models`` (lab to model), its own lab left out of the fit.

    Columns lab, country, model, value, low, high, surprise (`Fitted.surprise`); largest first.
    """
    country = table.drop_duplicates("lab").set_index("lab")["country"]
    rows = []
    for lab, model in models.items():
        fitted = trend.fit(table, ability, without=(lab,))
        e = fitted.multiplier(model)
        rows.append((lab, country[lab], model, e.value, e.low, e.high, fitted.surprise(model)))
    columns = ["lab", "country", "model", "value", "low", "high", "surprise"]
    return pd.DataFrame(rows, columns=columns).sort_values("value", ascending=False, ignore_index=True)


def alike(table: pd.DataFrame, ability: Array, models: list[str], trend: Trend) -> pd.DataFrame:
    """The multipliers of named models, each with its own lab left out; columns as in `placebo`."""
    unknown = [m for m in models if m not in set(table["model"])]
    if unknown:
        raise FrontierError(f"{unknown[0]!r} has no compute in this table; its multiplier is unknown.")
    owner = table.set_index("model")["lab"]
    parts = [placebo(table, ability, {owner[m]: m}, trend) for m in models]
    return pd.concat(parts, ignore_index=True)


def mean_gaps(table: pd.DataFrame, ability: Array, trend: Trend, least: int = 3) -> pd.DataFrame:
    """The mean multiplier of every lab with ``least`` models or more, the lab left out of the fit."""
    rows = []
    for lab, size in table["lab"].value_counts().items():
        if size < least:
            continue
        fitted = trend.fit(table, ability, without=(lab,))
        e = fitted.estimate(fitted.lab_gap(lab), exp=True)
        rows.append((lab, size, e.value, e.low, e.high))
    out = pd.DataFrame(rows, columns=["lab", "models", "value", "low", "high"])
    return out.sort_values("value", ascending=False, ignore_index=True)


def rank(table: pd.DataFrame, lab: str) -> tuple[int, int, float]:
    """Rank of ``lab`` in `placebo`, number of labs, and the placebo p: the share at least as high.

    >>> rank(pd.DataFrame({"lab": ["A", "B", "C", "D"], "value": [4.0, 3.0, 2.0, 1.0]}), "B")
    (2, 4, 0.5)
    """
    if lab not in set(table["lab"]):
        raise FrontierError(f"No model in the table is by {lab!r}.")
    mine = table.set_index("lab")["value"]
    place = int((mine >= mine[lab]).sum())
    return place, len(mine), place / len(mine)


def without_error(fitted: Fitted, model: str, *, share: float = 1.0, repeats: int = 20, seed=0) -> Estimate:
    """The multiplier with errors in the others' compute taken out by SIMEX.

    ``share`` scales the error that upstream's word of confidence stands for.  The compute of
    ``model`` itself is taken as stated.
    """
    table = fitted.table
    sd = np.where(fitted.inside, error_sd(table["flop_confidence"].fillna("Speculative"), share), 0.0)
    values = simex(
        lambda x: fitted.gaps(model, fitted.solve(x)), table["x"].to_numpy(), sd, repeats=repeats, seed=seed
    )
    more = f"; SIMEX with {share:g} of the stated error of compute"
    return fitted.estimate(values, exp=True, more=more)


def straight(fitted: Fitted, days: Mapping[str, str], steps: int = 2) -> pd.DataFrame:
    """The trend on some days, for a picture: columns flop, capability, day; ``days`` maps words to dates."""
    x = np.linspace(fitted.table["x"].min(), fitted.table["x"].max(), steps)
    first, parts = fitted.params[0], []
    for word, day in days.items():
        year = (pd.Timestamp(day) - ZERO).days / 365.25
        parts.append(
            pd.DataFrame(
                {"flop": 10**x, "capability": first[0] + first[1] * x + first[2] * year, "day": word}
            )
        )
    return pd.concat(parts, ignore_index=True)


def bootstrap(fitted: Fitted, model: str, *, seed: int = 0, level: float = 0.9) -> Estimate:
    """The multiplier again, labs resampled with exponential weights and jointly with the index.

    A check on `Fitted.multiplier`: one draw of labs for each draw of the index, percentile interval.
    """
    labs, table = fitted.labs, fitted.table
    draws = fitted.ability[1:]
    if not len(draws):
        raise FrontierError("A bootstrap needs draws of the index; fit it with draws=500.")
    rng = np.random.default_rng(seed)
    of_lab = rng.standard_exponential((len(draws), len(labs)))
    codes = pd.Index(labs).get_indexer(table["lab"])
    root = np.sqrt(np.where(codes >= 0, of_lab[:, codes], 0.0))
    inverse = inverse_covariance(table, fitted.inside, fitted.sds | {"country": 0.0}, [None])[0]
    dates = fitted.others()
    x = np.broadcast_to(table["x"].to_numpy(), draws.shape)
    left, right = (x, draws) if fitted.trend.direction == "forward" else (draws, x)
    design = np.concatenate(
        [np.ones((*draws.shape, 1)), left[..., None], np.tile(dates, (len(draws), 1, 1))], axis=2
    )
    crossed = (design * root[..., None]).swapaxes(1, 2) @ inverse * root[:, None, :]
    params = np.linalg.solve(crossed @ design, crossed @ right[..., None])[..., 0]
    alone = replace(fitted, labs=[], ability=np.vstack([fitted.ability[:1], draws]))
    gaps = alone.gaps(model, np.vstack([fitted.params[:1], params]))
    tail = (1 - level) / 2
    low, high = 10.0 ** np.quantile(gaps[1:], [tail, 1 - tail])
    method = f"bootstrap of {len(labs)} labs, {len(draws):,} draws with those of the index"
    return Estimate(
        float(10.0 ** gaps[0]), float(low), float(high), n=fitted.nobs, method=method, level=level
    )

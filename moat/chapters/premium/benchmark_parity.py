"""Are two models equal?  Paired benchmarks, and whether a later benchmark tells another story.

Equivalence is judged by two one-sided tests (Schuirmann 1987): two models are equal within a margin
at 5% when the 90% interval of their difference lies inside it.  The interval treats benchmarks as
the independent unit, so that it carries both the noise of finite benchmarks and the spread of what
benchmarks measure.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy.special import expit
from statsmodels.stats.meta_analysis import combine_effects

from moat import sources
from moat.errors import FrontierError
from moat.index.item_response import Index
from moat.stats import intervals
from moat.stats.estimate import Estimate, percentile_estimate

TABLES = ("benchmark-questions",)
#: Not a share of right answers.
OTHER_SCALE = ("Codeforces percentile",)


def paired(table: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    """Benchmarks that both models have: benchmark, one, other, difference in points, se, items.

    ``table`` has the columns benchmark, model, score in per cent.  ``se`` is binomial and missing
    where the number of questions is not known.  Raises `FrontierError` for a missing column, an
    unknown model, or fewer than three benchmarks in common.
    """
    missing = [c for c in ("benchmark", "model", "score") if c not in table]
    if missing:
        raise FrontierError(f"The table of benchmarks has no column {missing[0]!r}.")
    for model in (one, other):
        if model not in set(table["model"]):
            raise FrontierError(f"The table of benchmarks has no model {model!r}.")
    wide = table[~table["benchmark"].isin(OTHER_SCALE)].pivot(
        index="benchmark", columns="model", values="score"
    )
    wide = wide[[one, other]].dropna().set_axis(["one", "other"], axis=1).reset_index()
    if len(wide) < 3:
        raise FrontierError(f"{one} and {other} share {len(wide)} benchmarks; an interval needs three.")
    (counts,) = (sources.load(name).set_index("benchmark")["questions"] for name in TABLES)
    items = wide["benchmark"].map(counts.to_dict())
    share = wide[["one", "other"]] / 100
    se = 100 * np.sqrt((share * (1 - share)).sum(axis=1) / items)
    return wide.assign(difference=wide["one"] - wide["other"], se=se, items=items)


def mean_difference(differences: pd.Series, *, what: str, level: float = 0.9) -> Estimate:
    """The mean over benchmarks with Student's interval; the benchmark is the unit.

    >>> mean_difference(pd.Series([1.0, 2.0, 3.0]), what="points").value
    2.0
    """
    values = differences.dropna().to_numpy(float)
    needs = f"A mean of {what} with an interval needs two benchmarks, not {len(values)}."
    method = f"{what}, mean over benchmarks, Student's interval"
    return intervals.mean(values, method=method, level=level, needs=needs, error=FrontierError)


def random_effect(pairs: pd.DataFrame, level: float = 0.9) -> Estimate:
    """The mean with a random effect for benchmark and binomial noise (Paule and Mandel 1982).

    Uses the rows of `paired` with a known number of questions; statsmodels' ``combine_effects``.
    """
    known = pairs.dropna(subset=["se"])
    if len(known) < 3:
        raise FrontierError("A random effect for benchmark needs three benchmarks of known size.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = combine_effects(
            known["difference"], known["se"] ** 2, method_re="iterated", use_t=True, alpha=1 - level
        )
        frame = result.summary_frame().loc["random effect"]
    method = "random effect for benchmark and binomial noise, Paule and Mandel"
    low, high = frame["ci_low"], frame["ci_upp"]
    return Estimate(float(frame["eff"]), float(low), float(high), n=len(known), method=method, level=level)


def against_best(index: Index, ours: list[str], rivals: list[str]) -> Estimate:
    """How many points the best of ``ours`` is above the best of ``rivals``, drawn jointly, 90%."""
    if not ours or not rivals:
        raise FrontierError("A comparison of the best needs a model on both sides.")
    gap = index.abilities(ours).max(axis=1) - index.abilities(rivals).max(axis=1)
    method = f"{index.method}; best of {len(ours)} less best of {len(rivals)}"
    return percentile_estimate(gap[0], gap[1:], n=index.nobs, method=method, level=0.9)


def drop(
    index: Index, scores: pd.DataFrame, one: str, other: str, day: str
) -> tuple[pd.DataFrame, Estimate | None]:
    """Does ``one`` do worse against ``other`` on benchmarks that came out after ``day``?

    For each benchmark in common: points of ``one`` above what the index expects of it, less the
    same of ``other``.  ``drop`` is their mean on later benchmarks less that on earlier ones, Welch's
    interval; None where either side has fewer than two.  A benchmark without a date counts as later,
    as upstream leaves out the dates of the newest.
    """
    both = scores[scores["model"].isin([one, other])]
    terms = index.benchmarks.reindex(both["benchmark"])
    ability = both["model"].map(index.ability).to_numpy()
    if np.isnan(ability).any() or not {one, other} <= set(both["model"]):
        raise FrontierError(f"The scores have nothing for {one!r} or {other!r}.")
    expected = expit(terms["slope"].to_numpy() * (ability - terms["difficulty"].to_numpy()))
    above = both.assign(above=100 * (both["performance"] - expected))
    wide = above.pivot(index="benchmark", columns="model", values="above")[[one, other]].dropna()
    released = pd.to_datetime(
        scores.drop_duplicates("benchmark").set_index("benchmark")["benchmark_released"]
    )
    later = ~(released.reindex(wide.index) <= pd.Timestamp(day))
    table = pd.DataFrame({"difference": wide[one] - wide[other], "later": later}).reset_index()
    sides = [table.loc[table["later"] == side, "difference"].to_numpy() for side in (True, False)]
    if min(map(len, sides)) < 2:
        return table, None
    method = f"mean of {len(sides[0])} later less {len(sides[1])} earlier benchmarks, Welch's interval"
    return table, intervals.difference(sides[1], sides[0], method=method, level=0.9)

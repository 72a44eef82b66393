"""What a family gets from a FLOP, by every combination of choices that a careful reader could make."""

from __future__ import annotations

from functools import cache

import pandas as pd
from scipy.special import logit

from moat.chapters.capability_laws.base_models import BENCHMARKS, above_guessing, build
from moat.chapters.capability_laws.families import Families
from moat.chapters.capability_laws.pca import principal
from moat.errors import FrontierError
from moat.index.item_response import ItemResponse
from moat.stats.estimate import Estimate
from moat.stats.grid import specification_grid

SCALES = ("component", "component of scaled scores", "component of log odds", "item response")
#: Two models that give the item-response scale its unit, log10 FLOP on the line of Llama 2.
ANCHORS = {"meta-llama/Llama-2-7b-hf": 22.924, "meta-llama/Llama-2-70b-hf": 23.924}
TESTS = {
    "all eight": BENCHMARKS,
    "no sums, no code": tuple(b for b in BENCHMARKS if b not in ("GSM8K", "HumanEval")),
    "no TruthfulQA": tuple(b for b in BENCHMARKS if b != "TruthfulQA"),
}
FLOORS = {"all runs": 0.0, "from 10²² FLOP": 22.0, "from 3 × 10²² FLOP": 22.5}


def capability(scores: pd.DataFrame, scale: str, tests: tuple[str, ...] = BENCHMARKS) -> pd.Series:
    """The capability of all models on one of `SCALES`, by model.  Raises for an unknown scale.

    >>> table = pd.DataFrame({"MMLU": [k / 10 for k in range(9)], "GSM8K": [k / 12 for k in range(9)]})
    >>> table["model"] = list("abcdefghi")
    >>> bool(capability(table, "component", ("MMLU", "GSM8K")).is_monotonic_increasing)
    True
    """
    if scale not in SCALES:
        raise FrontierError(f"Capability is on one of {', '.join(SCALES)}, not {scale!r}.")
    names, table = scores["model"].to_numpy(), scores[list(tests)]
    if scale == "item response":
        long = above_guessing(table, 0.0).assign(model=names).melt("model", None, "benchmark", "performance")
        return ItemResponse(anchors=ANCHORS).fit(long.dropna(), draws=0).ability[names]
    if scale == "component of log odds":
        odds = logit(above_guessing(table))
        # Filled scores have to be shares; a map of the log odds to [0, 1] and back changes no component.
        low, high = odds.min().min(), odds.max().max()
        table = (odds - low) / (high - low)
    scaled = scale != "component"
    return pd.Series(principal(table, standardise=scaled).scores[1].to_numpy(), names)


def specifications(
    scores: pd.DataFrame, families: pd.DataFrame, counts: pd.DataFrame, family: str
) -> dict[str, pd.DataFrame]:
    """Two grids, the multiplier of ``family`` and that of Chinese families, one row a specification.

    Choices: scale, tests, runs, parameters, families; for ``family`` also what it is compared with.
    """
    tables = {c: build(scores, families, counts, count=c) for c in ("active", "total", "between")}
    ability = cache(lambda scale, tests: capability(scores, scale, TESTS[tests]))

    @cache
    def found(scale: str, tests: str, floor: float, count: str, kinds: str) -> Families:
        table = tables[count]
        keep = (table["x"] >= floor) & ((table["kind"] != "code") | (kinds == "all"))
        return Families.of(table[keep], ability(scale, tests)[table["model"][keep]].to_numpy())

    def china(*picked: object) -> Estimate:
        fitted = found(*picked)
        return fitted.estimate(lambda k, d: fitted.trend(k, d)[2])

    choices = {
        "scale": SCALES,
        "tests": tuple(TESTS),
        "runs": FLOORS,
        "parameters": tuple(tables),
        "families": ("all", "no code"),
    }
    against = {"against": {"average family": False, "families of its date": True}}
    multiplier = lambda *picked: found(*picked[:-1]).multiplier(family, dated=picked[-1])  # noqa: E731
    return {
        "family": specification_grid(choices | against, multiplier),
        "china": specification_grid(choices, china),
    }


def without_each(scores: pd.DataFrame, models: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Multipliers against families of the date when one test is dropped: tests by ``names`` and China.

    ``models`` is of `moat.chapters.capability_laws.base_models.build`, of which those that count.
    """
    rows = {}
    for test in BENCHMARKS:
        rest = tuple(b for b in BENCHMARKS if b != test)
        found = Families.of(models, capability(scores, SCALES[0], rest)[models["model"]].to_numpy())
        labs = {f: found.table["lab"].iloc[found.place(f)] for f in names}
        rows[test] = {f: 10 ** found.of_its_day(found.others(labs[f]))[found.place(f)] for f in names}
        rows[test]["China"] = 10 ** found.trend(found.others())[2]
    return pd.DataFrame(rows).T

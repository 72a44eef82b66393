"""Base models with their benchmarks, their family, and their training compute counted in one way.

The scores are those of Ruan et al. (2024).  Compute is six operations for each parameter and token,
which leaves open what a parameter is when a model is sparse: one that a token meets, or any.
Upstream mixes the two; `build` counts in one way, and mends sizes and tokens that upstream mistook.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.errors import FrontierError

BENCHMARKS = ("MMLU", "ARC", "HellaSwag", "Winogrande", "TruthfulQA", "GSM8K", "XWinograd", "HumanEval")
#: Of the second leaderboard, opened in June 2024.
NEW_TESTS = ("BBH", "GPQA", "IFEval", "MATH", "MMLU-Pro", "MuSR")
#: What guessing scores.  TruthfulQA is a share of probability and has no such floor.
GUESSING = {"MMLU": 0.25, "ARC": 0.25, "HellaSwag": 0.25, "Winogrande": 0.5, "XWinograd": 0.5}
#: Which parameters count: as upstream has them, those that a token meets, all, or the geometric mean.
COUNTS = ("printed", "active", "total", "between")
#: The families of the paper; its later models belong to some of them and came after it.
PAPER = frozenset(
    {"Llama", "Llama-2", "Llama-3", "Qwen", "Qwen1.5", "Mistral", "Mixtral", "Yi", "Gemma", "Falcon", "Phi"}
    | {"Pythia", "BLOOM", "GPT-Neo/J", "OPT", "MPT", "XGLM", "CodeLlama", "StarCoder", "StarCoder2"}
    | {"DeepSeek-Coder"}
)
LATER = frozenset({"Qwen/Qwen1.5-110B", "mistralai/Mixtral-8x22B-v0.1", "mistralai/Mistral-Nemo-Base-2407"})


def of_paper(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows behind the figures of the paper: Table B.1, 77 models of 21 families."""
    return scores[scores["family"].isin(PAPER) & ~scores["model"].isin(LATER)].reset_index(drop=True)


def build(
    scores: pd.DataFrame, families: pd.DataFrame, counts: pd.DataFrame, *, count: str = "active"
) -> pd.DataFrame:
    """The models whose compute is known, one row each, in the order of ``scores``.

    ``scores``, ``families`` and ``counts`` are base-model-scores, base-model-families and
    base-model-counts.  Adds lab, country, kind, released (a date), flop, and x (log10 FLOP).
    Raises `FrontierError` for an unknown way of counting and for a family without an owner.

    >>> scores = pd.DataFrame({"model": ["a"], "family": ["A"], "params_b": [2.0], "tokens_t": [1.0]})
    >>> owner = {"family": ["A"], "lab": ["L"], "country": ["US"], "kind": ["general"]}
    >>> families = pd.DataFrame(owner | {"released": ["2024-01-01"]})
    >>> counts = pd.DataFrame({"model": ["a"], "params_total_b": [8.0], "params_active_b": [2.0]})
    >>> counts = counts.assign(tokens_t=1.0)
    >>> [float(build(scores, families, counts, count=c)["flop"][0]) / 1e22 for c in COUNTS[1:]]
    [1.2, 4.8, 2.4]
    """
    if count not in COUNTS:
        raise FrontierError(f"Parameters are counted as one of {', '.join(COUNTS)}, not {count!r}.")
    table = scores[scores["params_b"].notna() & scores["tokens_t"].notna()].reset_index(drop=True)
    lost = sorted(set(table["family"]) - set(families["family"]))
    if lost:
        raise FrontierError(f"The family {lost[0]!r} has no owner; add it to base_model_families.csv.")
    if count == "printed":
        params, tokens = table["params_b"], table["tokens_t"]
    else:
        mended = counts.set_index("model").reindex(table["model"]).reset_index()
        total, active = mended["params_total_b"], mended["params_active_b"]
        size = {"active": active, "total": total, "between": np.sqrt(active * total)}[count]
        params = size.fillna(table["params_b"])
        tokens = mended["tokens_t"].fillna(table["tokens_t"])
    flop = 6 * params.astype(float) * 1e9 * tokens.astype(float) * 1e12
    owners = families.set_index("family")[["lab", "country", "kind", "released"]]
    table = table.join(owners, on="family")
    return table.assign(released=pd.to_datetime(table["released"]), flop=flop, x=np.log10(flop))


def above_guessing(scores: pd.DataFrame, least: float = 0.01) -> pd.DataFrame:
    """The benchmarks with guessing taken off, kept ``least`` away from 0 and 1; same shape.

    >>> above_guessing(pd.DataFrame({"MMLU": [0.2, 0.25, 1.0], "GSM8K": [0.0, 0.5, 1.0]})).values.tolist()
    [[0.01, 0.01], [0.01, 0.5], [0.99, 0.99]]
    """
    floor = pd.Series(GUESSING).reindex(scores.columns).fillna(0.0)
    return ((scores - floor) / (1 - floor)).clip(least, 1 - least)

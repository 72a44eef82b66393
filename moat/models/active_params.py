"""Active parameters, tokens and 6ND of a model, from its numbers and from what upstream notes.

Upstream counts all parameters of a sparse model, but each token meets only the active ones, and
only they belong into 6ND.  The number of active ones stands in our own table of models or in the
words of the notes; where it is in neither, a sparse model has no 6ND.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from moat.models.issues import RATIO, six_nd

_UNITS = {"b": 1e9, "bn": 1e9, "billion": 1e9, "e9": 1e9, "*10^9": 1e9, "": 1.0}
_NUMBER = r"(?P<number>\d+(?:\.\d+)?)[ \t]*(?P<unit>billion|bn?\b|e9|\* ?10\^9|)"
#: "active parameters - 47B", "Activated Parameters per Token: 45.9B", "activates 96.6 billion".
_ACTIVE_FIRST = re.compile(rf"activ\w*(?: parameters?)?(?: per token)?[ \t]*[-:=]?[ \t]*{_NUMBER}", re.I)
#: "37B activated", "41e9 active", "32000000000 active", "17 billion active".
_ACTIVE_LAST = re.compile(rf"{_NUMBER}[ \t]*(?:parameters? )?(?:\w+ )?activ", re.I)
#: No dense language model with disclosed shape is larger than PaLM-E, 562 billion.  Beyond that a
#: number of parameters without a word on experts is the number of all of them.
LARGEST_DENSE = 5.62e11
_SPARSE = re.compile(r"mixture[- ]of[- ]experts|\bMoE\b|\bsparse|\bA\d+B\b|activat?ed? param", re.I)


def active_params(notes: str) -> float:
    """Active parameters that the notes tell, NaN where they do not.

    >>> active_params("671B total parameters with 37B activated for each token")
    37000000000.0
    >>> active_params("6ND = 41e9 active parameters * 45e12 tokens"), active_params("70B, dense")
    (41000000000.0, nan)
    >>> active_params("Total parameters: 456B, Activated Parameters per Token: 45.9B")
    45900000000.0
    """
    for match in (*_ACTIVE_FIRST.finditer(notes), *_ACTIVE_LAST.finditer(notes)):
        value = float(match["number"]) * _UNITS[re.sub(r"\s", "", match["unit"].lower())]
        if 1e8 <= value < 1e12:
            return value
    return np.nan


def is_sparse(text: str) -> bool:
    """Whether the notes or the name speak of a mixture of experts."""
    return bool(_SPARSE.search(text))


def tokens(text: pd.Series) -> pd.Series:
    """Numbers of tokens, floats; NaN where upstream lists several data sets with other units.

    >>> tokens(pd.Series(["15600000000000", "4000000000000"])).dtype
    dtype('float64')
    """
    return pd.to_numeric(text, errors="coerce").astype(float)


def sizes(models: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Active parameters, tokens, 6ND and the ratio to it, one row a model.

    ``models`` has upstream's columns model, params, params_notes, tokens, flop, flop_notes and
    base_model, and tokens_from; ``facts`` our table of models, which goes first where it has a
    number.  Models that start from others' weights have no 6ND of their own.  ``ratio_flag`` marks
    ratios outside `moat.models.issues.RATIO`.
    """
    known = (
        facts.assign(key=facts["epoch_name"].fillna(facts["model"])).drop_duplicates("key").set_index("key")
    )
    words = models["model"] + " " + models["params_notes"].fillna("") + " " + models["flop_notes"].fillna("")
    active = models["model"].map(known["params_active_b"]) * 1e9
    active_from = active.notna().map({True: "our table", False: ""})
    noted = words.map(active_params)
    dense = models["params"].where(~words.map(is_sparse) & (models["params"] <= LARGEST_DENSE))
    for value, origin in ((noted, "notes"), (dense, "all of them")):
        active_from = active_from.mask(active.isna() & value.notna(), origin)
        active = active.fillna(value)
    ours = models["model"].map(known["tokens_t"]) * 1e12
    read = ours.fillna(tokens(models["tokens"]))
    read_from = models["tokens_from"].where(read.notna(), "").mask(ours.notna(), "our table")
    own = models["base_model"].isna()
    flop_6nd = six_nd(active, read).where(own)
    ratio = models["flop"] / flop_6nd
    return pd.DataFrame(
        {
            "model": models["model"],
            "params_active": active,
            "params_active_from": active_from,
            "tokens": read,
            "tokens_from": read_from,
            "flop_6nd": flop_6nd,
            "ratio": ratio,
            "ratio_flag": ratio.notna() & ~ratio.between(*RATIO),
        }
    )

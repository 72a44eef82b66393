"""Published constants of laws, out of the fact table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.errors import FitError

PRINTED = "L=E+A/N^a+B/D^b"
UNROUNDED = "L=E+A/N^a+B/D^b unrounded"
#: The budget of Gopher and Chinchilla (arXiv:2203.15556, section 4), FLOP.
GOPHER_FLOP = 5.76e23
#: The tasks whose mean error Gadre et al. 2024 predict from loss (scaling_explorer.ipynb, cell 2).
GADRE_TASKS = (
    "bigbench_operators", "bigbench_dyck_languages", "bigbench_novel_concepts", "bigbench_cs_algorithms",
    "bigbench_qa_wikidata", "pubmed_qa_labeled", "hellaswag", "hellaswag_zeroshot", "boolq", "arc_easy",
    "coqa", "lambada_openai", "winograd", "commonsense_qa", "copa", "squad", "piqa",
)  # fmt: skip
_NAMES = ("E", "A", "B", "alpha", "beta")


def published(constants: pd.DataFrame, law: str, form: str = PRINTED) -> pd.Series:
    """E, A, B, alpha and beta of a published Chinchilla law.

    ``constants`` is the source ``scaling-law-constants``; rows named ``log A`` hold natural
    logarithms.  Raises `FitError` when the law or one of its constants is not there.
    """
    rows = constants[(constants["law"] == law) & (constants["form"] == form)]
    values = dict(zip(rows["parameter"], rows["value"].astype(float), strict=True))
    found = {n: values[n] if n in values else np.exp(values.get(f"log {n}", np.nan)) for n in _NAMES}
    missing = [n for n, v in found.items() if not np.isfinite(v)]
    if missing:
        raise FitError(f"The constants of {law!r} ({form}) lack {', '.join(missing)}.")
    return pd.Series(found, name=law)

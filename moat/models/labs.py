"""Whose model is it?  Labs, their countries, and models that stand on another lab's weights.

A model belongs to the lab that trained it, and its country is that of the lab: the first of the
organisations that upstream lists.  A model built on another lab's weights owes its capability to
two labs, so it gets a label of its own; `population` also offers the two simple assignments.
"""

from __future__ import annotations

import difflib
import re

import pandas as pd

from moat.errors import FrontierError

#: Upstream's spelling and our code.  Hong Kong counts as China, as its labs train there.
COUNTRIES = {
    "United States of America": "US", "China": "CN", "Hong Kong": "CN", "France": "FR", "Canada": "CA",
    "United Kingdom of Great Britain and Northern Ireland": "UK", "United Arab Emirates": "AE",
    "Korea (Republic of)": "KR", "Germany": "DE", "Japan": "JP", "Israel": "IL", "Singapore": "SG",
    "Switzerland": "CH", "Finland": "FI", "Sweden": "SE", "Norway": "NO", "Denmark": "DK", "Spain": "ES",
    "Italy": "IT", "Netherlands": "NL", "Belgium": "BE", "Austria": "AT", "Poland": "PL", "Portugal": "PT",
    "Ireland": "IE", "Luxembourg": "LU", "Greece": "GR", "Hungary": "HU", "Czechia": "CZ", "Croatia": "HR",
    "Bulgaria": "BG", "Lithuania": "LT", "Iceland": "IS", "Ukraine": "UA", "Russia": "RU", "India": "IN",
    "Taiwan": "TW", "Malaysia": "MY", "Indonesia": "ID", "Thailand": "TH", "Vietnam": "VN", "Lebanon": "LB",
    "Saudi Arabia": "SA", "Iran (Islamic Republic of)": "IR", "Australia": "AU", "New Zealand": "NZ",
    "Brazil": "BR", "Argentina": "AR", "Armenia": "AM", "Multinational": "INT",
}  # fmt: skip

EUROPE = frozenset(
    {"FR", "UK", "DE", "CH", "FI", "SE", "NO", "DK", "ES", "IT", "NL", "BE", "AT"}
    | {"PL", "PT", "IE", "LU", "GR", "HU", "CZ", "HR", "BG", "LT", "IS", "UA"}
)

#: One name for the parts of one lab.
LABS = {
    "Google DeepMind": "Google", "DeepMind": "Google", "Google Research": "Google",
    "Google Brain": "Google", "Google Cloud": "Google", "Meta AI": "Meta", "Facebook": "Meta",
    "Facebook AI Research": "Meta", "Microsoft Research": "Microsoft", "Z.ai (Zhipu AI)": "Zhipu",
    "Zhipu AI": "Zhipu", "Mistral AI": "Mistral", "Technology Innovation Institute": "TII",
    "Cerebras Systems": "Cerebras",
}  # fmt: skip

#: Where labs are at home that upstream calls multinational in older snapshots.
HOMES = {"Google": "US", "Hugging Face": "US", "EleutherAI": "US", "Microsoft": "US", "Meta": "US"}

#: Labs of models that upstream lists without an organisation, by the beginning of the name.
#: Open copies of an architecture count for the lab that trained the copy.
PREFIXES = {
    "Qwen": ("Alibaba", "CN"),
    "CodeQwen": ("Alibaba", "CN"),
    "DeepSeek": ("DeepSeek", "CN"),
    "Yi": ("01.AI", "CN"),
    "internlm": ("Shanghai AI Lab", "CN"),
    "chatglm": ("Zhipu", "CN"),
    "PaLM": ("Google", "US"),
    "vicuna": ("LMSYS", "US"),
    "open_llama": ("OpenLM Research", "US"),
    "RedPajama": ("Together", "US"),
    "stablelm": ("Stability AI", "UK"),
    "LLaMA": ("Meta", "US"),
    "Llama": ("Meta", "US"),
    "Pythia": ("EleutherAI", "US"),
    "Kimi": ("Moonshot", "CN"),
}
ASSIGNMENTS = ("own", "lab", "weights")


def country(text: str | float, model: str = "") -> str | None:
    """The code of the first country in upstream's list; None for an empty cell.

    Raises `FrontierError` for a country that is not in `COUNTRIES`, and names the closest one.

    >>> country("China,United States of America"), country(float("nan"))
    ('CN', None)
    """
    if pd.isna(text):
        return None
    codes = []
    for name in str(text).split(","):
        if name not in COUNTRIES:
            close = difflib.get_close_matches(name, COUNTRIES, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "add it to moat/models/labs.py."
            raise FrontierError(f"The country {name!r} of the model {model!r} is not known; {hint}")
        codes.append(COUNTRIES[name])
    return codes[0]


def lab(text: str | float) -> str | None:
    """The leading lab under one name; None for an empty cell.

    >>> lab("Z.ai (Zhipu AI),Tsinghua University"), lab("OpenAI")
    ('Zhipu', 'OpenAI')
    """
    if pd.isna(text):
        return None
    first = str(text).split(",")[0].strip()
    return LABS.get(first, first)


def by_name(model: str) -> tuple[str, str] | None:
    """Lab and country that the beginning of a model's name tells, or None.

    >>> by_name("Qwen2.5-Coder-14B"), by_name("Yi-9B"), by_name("Yip")
    (('Alibaba', 'CN'), ('01.AI', 'CN'), None)
    """
    for prefix, owner in PREFIXES.items():
        if re.match(rf"{re.escape(prefix)}(?![a-z])", model):
            return owner
    return None


def population(models: pd.DataFrame, assignment: str = "own") -> pd.Series:
    """The country that each model counts for, indexed as ``models``.

    ``models`` has the columns country and built_on of `moat.models.table.build`.  "own" sets
    models on foreign weights apart ("US on CN"), "lab" gives them to the lab that trained last,
    "weights" to the lab whose weights they started from.

    >>> table = pd.DataFrame({"country": ["US", "US"], "built_on": ["", "CN"]})
    >>> [population(table, way).tolist() for way in ASSIGNMENTS]
    [['US', 'US on CN'], ['US', 'US'], ['US', 'CN']]
    """
    if assignment not in ASSIGNMENTS:
        raise FrontierError(f"An assignment is one of {', '.join(ASSIGNMENTS)}, not {assignment!r}.")
    foreign = models["built_on"] != ""
    if assignment == "lab":
        return models["country"]
    other = models["built_on"]
    if assignment == "own":
        other = models["country"] + " on " + models["built_on"]
    return models["country"].where(~foreign, other)

"""Faults of the public tables, one named check each.

`CHECKS` maps the identifiers of ``data/facts/data_issues.csv`` to functions.  Each takes the raw
tables by name (see `moat.models.table.read`) and gives the faults it finds as pairs of row and
detail.  `found` runs them all; what `moat.models.table` does about a fault stands there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import pandas as pd

from moat.errors import FrontierError

Raw = Mapping[str, pd.DataFrame]
Faults = list[tuple[str, str]]
Amount = TypeVar("Amount", float, pd.Series)

#: A ratio of stated compute to 6ND outside this range needs a look.
RATIO = (0.8, 1.3)
#: Snapshots of models, newest first; a value comes from the first that lists its model.
SNAPSHOTS = ("epoch-notable", "epoch-frontier", "eci-compute", "epoch-large-scale", "epoch-all-2025-06")
IMPUTED = re.compile(r"(estimated|imputed)[^\n]*(benchmark scores|benchmark imputation)", re.I)
LEANING = re.compile(r"performance of [^\n]* on various benchmarks|model's MMLU score", re.I)
HOURS = re.compile(r"(?:GPU|A100|H100|H800)[- ]?h(?:ou)?rs|GPU calculation", re.I)
#: The value that upstream writes into its notes when it takes an imputed one back.
TAKEN_BACK = re.compile(r"(?:estimated|imputed) to be ([\d.]+e\+?\d+)", re.I)
FORUM = re.compile(r"xueqiu|reddit\.com|4chan", re.I)
#: Modes that answer with several samples or far more thought than the model beside them.
MULTI_SAMPLE = re.compile(r"^(GPT-[\d.]+|o\d+).*\bpro\b|Deep Think|\bHeavy\b", re.I)
VERSION = re.compile(r"\((?P<month>[A-Z][a-z]{2})[a-z]* (?P<year>20\d\d)\)$")
LATE = pd.Timedelta(days=31)


def need(raw: Raw, table: str, *columns: str) -> pd.DataFrame:
    """The table with these columns.  Raises `FrontierError` that names what is missing."""
    if table not in raw:
        raise FrontierError(f"The raw tables lack {table!r}; read them with moat.models.table.read().")
    missing = [c for c in columns if c not in raw[table]]
    if missing:
        raise FrontierError(
            f"The table {table!r} has no column {missing[0]!r}; mend its entry in data/sources.yml."
        )
    return raw[table]


def six_nd(params: Amount, tokens: Amount) -> Amount:
    """Compute of one pass of dense training: 6 x parameters x tokens (Kaplan et al. 2020)."""
    return 6 * params * tokens


def months_named(names: pd.Series) -> pd.Series:
    """The first day of the month in names such as "Grok-2 (Dec 2024)"; NaT for others."""
    parts = names.str.extract(VERSION)
    text = parts["month"] + " " + parts["year"]
    return pd.to_datetime(text, format="%b %Y", errors="coerce")


def d01_lacks_the_six(raw: Raw) -> Faults:
    """Stated compute is parameters times tokens, six times too low."""
    table = need(raw, "sizes", "model", "flop", "flop_6nd", "flop_notes")
    ratio = table["flop"] / table["flop_6nd"]
    hit = np.isclose(ratio, 1 / 6, rtol=0.01) & table["flop_notes"].fillna("").str.contains("6 ?ND")
    return _of_6nd(table[hit])


def _of_6nd(table: pd.DataFrame) -> Faults:
    rows = zip(table["model"], table["flop"], table["flop_6nd"], strict=True)
    return [(model, f"{flop / flop_6nd:.2f} of 6ND") for model, flop, flop_6nd in rows]


def d02_imputed_from_scores(raw: Raw) -> Faults:
    """Compute was guessed from benchmark scores: circular in any fit of scores on compute."""
    return _noted(raw, IMPUTED, "imputed from benchmark scores")


def d03_leans_on_scores(raw: Raw) -> Faults:
    """Compute was estimated with an eye on benchmark scores: partly circular."""
    return _noted(raw, LEANING, "estimate leans on benchmark scores")


def _noted(raw: Raw, pattern: re.Pattern, what: str) -> Faults:
    faults = []
    for name in SNAPSHOTS:
        if name == "eci-compute" or name not in raw:
            continue
        table = need(raw, name, "model", "flop_notes")
        hit = table["flop_notes"].fillna("").map(lambda text: bool(pattern.search(text)))
        faults += [(model, f"{what} ({name})") for model in table["model"][hit]]
    return faults


def d04_date_of_an_earlier_version(raw: Raw) -> Faults:
    """The name says a month that is later than the date of the score."""
    table = need(raw, "eci-scores", "model", "date")
    named, dated = months_named(table["model"]), pd.to_datetime(table["date"])
    late = named > dated
    rows = zip(table["model"][late], table["date"][late], strict=True)
    return [(model, f"dated {date}") for model, date in rows]


def d05_announced_before_release(raw: Raw) -> Faults:
    """The version that was scored came out more than a month after the date of the score."""
    table = need(raw, "eci-scores", "model", "date")
    released = first_release(raw).reindex(table["model"]).to_numpy()
    late = pd.Series(released - pd.to_datetime(table["date"]).to_numpy(), table.index) > LATE
    late &= months_named(table["model"]).isna()  # the others are D04
    days = pd.Series(released, table.index)[late].dt.date
    rows = zip(table["model"][late], table["date"][late], days, strict=True)
    return [(model, f"dated {date}, released {day}") for model, date, day in rows]


def d06_from_a_forum(raw: Raw) -> Faults:
    """Parameters or tokens come from an investors' or public forum."""
    faults = []
    for name in SNAPSHOTS:
        if name == "eci-compute" or name not in raw:
            continue
        table = need(raw, name, "model", "params_notes", "tokens_notes", "flop")
        text = table["params_notes"].fillna("") + table["tokens_notes"].fillna("")
        hit = text.str.contains(FORUM) & table["flop"].notna()
        faults += [(model, f"size or data from a forum ({name})") for model in table["model"][hit]]
    return faults


def d07_undisclosed_compute(raw: Raw, since: str = "2025-07-01") -> Faults:
    """Closed models at the frontier whose compute nobody knows: the gap is censored, not small."""
    table = need(raw, "eci-scores", "model", "date", "weights")
    known = {m for n in SNAPSHOTS if n in raw for m in raw[n].dropna(subset=["flop"])["model"]}
    silent = ~table["model"].map(listed_as(raw)).fillna(table["model"]).isin(known)
    hit = (table["date"] >= since) & (table["weights"] == "Closed weights") & silent
    return [(model, "compute not disclosed") for model in table["model"][hit]]


def d08_snapshots_disagree(raw: Raw, factor: float = 1.25) -> Faults:
    """Two snapshots give one model different compute."""
    parts = [need(raw, n, "model", "flop")[["model", "flop"]].assign(table=n) for n in SNAPSHOTS if n in raw]
    flop = pd.concat(parts).dropna(subset=["flop"])
    ends = flop.groupby("model")["flop"].agg(["min", "max"])
    hit = ends[ends["max"] / ends["min"] > factor]
    return [(str(name), f"{row['min']:.3g} and {row['max']:.3g} FLOP") for name, row in hit.iterrows()]


def d09_mixed_methods(raw: Raw) -> Faults:
    """Compute from GPU-hours beside 6ND in one family of models."""
    table = need(raw, "sizes", "model", "flop", "flop_6nd", "flop_notes")
    ratio = table["flop"] / table["flop_6nd"]
    hours = table["flop_notes"].fillna("").str.contains(HOURS)
    family = table["model"].str.extract(r"^(Llama[ -]?\d+|[A-Za-z]+[ -]?\d+)", expand=False)
    by_hand = ratio.between(0.95, 1.05) & ~hours
    mixed = family.isin(family[by_hand].dropna()) & hours & (ratio > 1.05)
    return _of_6nd(table[mixed])


def d10_chip_with_many_rates(raw: Raw, spread: float = 1.25) -> Faults:
    """One Huawei chip under several names with rates that differ."""
    table = need(raw, "ml-hardware", "chip", "manufacturer", "fp16")
    table = table[table["manufacturer"] == "Huawei"].dropna(subset=["fp16"])
    name = table["chip"].str.extract(r"^(.*?\d+[A-Z]?)", expand=False)
    rates = table.groupby(name)["fp16"].agg(["min", "max", "size"])
    hit = rates[rates["max"] / rates["min"] > spread]
    ends = zip(hit.index, hit["min"], hit["max"], strict=True)
    return [(chip, f"{low / 1e12:.0f} to {high / 1e12:.0f} TFLOP/s") for chip, low, high in ends]


def d11_anonymous_clusters(raw: Raw, share: float = 0.2) -> Faults:
    """Countries whose clusters are mostly known without a name: their coverage cannot be checked."""
    table = need(raw, "gpu-clusters", "name", "country")
    hidden = table["name"].str.contains("Anonymi[sz]ed").groupby(table["country"]).agg(["mean", "size"])
    hit = hidden[hidden["mean"] > share]
    return [(str(c), f"{row['mean']:.0%} of {row['size']:.0f} without a name") for c, row in hit.iterrows()]


def d12_chips_left_out(raw: Raw) -> Faults:
    """The stock of China holds no Chinese chip."""
    table = need(raw, "chip-owners", "owner", "manufacturer")
    makers = set(table.loc[table["owner"] == "China", "manufacturer"])
    return [("China", f"only {', '.join(sorted(makers))}")] if makers and "Huawei" not in makers else []


def d13_lost_sign(raw: Raw) -> Faults:
    """64 x 8 chips printed as 648."""
    faults = []
    for name in SNAPSHOTS:
        if name in raw and "chips" in raw[name]:
            table = raw[name]
            hit = table["model"].str.startswith("DeepSeek") & (table["chips"] == 648)
            faults += [(model, f"648 chips are 64 x 8 ({name})") for model in table["model"][hit]]
    return faults


def d14_anchor_without_interval(raw: Raw) -> Faults:
    """Scores that are fixed by definition and so have no interval."""
    table = need(raw, "eci-scores", "model", "score", "low", "high")
    hit = table["low"].isna() | (table["low"] == table["high"])
    rows = zip(table["model"][hit], table["score"][hit], strict=True)
    return [(model, f"{score:g} by definition") for model, score in rows]


def d15_multi_sample(raw: Raw) -> Faults:
    """Modes that spend far more inference than the model of the same name."""
    names = need(raw, "eci-scores", "model")["model"]
    return [(name, "multi-sample mode") for name in names[multi_sample(names)]]


def multi_sample(names: pd.Series) -> pd.Series:
    """Which names are those of a multi-sample mode.

    >>> multi_sample(pd.Series(["GPT-5.2 Pro", "o3-pro", "Gemini 3 Pro", "DeepSeek-V4-Pro"])).tolist()
    [True, True, False, False]
    """
    return names.map(lambda name: bool(MULTI_SAMPLE.search(name)))


def first_release(raw: Raw) -> pd.Series:
    """The day on which the first of a score's versions came out, by model of the index; NaT if unknown.

    The newer of the two tables of versions counts: the older one has slips of a year.
    """
    scores = need(raw, "eci-benchmarks", "model", "model_version")[
        ["model", "model_version"]
    ].drop_duplicates()
    newer = need(raw, "eci-compute", "model_version", "released").set_index("model_version")["released"]
    older = need(raw, "model-versions", "model_version", "released").set_index("model_version")["released"]
    days = scores["model_version"].map(newer).fillna(scores["model_version"].map(older))
    return pd.to_datetime(days).groupby(scores["model"]).min()


def listed_as(raw: Raw) -> pd.Series:
    """The name in the database of models, by model of the index."""
    table = need(raw, "eci-benchmarks", "model", "listed_as").dropna(subset=["listed_as"])
    return table.drop_duplicates("model").set_index("model")["listed_as"]


CHECKS: dict[str, Callable[[Raw], Faults]] = {
    function.__name__[:3].upper(): function
    for function in (
        d01_lacks_the_six, d02_imputed_from_scores, d03_leans_on_scores, d04_date_of_an_earlier_version,
        d05_announced_before_release, d06_from_a_forum, d07_undisclosed_compute, d08_snapshots_disagree,
        d09_mixed_methods, d10_chip_with_many_rates, d11_anonymous_clusters, d12_chips_left_out,
        d13_lost_sign, d14_anchor_without_interval, d15_multi_sample,
    )
}  # fmt: skip


def found(raw: Raw) -> pd.DataFrame:
    """All faults of the raw tables: columns issue, check, row, detail."""
    rows = [
        (issue, (check.__doc__ or "").strip(), row, detail)
        for issue, check in CHECKS.items()
        for row, detail in dict.fromkeys(check(raw))
    ]
    return pd.DataFrame(rows, columns=["issue", "check", "row", "detail"])

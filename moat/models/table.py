"""One table of models: whose they are, when they came, what they cost in compute, what they score.

Upstream keeps several snapshots of its database of models, an index of capabilities, and tables of
versions.  They disagree and hold known faults (`moat.models.issues`).  `build` joins them by
fixed rules:

- A value comes from the newest snapshot that lists the model, and its column ``*_from`` says which.
  Where the newest one has taken compute back, older ones do not count.
- Compute that was imputed from benchmark scores is dropped (D02) and kept apart in
  ``flop_withdrawn``; compute that leans on scores (D03) or a forum (D06) stays and is marked.
- Compute is 6ND where the six is missing (D01), where snapshots disagree by more than a quarter
  (D08), and in families that mix 6ND with GPU-hours (D09).
- Settings of one model (low, medium, high effort) are one row.  Scores of later versions get the
  date of their version (D04).
"""

from __future__ import annotations

import difflib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat import sources
from moat.errors import FrontierError
from moat.models import issues, labs
from moat.models.active_params import sizes
from moat.models.issues import SNAPSHOTS, Raw, need

#: What `read` loads.  Chapters that import this module depend on these tables.
TABLES = (
    "epoch-notable", "epoch-frontier", "eci-compute", "epoch-large-scale", "epoch-all-2025-06", "eci-scores",
    "eci-benchmarks", "model-versions", "models", "model-corrections", "ml-hardware", "gpu-clusters",
    "chip-owners",
)  # fmt: skip
#: What `build` returns, in this order.
COLUMNS = {
    "model": "as the index names it, else as the database does",
    "listed_as": "name in the database; several versions share it",
    "lab": "leading lab, under one name",
    "country": "code of the lab's country",
    "country_from": "snapshot, or name where upstream names no organisation",
    "base_model": "the model it started from, if any",
    "base_model_from": "snapshot, or our correction",
    "base_lab": "lab of the model it started from",
    "built_on": "code of the country whose lab's weights it started from; empty for own or national weights",
    "announced": "first public word",
    "released": "first day on which the version that was scored could be used",
    "listed": "as upstream prints it, where several later versions carry the date of the first (D04)",
    "date": "one of the three, as asked for",
    "date_from": "where the date comes from",
    "weights": "open, closed or unknown",
    "weights_from": "index or snapshot",
    "multi_sample": "answers with several samples or far more thought (D15)",
    "score": "index points, snapshot of August 2026",
    "score_low": "lower end of upstream's 90% interval",
    "score_high": "upper end",
    "flop": "training compute, FLOP",
    "flop_from": "snapshot or 6ND",
    "flop_confidence": "upstream's word: Confident, Likely, Speculative, Unknown",
    "flop_stated": "before corrections",
    "flop_withdrawn": "imputed from scores or taken back by upstream; circular",
    "flop_6nd": "6 x active parameters x tokens",
    "ratio": "stated compute over 6ND",
    "ratio_flag": "ratio outside 0.8 to 1.3",
    "params": "all parameters",
    "params_from": "snapshot",
    "params_active": "parameters that a token meets",
    "params_active_from": "our table, notes, or all of them",
    "tokens": "training tokens",
    "tokens_from": "our table or snapshot",
    "issues": "identifiers of data-issues that apply, separated by spaces",
    "domain": "upstream's domains; Language for models of the index",
}
DATES = ("announced", "released", "listed")
_WANTED = (
    "model", "organization", "country", "date", "domain", "params", "params_notes", "tokens", "flop",
    "flop_notes", "confidence", "base_model", "accessibility",
)  # fmt: skip
#: Columns of the database whose origin is kept.
_TRACED = ("country", "params", "tokens", "base_model", "accessibility")
_WEIGHTS = {"Open weights": "open", "Closed weights": "closed", "Other": "unknown"}
#: How far off upstream's compute may be, as a factor at 90%, by its word of confidence: our reading.
FACTORS = {"Confident": 3.0, "Likely": 10.0, "Speculative": 30.0, "Unknown": 30.0}
#: The 95th percentile of the standard normal, which a 90% interval reaches.
REACH = 1.6448536269514722


def read() -> dict[str, pd.DataFrame]:
    """The raw tables by name.  Raises `SourceUnavailable` where they cannot be had."""
    return with_sizes({name: sources.load(name) for name in TABLES})


def with_sizes(raw: Raw) -> dict[str, pd.DataFrame]:
    """The raw tables and two that follow from them: listed (newest row a model) and sizes."""
    listed = newest(raw)
    measured = sizes(listed, need(raw, "models", "model", "epoch_name", "params_active_b", "tokens_t"))
    measured = measured.assign(flop=listed["flop"].to_numpy(), flop_notes=listed["flop_notes"].to_numpy())
    return dict(raw) | {"listed": listed, "sizes": measured}


def newest(raw: Raw) -> pd.DataFrame:
    """One row a model of the database: each column from the newest snapshot that lists it.

    Compute comes from the newest listing even where that is empty; other columns from the newest
    that has a value.  Columns ``*_from`` name the snapshot, ``flop_withdrawn`` is compute that an older
    snapshot had.
    """
    parts = []
    for name in SNAPSHOTS:
        if name == "eci-compute":
            table = need(raw, name, "model", "flop", "confidence", "organization", "country", "accessibility")
            table = table.dropna(subset=["model"]).sort_values("flop").drop_duplicates("model")
        else:
            table = need(raw, name, *_WANTED).drop_duplicates("model")
        parts.append(table.reindex(columns=_WANTED).assign(snapshot=name))
    stack = pd.concat(parts, ignore_index=True)
    corrections = need(raw, "model-corrections", "model", "column", "value")
    stack = _correct(stack, corrections, need(raw, "eci-scores", "model")["model"])
    by_model = stack.groupby("model", sort=False)
    table = by_model[[c for c in _WANTED if c not in ("model", "flop", "confidence")]].first()
    head = stack.drop_duplicates("model").set_index("model")
    table["flop"], table["confidence"] = head["flop"], head["confidence"]
    table["flop_from"] = head["snapshot"].where(head["flop"].notna(), "")
    once = stack.dropna(subset=["flop"]).drop_duplicates("model").set_index("model")["flop"]
    table["flop_withdrawn"] = once.reindex(table.index).where(table["flop"].isna())
    for column in _TRACED:
        told = stack.dropna(subset=[column]).drop_duplicates("model").set_index("model")["snapshot"]
        table[f"{column}_from"] = told.reindex(table.index).fillna("")
    return table.reset_index()


def _correct(table: pd.DataFrame, corrections: pd.DataFrame, index: pd.Series) -> pd.DataFrame:
    """Our corrections of single cells.  Raises `FrontierError` for a model that is gone."""
    table = table.copy()
    known = set(table["model"]) | set(index)
    rows = zip(corrections["model"], corrections["column"], corrections["value"], strict=True)
    for model, column, value in rows:
        if model not in known:
            close = difflib.get_close_matches(model, known, n=1)
            hint = f" Upstream may call it {close[0]!r} now." if close else ""
            raise FrontierError(f"A correction names {model!r}, which no table lists.{hint}")
        if column in table:
            table.loc[table["model"] == model, column] = value
    return table


def build(raw: Raw | None = None, *, dates: str = "announced") -> pd.DataFrame:
    """The cleaned table of models, one row a model, columns as in `COLUMNS`.

    ``dates`` says which convention the column date follows: "announced" (first public word),
    "released" (first day of use) or "listed" (upstream's, faults and all).
    Models of the index stand first, in the order of their scores.

    Raises `FrontierError` for a convention, column, country or corrected model that does not exist.
    """
    return dated(join(read() if raw is None else raw), dates)


def join(raw: Raw) -> pd.DataFrame:
    """What `build` gives for every convention, still without the column date and in no order.

    Raises as `build`.
    """
    table = _scored_and_listed(raw)
    table = _owners(table, need(raw, "model-corrections", "model", "column", "value"))
    table = _compute(table, raw)
    return table[[name for name in COLUMNS if name != "date"]]


def dated(table: pd.DataFrame, dates: str) -> pd.DataFrame:
    """The table of `join` with the dates of one convention, in the order of `build`.

    Raises `FrontierError` for a convention that does not exist.
    """
    if dates not in DATES:
        raise FrontierError(f"Dates follow one of {', '.join(DATES)}, not {dates!r}.")
    table = table.assign(date=table[dates])
    order = table["score"].rank(ascending=False, method="first")
    table = table.assign(order=order).sort_values(["order", "date", "model"]).reset_index(drop=True)
    return table[list(COLUMNS)]


def _scored_and_listed(raw: Raw) -> pd.DataFrame:
    """The models of the index with what the database knows of them, then the rest of the database."""
    listed = need(raw, "listed", "model", "flop").rename(columns={"model": "listed_as"})
    scores = need(
        raw, "eci-scores", "model", "score", "low", "high", "date", "organization", "country", "weights"
    )
    scores = scores.rename(columns={"low": "score_low", "high": "score_high"})
    names = issues.listed_as(raw)
    scores["listed_as"] = scores["model"].map(names).fillna(scores["model"])
    rows = scores.merge(listed, how="left", on="listed_as", suffixes=("", "_listed"))
    for column in ("organization", "country"):
        rows[column] = rows[column].fillna(rows[f"{column}_listed"])
    rows["domain"] = rows["domain"].fillna("Language")
    rows = _dates(rows, raw)
    rest = listed[~listed["listed_as"].isin(rows["listed_as"]) & ~listed["listed_as"].isin(rows["model"])]
    rest = rest.assign(model=rest["listed_as"], announced=pd.to_datetime(rest["date"]))
    rest = rest.assign(
        released=rest["announced"], listed=rest["announced"], date_from="publication", weights=""
    )
    table = pd.concat(
        [rows.drop(columns=["date", "date_listed"]), rest.drop(columns="date")], ignore_index=True
    )
    open_ = table["accessibility"].fillna("").str.startswith("Open weights")
    by_access = np.select([open_, table["accessibility"].isna()], ["open", "unknown"], "closed")
    table["weights_from"] = np.where(table["score"].notna(), "eci-scores", table["accessibility_from"])
    table["weights"] = table["weights"].map(_WEIGHTS).fillna(pd.Series(by_access, table.index))
    table["multi_sample"] = issues.multi_sample(table["model"])
    return table


def _dates(rows: pd.DataFrame, raw: Raw) -> pd.DataFrame:
    """Both dates of the models of the index, and where the release comes from."""
    first = listed = pd.to_datetime(rows["date"])
    corrected = raw["model-corrections"].query("column == 'date'").set_index("model")["value"]
    first = pd.to_datetime(rows["model"].map(corrected)).fillna(first)
    released = rows["model"].map(issues.first_release(raw))
    later = (issues.months_named(rows["model"]) > first) & released.notna()
    # Weights that were out before the paper were public on the earlier day.
    announced = first.where(~later, released).where(~(released < first), released)
    origin = np.where(released.notna(), "release of the version", "announcement")
    released = released.fillna(announced)
    return rows.assign(announced=announced, released=released, listed=listed, date_from=origin)


def _owners(table: pd.DataFrame, corrections: pd.DataFrame) -> pd.DataFrame:
    """Lab, country and foreign weights."""
    named = table["model"].map(labs.by_name)
    lab = table["organization"].map(labs.lab)
    code = pd.Series(
        [labs.country(c, m) for c, m in zip(table["country"], table["model"], strict=True)], table.index
    )
    code = code.where(~(code.isna() | (code == "INT")), lab.map(labs.HOMES).fillna(code))
    by_name = lab.isna() & named.notna()
    lab = lab.where(~by_name, named.str[0])
    code = code.where(~(code.isna() & named.notna()), named.str[1])
    origin = table["country_from"].fillna("eci-scores").where(~by_name, "name")
    bases = corrections[corrections["column"] == "base_model"].set_index("model")["value"]
    base = table["model"].map(bases).fillna(table["base_model"])
    base_from = table["base_model_from"].mask(table["model"].isin(bases.index), "our correction")
    table = table.assign(
        lab=lab, country=code, country_from=origin, base_model=base, base_model_from=base_from
    )
    owner = table.drop_duplicates("listed_as").set_index("listed_as")[["lab", "country"]]
    first = base.str.split(",").str[0]
    base_lab = first.map(owner["lab"]).fillna(first.dropna().map(labs.by_name).str[0])
    base_country = first.map(owner["country"]).fillna(first.dropna().map(labs.by_name).str[1])
    foreign = base_lab.notna() & (base_lab != table["lab"]) & (base_country != table["country"])
    return table.assign(base_lab=base_lab, built_on=base_country.where(foreign, "").fillna(""))


def _compute(table: pd.DataFrame, raw: Raw) -> pd.DataFrame:
    """Compute after corrections, with its origin and the issues that apply."""
    measured = need(raw, "sizes", "model", "flop_6nd", "ratio").drop(columns=["flop", "flop_notes"])
    table = table.merge(
        measured.rename(columns={"model": "listed_as"}), on="listed_as", how="left", suffixes=("_raw", "")
    )
    hit = {
        id_: {row for row, _ in issues.CHECKS[id_](raw)} for id_ in ("D01", "D02", "D03", "D06", "D08", "D09")
    }
    marks = {id_: table["listed_as"].isin(rows) for id_, rows in hit.items()}
    marks |= {
        id_: table["model"].isin({r for r, _ in issues.CHECKS[id_](raw)})
        for id_ in ("D04", "D05", "D07", "D14")
    }
    marks["D15"] = table["multi_sample"] & table["score"].notna()
    stated = table["flop"]
    circular = marks["D02"] & stated.notna()
    noted = table["flop_notes"].str.extract(issues.TAKEN_BACK, expand=False).astype(float)
    table["flop_withdrawn"] = table["flop_withdrawn"].fillna(stated.where(circular)).fillna(noted)
    by_hand = (marks["D01"] | marks["D08"] | marks["D09"]) & table["flop_6nd"].notna()
    table["flop_stated"] = stated
    table["flop"] = stated.where(~by_hand, table["flop_6nd"]).where(~circular)
    table["flop_from"] = table["flop_from"].where(~by_hand, "6ND").where(table["flop"].notna(), "").fillna("")
    table["flop_confidence"] = table["confidence"].where(table["flop"].notna())
    table["ratio_flag"] = table["ratio_flag"].fillna(False).astype(bool)
    applies = pd.DataFrame(marks)
    table["issues"] = applies.apply(lambda row: " ".join(applies.columns[row]), axis=1)
    origins = [c for c in COLUMNS if c.endswith("_from")]
    table[origins] = table[origins].fillna("")
    return table


def error_sd(confidence: pd.Series, share: float = 1.0) -> NDArray[np.float64]:
    """Standard deviation of log10 compute by upstream's word; ``share`` scales it.

    Raises `FrontierError` for an unknown word.

    >>> error_sd(pd.Series(["Confident", "Likely"])).round(2)
    array([0.29, 0.61])
    """
    factor = confidence.map(FACTORS)
    if factor.isna().any():
        raise FrontierError(f"Upstream's confidence {confidence[factor.isna()].iloc[0]!r} has no error size.")
    return share * np.log10(factor.to_numpy(float)) / REACH

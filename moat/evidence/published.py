"""Published results against ours: ``data/published.csv`` is the list, the score is computed."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.errors
import pandera.pandas as pa

from moat import numbers, project
from moat.errors import EvidenceError
from moat.evidence.findings import Chapter, Finding

KINDS = ("absolute", "relative", "at most", "inside")

SCHEMA = pa.DataFrameSchema(
    {
        "id": pa.Column(str, pa.Check.str_matches(r"^[a-z0-9-]+\.[a-zA-Z0-9.-]+$"), unique=True),
        "finding": pa.Column(str, pa.Check.str_matches(r"^[a-z0-9-]+\.[A-Za-z0-9-]+$")),
        "quantity": pa.Column(str),
        "published": pa.Column(float, coerce=True),
        "uncertainty": pa.Column(float, nullable=True, coerce=True),
        "tolerance": pa.Column(float, pa.Check.gt(0), coerce=True),
        "kind": pa.Column(str, pa.Check.isin(KINDS)),
        "citation": pa.Column(str),
        "place": pa.Column(str),
        "note": pa.Column(str),
    },
    strict=True,
)

#: Why a published result is not on the board.
HANDLING = ("copied", "shown beside", "no data", "not rerun", "no fair tolerance")
LEFT_OUT = pa.DataFrameSchema(
    {"id": pa.Column(str, pa.Check.str_matches(r"^[a-z0-9-]+\.[a-zA-Z0-9.-]+$"), unique=True)}
    | {
        name: pa.Column(str, pa.Check.str_length(min_value=1))
        for name in ("result", "published", "source", "reason")
    }
    | {"handling": pa.Column(str, pa.Check.isin(HANDLING)), "chapter": pa.Column(str)},
    strict=True,
)

#: Sources whose key does not spell their name.
AUTHORS = {
    "mcleish2025": "McLeish 2025",
    "llama2024": "Llama 3, 2024",
    "epoch2026eci": "Epoch AI 2026, index",
    "epoch2025china": "Epoch AI 2025, China",
    "cottier2024open": "Cottier 2024, open models",
    "deepseek2025serving": "DeepSeek 2025, serving",
    "deepseekv2": "DeepSeek-V2",
    "deepseekv3": "DeepSeek-V3",
    "quantbacktest2026": "share prices",
    "wpnews2026": "WP News 2026",
}


def load_published(path: Path | None = None) -> pd.DataFrame:
    """The list, checked.  Raises `EvidenceError` for a malformed row."""
    path = path or project.root() / "data" / "published.csv"
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values={"uncertainty": [""]})
        return SCHEMA.validate(table)
    except pandera.errors.SchemaError as error:
        raise EvidenceError(f"{path.name} is malformed: {error}") from None


def load_left_out(path: Path | None = None) -> pd.DataFrame:
    """Published results that are not on the board, each with the reason.  Raises `EvidenceError`."""
    path = path or project.root() / "data" / "not_reproduced.csv"
    try:
        return LEFT_OUT.validate(pd.read_csv(path, keep_default_na=False))
    except pandera.errors.SchemaError as error:
        raise EvidenceError(f"{path.name} is malformed: {error}") from None


def within(finding: Finding, published: float, tolerance: float, kind: str) -> bool:
    """Whether our value reproduces the published one.

    ``absolute`` and ``relative`` compare the distance; ``at most`` asks that ours does not
    exceed ``tolerance``, as for a minimum that a better optimiser may undercut; ``inside`` asks
    that the published value lies in our interval, whose level is then the tolerance.
    """
    if kind == "inside":
        if finding.low is None or finding.high is None:
            return False
        return finding.level == tolerance and finding.low <= published <= finding.high
    ours = float(finding.value)
    if kind == "at most":
        return ours <= tolerance
    scale = abs(published) if kind == "relative" else 1.0
    return math.isfinite(ours) and abs(ours - published) <= tolerance * scale


def distance(finding: Finding, published: float, tolerance: float, kind: str) -> float:
    """How far ours is from the published value, in tolerances: within is from -1 to 1.

    ``at most`` gives ours over the ceiling, zero where ours is below zero; ``inside`` the distance from our
    value over that from our value to the end of our interval on that side.  Infinite for a tolerance
    that cannot be applied, as `within` then says no.

    >>> round(distance(Finding("a", 1.05), 1.0, 0.1, "absolute"), 3)
    0.5
    """
    ours = float(finding.value)
    if not math.isfinite(ours):
        return math.inf
    if kind == "at most":
        return max(ours / tolerance, 0.0)
    if kind != "inside":
        return (ours - published) / (tolerance * (abs(published) if kind == "relative" else 1.0))
    if finding.level != tolerance or finding.low is None or finding.high is None:
        return math.inf
    arm = finding.high - ours if published > ours else ours - finding.low
    off = ours - published
    return off / arm if arm else math.copysign(math.inf, off) if off else 0.0


def scoreboard(chapters: dict[str, Chapter], published: pd.DataFrame | None = None) -> pd.DataFrame:
    """The list with ours and the distance in tolerances (NaN where not run), and the outcome.

    The outcome is reproduced, missed or not run.
    """
    published = load_published() if published is None else published
    rows = []
    row: Any  # its columns are those of `SCHEMA`
    for row in published.itertuples():
        chapter, name = row.finding.split(".", 1)
        finding = chapters[chapter].findings.get(name) if chapter in chapters else None
        if finding is None:
            rows.append((math.nan, math.nan, "not run"))
            continue
        rule = row.published, row.tolerance, row.kind
        good = "reproduced" if within(finding, *rule) else "missed"
        rows.append((float(finding.value), distance(finding, *rule), good))
    return published.assign(
        **dict(zip(("ours", "distance", "outcome"), zip(*rows, strict=True), strict=True))
    )


def tally(score: pd.DataFrame) -> pd.DataFrame:
    """One row a source, in the order of the list: rows, reproduced, missed, not run, largest distance."""
    rows = []
    for citation, group in score.groupby("citation", sort=False):
        count = Counter(group["outcome"])
        kept = group.loc[group["outcome"] == "reproduced", "distance"].abs()
        counts = {name: count[name] for name in ("reproduced", "missed", "not run")}
        rows.append({"source": author(str(citation)), "rows": len(group), **counts, "largest": kept.max()})
    return pd.DataFrame(rows)


def author(citation: str) -> str:
    """A citation key as a heading.

    >>> author("besiroglu2024"), author("deepseekv3")
    ('Besiroglu 2024', 'DeepSeek-V3')
    """
    found = re.fullmatch(r"([a-z]+)(\d*)([a-z]*)", citation)
    if found is None:
        raise EvidenceError(f"The key {citation!r} is not an author, a year and a word; mend published.csv.")
    who, year, what = found.groups()
    named = f"{who.capitalize()} {year}".strip() + (f", {what}" if what else "")
    return AUTHORS.get(citation, named)


def tolerance_text(row: Any) -> str:
    """The tolerance of a row of the list in words."""
    if row.kind == "inside":
        return f"in our {100 * row.tolerance:g}% interval"
    sign = "at most" if row.kind == "at most" else "±"
    scale, unit = (100, "%") if row.kind == "relative" else (1, "")
    return f"{sign} {scale * row.tolerance:g}{unit}"


def chance_groups(score: pd.DataFrame) -> np.ndarray:
    """(groups,): rows that ask for the published value in our interval, counted by the fit they come from.

    A fit is the chapter with the citation; its rows share their data.
    """
    rows = score[score["kind"] == "inside"]
    fit = rows["finding"].str.split(".").str[0] + rows["citation"]
    return fit.value_counts(sort=False).to_numpy()


def board(score: pd.DataFrame, part: str = "") -> pd.DataFrame:
    """The columns of a board for readers, of the rows whose chapter stands in ``part`` of the book.

    ``part`` is the caption up to its full stop, such as "Part I"; without it all rows are shown.
    """
    captions = project.parts()
    chapters = score["finding"].str.split(".").str[0]
    here = chapters.map(lambda c: not part or captions.get(c, "").partition(".")[0] == part)
    rows = score[here.astype(bool)]
    return pd.DataFrame(
        {
            "result": rows["quantity"],
            "source": rows["citation"].map(author),
            "published": rows["published"].map(lambda x: numbers.compact(x, 6)),
            "ours": rows["ours"].map(lambda x: numbers.compact(x, 6)),
            "tolerance": [tolerance_text(row) for row in rows.itertuples()],
            "outcome": rows["outcome"],
            "where": rows["place"],
        }
    )

"""Published results against ours: ``data/published.csv`` is the list, the score is computed."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pandera.errors
import pandera.pandas as pa

from moat import project
from moat.evidence.errors import EvidenceError
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


def load_published(path: Path | None = None) -> pd.DataFrame:
    """The list, checked.  Raises `EvidenceError` for a malformed row."""
    path = path or project.root() / "data" / "published.csv"
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values={"uncertainty": [""]})
        return SCHEMA.validate(table)
    except pandera.errors.SchemaError as error:
        raise EvidenceError(f"{path.name} is malformed: {error}") from None


def within(finding: Finding, published: float, tolerance: float, kind: str) -> bool:
    """Whether our value reproduces the published one.

    ``absolute`` and ``relative`` compare the distance; ``at most`` asks that ours does not
    exceed ``tolerance``, as for a minimum that a better optimiser may undercut; ``inside`` asks
    that the published value lies in our interval, whose level is then the tolerance.
    """
    if kind == "inside":
        return finding.level == tolerance and finding.low <= published <= finding.high
    ours = float(finding.value)
    if kind == "at most":
        return ours <= tolerance
    scale = abs(published) if kind == "relative" else 1.0
    return math.isfinite(ours) and abs(ours - published) <= tolerance * scale


def scoreboard(chapters: dict[str, Chapter], published: pd.DataFrame | None = None) -> pd.DataFrame:
    """The list with our value (NaN where not run) and the outcome: reproduced, missed or not run."""
    published = load_published() if published is None else published
    ours, outcome = [], []
    for row in published.itertuples():
        chapter, name = row.finding.split(".", 1)
        finding = chapters[chapter].findings.get(name) if chapter in chapters else None
        if finding is None:
            ours.append(math.nan)
            outcome.append("not run")
            continue
        ours.append(float(finding.value))
        good = within(finding, row.published, row.tolerance, row.kind)
        outcome.append("reproduced" if good else "missed")
    return published.assign(ours=ours, outcome=outcome)

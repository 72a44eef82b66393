"""What the explorer's answers rest on: findings and rows of grids, by name, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from moat.chapters.bill import rules as bill_rules
from moat.chapters.explorer import bills
from moat.chapters.explorer.settings import CHAPTER, SETTINGS
from moat.chapters.lag import rules as lag_rules
from moat.chapters.premium import rules as premium_rules
from moat.chapters.verdict import rules as verdict_rules
from moat.errors import EvidenceError
from moat.evidence import rules
from moat.evidence.findings import Chapter, Finding

Row = list[float]
#: The rules' numbers, which the page needs too.
RULES = {
    "agree": rules.AGREE, "pace": lag_rules.PACE, "narrow": lag_rules.NARROW, "wide": lag_rules.WIDE,
    "beyond": premium_rules.BEYOND, "fewer": premium_rules.FEWER,
    "benchmarks": premium_rules.BENCHMARK_MARGIN / premium_rules.INDEX_MARGIN,
    "fraction": bill_rules.FRACTION, "fast": premium_rules.FAST, "slowest": premium_rules.SLOWEST,
    "gauges": verdict_rules.GAUGES, "many": verdict_rules.MANY,
}  # fmt: skip
_LAG = {"index": "all scores", "multi-sample": "with"}
_TREND = {"direction": "forward", "form": "linear", "intercepts": "pooled", "own lab": "out"}
#: For each quantity: what its chapter takes as primary, the chapter's grid, and the row of that grid
#: which differs from the primary in its dates alone.
LOOK_UP = {
    "width-china": ("lag.width-china", "lag.width", _LAG | {"follower": "China", "leaders": "US"}),
    "width-open": ("lag.width-open", "lag.width", _LAG | {"follower": "open weights", "leaders": "US"}),
    "hazard": ("lag.hazard-ratio", "lag.hazard-ratio",
               _LAG | {"follower": "China", "events": "one a follower's model"}),
    "slope": ("lag.slope", "lag.slope", _LAG | {"follower": "China", "window": "after the editorial"}),
    "price": ("premium.price-of-crossing", "premium.price-of-crossing",
              {"method": "records", "who": "anyone", "window": "24 months", "noise": "taken off"}),
    "less": ("premium.less-is-more", "premium.less-is-more",
             {"form": "linear", "intercepts": "pooled", "models": "all"}),
    "runs": ("scissors.gap-change", "scissors.gap-change",
             {"follower": "China", "forum": "True", "labs": "5"}),
    "quality": ("premium.multiplier-v3", "premium.multiplier-v3", _TREND | {"models": "all"}),
    "untaught": ("premium.untaught-v3", "premium.multiplier-v3", _TREND | {"models": "no taught models"}),
}  # fmt: skip
#: Quantities whose rule asks how much of the chapter's grid agrees; both widths share one.
GRADED = ("width-china", "hazard", "slope", "price", "less", "quality")
#: Differences of the capability index, by the convention of dates under which they are asked.
EVEN = {"v3-llama": "both", "v3-gpt4o": "both", "r1-o1": "both", "best-announced": "announced",
        "best-released": "released"}  # fmt: skip
PRINTED = ("v3-llama", "v3-gpt4o", "r1-o1")


def board(chapters: Mapping[str, Chapter], laws: pd.DataFrame) -> dict[str, Any]:
    """Settings, thresholds, intervals and grids, ready to be written as JSON.

    ``laws`` is the table cost-inputs.  Intervals are [value, low, high] at 90%.  Raises `EvidenceError`
    where a chapter, a finding or a row of a grid is missing.
    """
    dates = {CHAPTER: {k: _row(_finding(chapters, name)) for k, (name, _, _) in LOOK_UP.items()}}
    for convention in ("announced", "released"):
        dates[convention] = {
            k: _grid_row(chapters, grid, where | {"dates": convention})
            for k, (_, grid, where) in LOOK_UP.items()
        }
    rows = {k: _row(_finding(chapters, f"scissors.{k}")) for k in ("uncounted", "share-then", "share-now")}
    rows["mixtral"] = _row(_finding(chapters, "premium.mixtral"))
    rows["lag-change"] = _row(_finding(chapters, "scissors.lag-change"))
    known = "openness" in chapters and "adoption-change" in chapters["openness"].findings
    rows["adoption"] = _row(_finding(chapters, "openness.adoption-change")) if known else None
    counts = {"days-led-china": "lag.days-led-china", "days-led": "premium.days-led"}
    counts["mixtral-active"] = "premium.mixtral-active"
    return {
        "settings": [vars(s) for s in SETTINGS],
        "rules": RULES,
        "dates": dates,
        "grids": {k: [r["value"] for r in _grid(chapters, LOOK_UP[k][1])] for k in GRADED},
        "even": {
            k: {"dates": d, "row": _row(_finding(chapters, f"premium.even-{k}"))} for k, d in EVEN.items()
        },
        "printed": {k: _row(_finding(chapters, f"premium.bench-{k}")) for k in PRINTED},
        "leaps": {k: _row(_finding(chapters, f"scissors.excess-{k}")) for k in ("v3", "r1")},
        "rows": rows,
        "counts": {k: _finding(chapters, name).value for k, name in counts.items()},
        "bill": bills.inputs(chapters["bill"].findings, _grid(chapters, "bill.cost-ratio-llama"), laws),
    }


def _finding(chapters: Mapping[str, Chapter], name: str) -> Finding:
    chapter, _, key = name.partition(".")
    if chapter not in chapters or key not in chapters[chapter].findings:
        raise EvidenceError(f"The explorer needs the finding {name!r}, which this book does not have.")
    return chapters[chapter].findings[key]


def _grid(chapters: Mapping[str, Chapter], name: str) -> list[dict]:
    chapter, _, key = name.partition(".")
    if chapter not in chapters or key not in chapters[chapter].grids:
        raise EvidenceError(f"The explorer needs the grid {name!r}, which this book does not have.")
    return chapters[chapter].grids[key]


def _grid_row(chapters: Mapping[str, Chapter], name: str, where: Mapping[str, str]) -> Row:
    rows = [r for r in _grid(chapters, name) if all(r[k] == v for k, v in where.items())]
    if len(rows) != 1:
        raise EvidenceError(f"{len(rows)} rows of the grid {name!r} are {dict(where)}; one is needed.")
    return [rows[0][k] for k in ("value", "low", "high")]


def _row(finding: Finding) -> Row:
    return [finding.value, finding.low, finding.high]

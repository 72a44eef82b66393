"""Findings: the only way for a number to travel from a computation into prose.

A notebook makes one ``Findings``, records into it, and shows it in its last cell.  The
display carries the findings as data, so the executed notebook is the record: nothing else
is written, whoever runs it and however.

>>> found = Findings("demo")
>>> found.record("runs", 240, unit="runs", exact="count")
>>> found["runs"].text()
'240 runs'
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from moat import numbers, project
from moat.errors import EvidenceError
from moat.evidence import grids
from moat.sources import loaded
from moat.stats.estimate import Estimate

MIME = "application/vnd.moat.findings+json"
NAME = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
#: Drift allowed without a review: a share of the interval's half-width, or of an exact value.
INTERVAL_DRIFT, EXACT_DRIFT = 0.05, 1e-6


@dataclass(frozen=True)
class Finding:
    """One number (or one word computed by a rule) with all that a reader may ask about it."""

    name: str
    value: float | str
    low: float | None = None
    high: float | None = None
    level: float | None = None
    unit: str = ""
    n: int | None = None
    method: str = ""
    spec: str = ""
    drift: float = EXACT_DRIFT
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def is_word(self) -> bool:
        return isinstance(self.value, str)

    def parts(self) -> tuple[str, str]:
        """Value and interval as text, without the unit; the interval is "" where there is none."""
        if isinstance(self.value, str):
            return self.value, ""
        if self.low is None or self.high is None:
            return numbers.exact(self.value, self.spec), ""
        return numbers.with_interval(self.value, self.low, self.high, self.spec)

    def text(self) -> str:
        """As printed in prose: value, interval, unit."""
        value, interval = self.parts()
        return join_unit(" ".join(x for x in (value, interval) if x), self.unit)

    def estimate(self) -> Estimate:
        """The number with its interval, for a chapter that computes on.

        Raises `EvidenceError` for a word and for a number without an interval.
        """
        if isinstance(self.value, str) or self.low is None or self.high is None or self.level is None:
            raise EvidenceError(f"The finding {self.name!r} has no interval to compute with.")
        return Estimate(self.value, self.low, self.high, self.n or 0, self.method, self.level)

    def drifted(self, other: Finding) -> str:
        """Why ``other`` is not the same finding within the declared drift; "" when it is."""
        if isinstance(self.value, str) or isinstance(other.value, str):
            return "" if self.value == other.value else f"{self.value!r} became {other.value!r}"
        if (self.low is None) != (other.low is None):
            return "it gained or lost its interval"
        scale = abs(self.value)
        if self.low is not None and self.high is not None:
            scale = (self.high - self.low) / 2
        for end in ("value", "low", "high"):
            before, now = getattr(self, end), getattr(other, end)
            if before is not None and abs(now - before) > self.drift * scale + 1e-300:
                return f"{end} {before:.8g} became {now:.8g} (allowed {self.drift * scale:.2g})"
        return ""


def join_unit(text: str, unit: str) -> str:
    """A unit after a number: attached for % and ×, else after a space."""
    if not unit:
        return text
    return f"{text}{unit}" if unit in ("%", "×") else f"{text} {unit}"


class Findings:
    """The findings of one chapter, in the order of recording."""

    def __init__(self, chapter: str):
        self.chapter = chapter
        self._found: dict[str, Finding] = {}
        self._grids: dict[str, list[dict]] = {}

    def __getitem__(self, name: str) -> Finding:
        return self._found[name]

    def __len__(self) -> int:
        return len(self._found)

    def record(
        self,
        name: str,
        value: Estimate | float | str,
        *,
        unit: str = "",
        exact: str = "",
        rule: str = "",
        n: int | None = None,
        spec: str = "",
        drift: float | None = None,
        sources: tuple[str, ...] = (),
    ) -> None:
        """Keep one finding under ``name`` (letters, digits and hyphens).

        ``value`` is an `Estimate` (which brings interval, n and method), a bare number with
        ``exact`` saying why it needs no interval ("count", "closed form of published
        constants"), or a word with the ``rule`` that chose it.  ``spec`` overrides the
        digits.  ``drift`` is how far a later run may move without a review, as a share of
        the interval's half-width (or of the value).  ``sources`` defaults to all read so far.

        Raises `EvidenceError` for a bad or repeated name and for a number without interval.
        """
        if not NAME.fullmatch(name):
            raise EvidenceError(f"A finding is named by words joined with hyphens, not {name!r}.")
        if name in self._found:
            raise EvidenceError(f"{self.chapter}.{name} is recorded twice; give each finding its own name.")
        known = loaded()
        kept = {s: known[s] for s in (sources or known)}
        common = {"name": name, "unit": unit, "spec": spec, "sources": kept}
        self._found[name] = _finding(value, common, exact, rule, n, drift)

    def record_all(self, values: Mapping[str, Estimate | float | str], **options: Any) -> None:
        """Record several findings with the same options."""
        for name, value in values.items():
            self.record(name, value, **options)

    def record_grid(self, name: str, table: pd.DataFrame) -> None:
        """Keep a grid of specifications, as `moat.evidence.grids` says.  Raises `EvidenceError`."""
        if not NAME.fullmatch(name) or name in self._grids:
            raise EvidenceError(f"Give the grid a name of its own, words joined with hyphens, not {name!r}.")
        self._grids[name] = grids.as_rows(name, table)

    def so_far(self) -> Chapter:
        """What is recorded so far, as other chapters will read it."""
        return Chapter(self.chapter, "", {}, "", "", 0.0, "", {}, dict(self._found), dict(self._grids))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict:
        found = [_rounded(f) for f in self._found.values()]
        payload = {"chapter": self.chapter, "findings": found, "grids": self._grids}
        words = f"{len(self)} findings of {self.chapter}"
        return {"text/plain": words, "text/html": findings_html(self._found), MIME: payload}


def findings_html(found: Mapping[str, Finding]) -> str:
    """One row a finding: name, printed text, n, method."""
    rows = [(f.name, f.text(), "" if f.n is None else f"{f.n:,}", f.method) for f in found.values()]
    table = pd.DataFrame(rows, columns=["finding", "result", "n", "method"])
    return table.to_html(index=False, border=0, classes="dataframe findings")


def _finding(
    value: Estimate | float | str,
    common: dict[str, Any],
    exact: str,
    rule: str,
    n: int | None,
    drift: float | None,
) -> Finding:
    if isinstance(value, Estimate):
        return Finding(
            value=value.value, low=value.low, high=value.high, level=value.level, n=value.n,
            method=value.method, drift=INTERVAL_DRIFT if drift is None else drift, **common,
        )  # fmt: skip
    if isinstance(value, str):
        if not rule:
            raise EvidenceError(f"The word {value!r} needs the rule that chose it: record(..., rule=...).")
        return Finding(value=value, n=n, method=rule, **common)
    if not exact:
        raise EvidenceError(
            f"{common['name']} has no interval; record an Estimate, or say why it needs none: exact=..."
        )
    drift = EXACT_DRIFT if drift is None else drift
    return Finding(value=float(value), n=n, method=exact, drift=drift, **common)


def _rounded(finding: Finding) -> dict:
    """Ten significant digits: enough for every use, and the same on every machine."""
    values = asdict(finding)
    for key in ("value", "low", "high"):
        if isinstance(values[key], float):
            values[key] = float(f"{values[key]:.10g}")
    return {k: v for k, v in values.items() if v not in (None, "", {})}


@dataclass(frozen=True)
class Chapter:
    """The findings of one executed chapter with the circumstances of the run."""

    name: str
    title: str
    parameters: dict
    commit: str
    executed: str
    seconds: float
    device: str
    versions: dict[str, str]
    findings: dict[str, Finding]
    grids: dict[str, list[dict]] = field(default_factory=dict)
    #: Digest of the code that computed it.
    code: str = ""

    @property
    def sources(self) -> dict[str, str]:
        merged: dict[str, str] = {}
        for finding in self.findings.values():
            merged |= finding.sources
        return dict(sorted(merged.items()))

    def save(self, path: Path) -> Path:
        body = {k: v for k, v in vars(self).items() if k != "findings"}
        body["findings"] = [_rounded(f) for f in self.findings.values()]
        return project.write_json(path, body)

    @classmethod
    def load(cls, path: Path) -> Chapter:
        """Raises `EvidenceError` when the file is not a chapter's findings."""
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            body["findings"] = parse(body["findings"])
            return cls(**body)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise EvidenceError(f"{path} does not hold a chapter's findings ({error}).") from None


def parse(rows: list[dict]) -> dict[str, Finding]:
    """Findings by name from their stored form."""
    return {row["name"]: Finding(**row) for row in rows}


def recorded_path(chapter: str) -> Path:
    return project.root() / "data" / "findings" / f"{chapter}.json"


def computed_path(chapter: str) -> Path:
    return project.build() / "findings" / f"{chapter}.json"


def drift(recorded: Chapter, computed: Chapter) -> list[str]:
    """One sentence for each finding that left its recorded value."""
    sentences = []
    for name, before in recorded.findings.items():
        now = computed.findings.get(name)
        why = "it is no longer computed" if now is None else before.drifted(now)
        if why:
            sentences.append(f"{computed.name}.{name}: {why}")
    new = [n for n in computed.findings if n not in recorded.findings]
    sentences += [f"{computed.name}.{name}: it is not recorded yet" for name in new]
    for name in sorted(recorded.grids.keys() | computed.grids.keys()):
        old, current = (len(chapter.grids.get(name, [])) for chapter in (recorded, computed))
        if old != current:
            sentences.append(f"{computed.name}, grid {name}: {old} specifications became {current}")
    return sentences

"""The claims of the editorial, from ``data/claims.yml``, and how each stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from moat import project
from moat.evidence.errors import EvidenceError
from moat.evidence.findings import Chapter, Finding
from moat.evidence.rules import Verdict, combine

KINDS = {"F": "fact", "M": "mechanism", "P": "prediction", "V": "value"}
PEEKS = ("none", "lit", "data")
VERDICTS = ("supported", "partly", "refuted", "untestable")
UNTESTED = "not yet tested"


@dataclass(frozen=True)
class Claim:
    """One claim: what it says, what would show it, and the rule fixed for its verdict."""

    id: str
    sentence: str
    claim: str
    kind: str
    peek: str
    hypothesis: str
    gauge: str
    rule: str
    falsifier: str
    chapters: tuple[str, ...]

    def verdict(self, chapters: dict[str, Chapter], then: bool = False) -> Finding | None:
        """The verdict that chapters recorded, its reason in ``method``; None without one.

        A chapter records the word under ``verdict-c01`` (and so on), and the word that was due on
        27 January 2025 under ``verdict-c01-then``.  Where several chapters each grade a part of a
        claim, their words are combined.  Raises `EvidenceError` for any other word.
        """
        name = f"verdict-{self.id.lower()}{'-then' if then else ''}"
        graded = {c: chapters[c].findings[name] for c in self.chapters if name in _names(chapters, c)}
        for chapter, finding in graded.items():
            if finding.value not in VERDICTS:
                raise EvidenceError(f"{chapter}.{name} says {finding.value!r}; use one of {VERDICTS}.")
        if len(graded) < 2:
            return next(iter(graded.values()), None)
        whole = combine({c: Verdict(str(f.value), f.method) for c, f in graded.items()})
        return Finding(name, whole.word, method=whole.reason)

    def state(self, chapters: dict[str, Chapter]) -> str:
        """The verdict's word, or "not yet tested".  Raises as `verdict` does."""
        found = self.verdict(chapters)
        return UNTESTED if found is None else str(found.value)


def load_claims(path: Path | None = None) -> list[Claim]:
    """All claims in order.  Raises `EvidenceError` for a malformed or repeated one."""
    path = path or project.root() / "data" / "claims.yml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    claims = []
    for entry in raw:
        try:
            claim = Claim(**entry | {"chapters": tuple(entry["chapters"])})
        except (TypeError, KeyError) as error:
            raise EvidenceError(
                f"{path.name}: claim {entry.get('id', '?')} is malformed ({error})."
            ) from None
        if any(part not in KINDS for part in claim.kind.split("/")) or claim.peek not in PEEKS:
            raise EvidenceError(f"{path.name}: claim {claim.id} has an unknown kind or peek.")
        claims.append(claim)
    ids = [c.id for c in claims]
    if len(set(ids)) < len(ids):
        raise EvidenceError(f"{path.name}: a claim id occurs twice.")
    return claims


def _names(chapters: dict[str, Chapter], chapter: str) -> dict[str, Finding]:
    return chapters[chapter].findings if chapter in chapters else {}

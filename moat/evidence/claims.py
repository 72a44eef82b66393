"""The claims of the editorial, from ``data/claims.yml``, and how each stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from moat import project
from moat.evidence.errors import EvidenceError
from moat.evidence.findings import Chapter

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

    def state(self, chapters: dict[str, Chapter]) -> str:
        """The recorded verdict, or "not yet tested".

        A chapter gives a verdict by recording the word under ``verdict-c01`` (and so on).
        Raises `EvidenceError` for a word that is none of the four.
        """
        name = f"verdict-{self.id.lower()}"
        for chapter in self.chapters:
            finding = chapters[chapter].findings.get(name) if chapter in chapters else None
            if finding is not None:
                if finding.value not in VERDICTS:
                    raise EvidenceError(f"{chapter}.{name} says {finding.value!r}; use one of {VERDICTS}.")
                return str(finding.value)
        return UNTESTED


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

"""The claims of the editorial, from ``data/claims.yml``, and how each stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from moat import project
from moat.errors import EvidenceError
from moat.evidence.findings import Chapter, Finding
from moat.evidence.rules import Verdict, combine

KINDS = {"F": "fact", "M": "mechanism", "P": "prediction", "V": "value"}
PEEKS = ("none", "lit", "data")
VERDICTS = ("supported", "partly", "refuted", "untestable")
UNTESTED = "not yet tested"
#: A sign for each word, so that no verdict is told by colour alone.
SIGNS = {
    "supported": "\u2713",
    "partly": "\u25d0",
    "refuted": "\u2717",
    "untestable": "?",
    UNTESTED: "\u00b7",
}
#: A finding inside the texts of a claim: ``{lag.width-china}``.
INSERTED = re.compile(r"\{([a-z0-9-]+)\.([A-Za-z0-9-]+)\}")


@dataclass(frozen=True)
class Claim:
    """One claim: what it says, what would show it, and the rule fixed for its verdict.

    ``key`` is the finding that says most about the verdict and ``means`` says what it is.
    ``against`` and ``datum`` argue with the word ``argued``: the strongest evidence against our own
    verdict, and what would change it.  They hold findings in braces, see `filled`.
    """

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
    key: str
    means: str
    argued: str
    against: str
    datum: str

    def verdict(self, chapters: Mapping[str, Chapter], then: bool = False) -> Finding | None:
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

    def state(self, chapters: Mapping[str, Chapter]) -> str:
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
        if claim.argued not in VERDICTS:
            raise EvidenceError(f"{path.name}: claim {claim.id} argues with no verdict, {claim.argued!r}.")
        claims.append(claim)
    ids = [c.id for c in claims]
    if len(set(ids)) < len(ids):
        raise EvidenceError(f"{path.name}: a claim id occurs twice.")
    return claims


def look_up(target: str, chapters: Mapping[str, Chapter]) -> Finding | None:
    """The finding ``chapter.name``, or None where the chapter is not there.

    Raises `EvidenceError` for a name that its chapter does not record.
    """
    chapter, _, name = target.partition(".")
    if chapter not in chapters:
        return None
    if name not in chapters[chapter].findings:
        raise EvidenceError(f"Chapter {chapter!r} records no finding {name!r}, which a claim names.")
    return chapters[chapter].findings[name]


def filled(text: str, chapters: Mapping[str, Chapter]) -> str:
    """``text`` with the findings that it holds in braces, interval and unit included.

    A chapter that is not there leaves "(not computed)".  Raises `EvidenceError` as `look_up` does.

    >>> found = {"width": Finding("width", 7.2, low=2.3, high=9.0, unit="months")}
    >>> lag = Chapter("lag", "", {}, "", "", 0.0, "", {}, found)
    >>> filled("The lag is {lag.width}, not {far.total}.", {"lag": lag})
    'The lag is 7.2 [2.3, 9.0] months, not (not computed).'
    """

    def written(match: re.Match) -> str:
        finding = look_up(f"{match[1]}.{match[2]}", chapters)
        return "(not computed)" if finding is None else finding.text()

    return INSERTED.sub(written, text)


def _names(chapters: Mapping[str, Chapter], chapter: str) -> dict[str, Finding]:
    return chapters[chapter].findings if chapter in chapters else {}

"""How every claim stands: its word at both clocks, its number, and what speaks against us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from moat.evidence.claims import UNTESTED, Claim, filled, look_up
from moat.evidence.findings import Chapter, Finding

NOT_ARGUED = "The word is new; what speaks against it has not been written down yet."


@dataclass(frozen=True)
class Standing:
    """One claim now and on the day of the editorial; ``number`` is its key finding, if computed."""

    claim: Claim
    now: str
    then: str
    why: str
    number: Finding | None
    against: str
    datum: str


def standings(claims: Sequence[Claim], chapters: Mapping[str, Chapter]) -> list[Standing]:
    """Raises `EvidenceError` for a claim that names a finding its chapter does not record.

    The text against a verdict is shown only beside the word that it argues with.
    """
    found = []
    for claim in claims:
        verdict, then = claim.verdict(chapters), claim.verdict(chapters, then=True)
        now = UNTESTED if verdict is None else str(verdict.value)
        before = UNTESTED if then is None else str(then.value)
        why = "" if verdict is None else verdict.method
        texts = ("", "") if verdict is None else (NOT_ARGUED, "")
        if now == claim.argued:
            texts = (filled(claim.against, chapters), filled(claim.datum, chapters))
        found.append(Standing(claim, now, before, why, look_up(claim.key, chapters), *texts))
    return found


def table(found: Sequence[Standing]) -> pd.DataFrame:
    """One row a claim: id, claim, then, now, number, what it is, against, datum, why."""
    rows = [
        {
            "id": s.claim.id, "claim": s.claim.claim, "then": s.then, "now": s.now,
            "number": "" if s.number is None else s.number.text(), "means": s.claim.means,
            "against": s.against, "datum": s.datum, "why": s.why,
        }
        for s in found
    ]  # fmt: skip
    return pd.DataFrame(rows)

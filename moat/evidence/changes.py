"""The change log of verdicts: which word gave way to which, and the finding that moved it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd

from moat import numbers, project
from moat.evidence.claims import Claim
from moat.evidence.findings import Chapter, Finding

CLOCKS = {"newest snapshot": False, "27 January 2025": True}


@dataclass(frozen=True)
class Change:
    """One claim whose word changed at one clock; ``finding`` is "" where no number moved."""

    date: str
    commit: str
    claim: str
    clock: str
    old: str
    new: str
    finding: str = ""
    before: str = ""
    after: str = ""

    def sentence(self) -> str:
        """
        >>> Change("2026-11-26", "abc", "C21", "newest snapshot", "supported", "partly").sentence()
        'C21 (newest snapshot): supported became partly; no finding of its chapters moved'
        """
        why = "no finding of its chapters moved"
        if self.finding:
            why = f"{self.finding} moved most, from {self.before} to {self.after}"
        return f"{self.claim} ({self.clock}): {self.old} became {self.new}; {why}"


COLUMNS = [f.name for f in fields(Change)]


def changes(
    claims: Iterable[Claim], recorded: Mapping[str, Chapter], computed: Mapping[str, Chapter]
) -> list[Change]:
    """Every claim whose computed word is not the recorded one.  A first verdict is no change."""
    found = []
    for claim in claims:
        for clock, then in CLOCKS.items():
            old, new = (claim.verdict(chapters, then) for chapters in (recorded, computed))
            if old is None or new is None or old.value == new.value:
                continue
            run = max((computed[c] for c in claim.chapters if c in computed), key=lambda c: c.executed)
            moved = _mover(claim, f"{old.method} {new.method}", recorded, computed)
            about = (run.executed[:10], run.commit, claim.id, clock, str(old.value), str(new.value))
            found.append(Change(*about, *moved))
    return found


def _mover(
    claim: Claim, reasons: str, recorded: Mapping[str, Chapter], computed: Mapping[str, Chapter]
) -> tuple[str, ...]:
    """The finding that moved most for its interval: its id, its text before and after.

    Asked first are those whose interval the reasons print and the claim's own number, then all of the
    claim's chapters.
    """
    pairs = {
        f"{c}.{name}": (before, computed[c].findings[name])
        for c in claim.chapters if c in recorded and c in computed
        for name, before in recorded[c].findings.items() if name in computed[c].findings
    }  # fmt: skip
    sizes = {k: _movement(*pair) for k, pair in pairs.items() if pair[0].drifted(pair[1])}
    moved = {k: size for k, size in sizes.items() if size is not None}
    named = [k for k in moved if k == claim.key or any(_printed(f) in reasons for f in pairs[k])]
    if not moved:
        return ()
    most = max(named or moved, key=moved.__getitem__)
    return (most, *(f.text() for f in pairs[most]))


def _movement(before: Finding, now: Finding) -> tuple[bool, float] | None:
    """How far a number moved, in half-widths of its interval; those without one come after the rest."""
    if isinstance(before.value, str) or isinstance(now.value, str):
        return None
    if before.low is None or before.high is None or now.low is None or before.high == before.low:
        return False, abs(now.value - before.value) / (abs(before.value) or 1.0)
    ends = (abs(getattr(now, end) - getattr(before, end)) for end in ("value", "low", "high"))
    return True, max(ends) / ((before.high - before.low) / 2)


def _printed(finding: Finding) -> str:
    """As the rules print it in their reasons; without an interval, a text that no reason holds."""
    if isinstance(finding.value, str) or finding.low is None or finding.high is None:
        return "\0"
    return " ".join(numbers.with_interval(finding.value, finding.low, finding.high))


def log_path() -> Path:
    return project.root() / "data" / "verdict_changes.csv"


def log() -> pd.DataFrame:
    """The changes that were accepted, oldest first, with the columns of `Change`."""
    if not log_path().is_file():
        return pd.DataFrame(columns=COLUMNS)
    return pd.read_csv(log_path(), dtype=str, keep_default_na=False)


def accept(found: Iterable[Change]) -> None:
    """Append changes to the log."""
    rows = pd.DataFrame([asdict(c) for c in found], columns=COLUMNS)
    if len(rows):
        whole = pd.concat([log(), rows], ignore_index=True)
        project.write(log_path(), whole.to_csv(index=False, lineterminator="\n"))

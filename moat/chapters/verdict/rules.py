"""The rule for the claim that the gap narrows, with the thresholds of ``data/claims.yml``.

As in `moat.evidence.rules`: estimates with 90% intervals go in, a `Verdict` comes out.
"""

from __future__ import annotations

from collections.abc import Mapping

from moat.errors import EvidenceError
from moat.evidence.rules import LEVEL, Verdict, untestable
from moat.stats.estimate import Estimate

#: Gauges that must narrow.
GAUGES, MANY = 4, 3


def c28(changes: Mapping[str, Estimate]) -> Verdict:
    """How many gauges narrowed at 90%?  ``changes`` of gaps, below zero where narrower.

    Supported by three of the four, partly by two, refuted by one or none.  Gauges that are not
    measured count both ways; where that changes the word it is "partly".  Raises `EvidenceError` for
    another level.
    """
    if any(e.level != LEVEL for e in changes.values()):
        raise EvidenceError(f"Verdicts rest on {LEVEL:.0%} intervals.")
    if not changes:
        return untestable("no gauge is measured")
    narrowed = [k for k, e in changes.items() if e.high < 0]
    words = c28_words(len(narrowed), len(changes))
    word = words[0] if len(words) == 1 else "partly"
    names = ", ".join(narrowed) or "none"
    missing = max(GAUGES - len(changes), 0)
    return Verdict(word, f"{len(narrowed)} of {len(changes)} narrowed ({names}); {missing} not measured")


def c28_words(narrowed: int, measured: int) -> list[str]:
    """The words that are possible while gauges are missing: if none of them narrowed, up to all.

    >>> c28_words(0, 3), c28_words(1, 3), c28_words(1, 4)
    (['refuted'], ['refuted', 'partly'], ['refuted'])
    """
    missing = max(GAUGES - measured, 0)
    return list(dict.fromkeys(_count(narrowed + more) for more in range(missing + 1)))


def _count(narrowed: int) -> str:
    return "supported" if narrowed >= MANY else "partly" if narrowed == MANY - 1 else "refuted"

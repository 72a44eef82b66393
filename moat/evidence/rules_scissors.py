"""Rules for the claims about spending, compute and access, with the thresholds of ``data/claims.yml``.

As in `moat.evidence.rules`: estimates with 90% intervals go in, a `Verdict` comes out.
"""

from __future__ import annotations

from collections.abc import Mapping

from numpy.typing import ArrayLike

from moat.estimate import Estimate
from moat.evidence.errors import EvidenceError
from moat.evidence.rules import LEVEL, Verdict, combine, settle, untestable

#: Elasticities above which spending buys lead, and below which it does not.
BUYS, NOTHING = 0.3, 0.1
#: Half-years that an elasticity needs.
HALF_YEARS = 6
#: Share of growth in per cent that chips and time must make; leaders over followers.
MOST, AHEAD = 50.0, 5.0
#: Gauges that must narrow.
GAUGES, MANY = 4, 3


def c03(elasticities: Mapping[str, tuple[Estimate, int]], grid: ArrayLike = ()) -> Verdict:
    """Does a larger gap in compute go with a larger lag?  An elasticity and its half-years for each gauge.

    Refuted above 0.3 with the interval above 0.1, supported with the interval below 0.1; with fewer
    than six half-years a gauge is partly at best.
    """
    if not elasticities:
        return untestable("no gauge of compute has enough half-years")
    return combine({k: _spending(e, n, grid) for k, (e, n) in elasticities.items()})


def _spending(estimate: Estimate, half_years: int, grid: ArrayLike) -> Verdict:
    found = settle(estimate, high=NOTHING, grid=grid)
    word, reason = found.word, f"elasticity {found.reason}; {half_years} half-years"
    if word == "refuted" and estimate.value <= BUYS:
        word = "partly"
    if half_years < HALF_YEARS and word != "untestable":
        return Verdict("partly", f"{reason}, and {HALF_YEARS} are needed")
    return Verdict(word, reason)


def c14(chips_and_time: Estimate | None, ahead: Estimate, grid: ArrayLike = ()) -> Verdict:
    """Chips and time make half of the growth or more (per cent), and leaders are 5 times ahead."""
    parts = {"ahead": settle(ahead, low=AHEAD - 1e-9)}
    if chips_and_time is None:
        parts = {"growth": untestable("no run discloses its parts")} | parts
    else:
        parts = {"growth": settle(chips_and_time, low=MOST - 1e-9, grid=grid)} | parts
    return combine(parts)


def c17(leaps: Mapping[str, Estimate], access: Estimate | None) -> Verdict:
    """A leap (a) by one of the models, despite a loss of access (b); both are needed.

    ``leaps`` are steps above the 95th percentile of earlier ones, in index points; ``access`` is the change
    of the share of installed compute in percentage points.
    """
    tried = {k: settle(v, low=0.0) for k, v in leaps.items()}
    words = {v.word for v in tried.values()}
    word = "supported" if "supported" in words else "refuted" if words == {"refuted"} else "partly"
    a = Verdict(word, combine(tried).reason)
    b = untestable("no count of chips") if access is None else settle(access, high=0.0)
    reason = f"a: {a.word} ({a.reason}); b: {b.word} ({b.reason})"
    if b.word == "untestable":
        return untestable(reason)
    if a.word == b.word == "supported":
        return Verdict("supported", reason)
    return Verdict("refuted" if "refuted" in (a.word, b.word) else "partly", reason)


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

"""Rules for the claims about spending, compute and access, with the thresholds of ``data/claims.yml``.

As in `moat.evidence.rules`: estimates with 90% intervals go in, a `Verdict` comes out.
"""

from __future__ import annotations

from collections.abc import Mapping

from numpy.typing import ArrayLike

from moat.evidence.rules import Verdict, combine, settle, untestable
from moat.stats.estimate import Estimate

#: Elasticities above which spending buys lead, and below which it does not.
BUYS, NOTHING = 0.3, 0.1

#: Half-years that an elasticity needs.
HALF_YEARS = 6

#: Share of growth in per cent that chips and time must make; leaders over followers.
MOST, AHEAD = 50.0, 5.0


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

"""Rules for the claim about less advanced chips, with the thresholds of ``data/claims.yml``.

As in `moat.evidence.rules`: estimates with 90% intervals go in, a `Verdict` comes out.
"""

from __future__ import annotations

from collections.abc import Mapping

from numpy.typing import ArrayLike

from moat.evidence.rules import Verdict, combine, settle, untestable
from moat.stats.estimate import Estimate

#: An axis is less advanced below this ratio; throughput lost, in per cent, that counts.
WORSE, HANDICAP = 0.9, 5.0


def axis(ratio: float) -> str:
    """The chip over its rival on one axis: "less" when worse by more than 10%, else "equal", or "more"."""
    if ratio < WORSE:
        return "less"
    return "more" if ratio > 1 / WORSE else "equal"


def c06(ratios: Mapping[str, float], after: Estimate, without: Estimate, grid: ArrayLike = ()) -> Verdict:
    """Less advanced chips: worse on some axis, and slower by more than 5% after the workarounds.

    ``ratios`` by axis; ``after`` and ``without`` are throughput lost in per cent with and without the
    workarounds.  Refuted outright when even ``without`` stays below 5%.
    """  # fmt: skip
    if not ratios:
        return untestable("no axis of the chips can be compared")
    worse = [name for name, ratio in ratios.items() if axis(ratio) == "less"]
    named = f"worse by more than 10%: {', '.join(worse) or 'none'}, of {len(ratios)} axes"
    bare = settle(without, low=HANDICAP)
    if bare.word == "refuted":
        return Verdict("refuted", f"even without workarounds {bare.reason}; {named}")
    parts = {
        "data sheet": Verdict("supported" if worse else "refuted", named),
        "throughput lost after workarounds": settle(after, low=HANDICAP, grid=grid),
    }
    return combine(parts)

"""Rules for the claims about the market's fall, with the thresholds of ``data/claims.yml``.

As in `moat.evidence.rules`: estimates with 90% intervals go in, a `Verdict` comes out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from moat import numbers
from moat.errors import EvidenceError
from moat.evidence.rules import AGREE, LEVEL, Verdict, combine, untestable
from moat.stats.estimate import Estimate

#: A group fell: abnormal return in per cent below, with a rank p below.
FALL, CHANCE = -3.0, 0.05
#: A run-up that explains less than this share of the rest explains nothing.
LITTLE = 0.05


def fell(abnormal: Estimate, p: float) -> bool:
    """Below −3% with a rank p below 0.05."""
    return abnormal.value < FALL and p < CHANCE


def c13_group(abnormal: Estimate, p: float, grid: ArrayLike = ()) -> Verdict:
    """One group's fall.  Supported if it `fell`, refuted if its interval lies above −3%.

    ``grid`` says of each other specification whether the group fell in it; both words need 80% of it.
    """
    if abnormal.level != LEVEL:
        raise EvidenceError(f"Verdicts rest on {LEVEL:.0%} intervals, not on one of {abnormal.level:.0%}.")
    grid = np.asarray(grid, bool)
    word = "supported" if fell(abnormal, p) else "refuted" if abnormal.low > FALL else "partly"
    reason = f"{_text(abnormal)}% with rank p {p:.2g}"
    if len(grid):
        share = float(grid.mean())
        reason += f"; it fell in {share:.0%} of {len(grid)} specifications"
        if (share if word == "supported" else 1 - share) < AGREE:
            word = "partly"
    return Verdict(word, reason)


def c13(groups: Mapping[str, Verdict]) -> Verdict:
    """All groups that the editorial names fell: one word where they agree, else "partly"."""
    return combine(groups) if groups else untestable("no group has prices")


def mechanism(suppliers: tuple[Estimate, float], buyers: tuple[Estimate, float]) -> Verdict:
    """Why: an input-demand shock if suppliers fell and buyers did not, an AI-value shock if both did.

    Each side is its abnormal return and rank p.  The word is not one of the four verdicts.
    """
    down = [fell(*side) for side in (suppliers, buyers)]
    words = {(True, False): "input-demand shock", (True, True): "AI-value shock"}
    sides = zip(("suppliers", "buyers"), (suppliers, buyers), strict=True)
    reason = "; ".join(f"{name} {_text(e)}%, rank p {p:.2g}" for name, (e, p) in sides)
    return Verdict(words.get(tuple(down), "neither"), reason)


def c01(run_up: Estimate, partial: float, grid: ArrayLike = ()) -> Verdict:
    """Those that had run up more fell more, the chip beta and the supplier flag held.

    Supported if the slope is below zero at 90% and in 80% of the ``grid``.  Refuted if the interval
    includes zero and the partial R² is below 0.05, or if the slope is above zero at 90%.
    """
    if run_up.level != LEVEL:
        raise EvidenceError(f"Verdicts rest on {LEVEL:.0%} intervals, not on one of {run_up.level:.0%}.")
    grid = np.asarray(grid, float)
    share = float((grid < 0).mean()) if len(grid) else 1.0
    agreed = f"; below zero in {share:.0%} of {len(grid)} specifications" if len(grid) else ""
    reason = f"slope {_text(run_up)}, partial R² {partial:.2g}{agreed}"
    if run_up.high < 0:
        return Verdict("supported" if share >= AGREE else "partly", reason)
    if run_up.low > 0 or partial < LITTLE:
        return Verdict("refuted", reason)
    return Verdict("partly", reason)


def _text(estimate: Estimate) -> str:
    return " ".join(numbers.with_interval(estimate.value, estimate.low, estimate.high))

"""Rules for the claims about openness, adoption, people and money, thresholds of ``data/claims.yml``.

As in `moat.evidence.rules`: estimates with 90% intervals go in, a `Verdict` comes out.  C20, C26 and
C27 rest on figures that others published and that this book reports without reproducing them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import ArrayLike

from moat import numbers
from moat.errors import EvidenceError
from moat.evidence.rules import AGREE, LEVEL, Verdict, combine, settle, untestable
from moat.stats.estimate import Estimate

#: Criteria that make weights and recipe open, and all of them.
RECIPE, STRICT = 4, 6
#: Rise of the share of Chinese bases in points, and what its interval must exceed.
RISE, CLEAR = 20.0, 10.0
#: Share of authors in per cent; fall of the American share in points; half of a variance in per cent.
HOME, FALL, HALF = 45.0, -20.0, 50.0
#: Fall of investment in per cent.
CRASH = 30.0


def c10(score: int, least: int, most: int, replications: int) -> Verdict:
    """DeepSeek's openness on a strict and a lenient reading, and independent replications of the method.

    Supported if 4 of 6 even on the strict reading, refuted if not even on the lenient one or if nobody
    repeated the result.
    """
    word = "supported" if least >= RECIPE else "partly"
    word = "refuted" if most < RECIPE or not replications else word
    strict = "open source in the strict sense" if least >= STRICT else "not open source in the strict sense"
    reason = f"{score} of 6 criteria ({least} to {most} by reading), {RECIPE} are needed; {strict}; "
    return Verdict(word, f"{reason}{replications} independent replications")


def c11(rise: Estimate, published: Collection[float], grid: ArrayLike = ()) -> Verdict:
    """The share of Chinese bases rose by 20 points with an interval above 10, and published shares rose.

    ``published`` are changes in points that others found.  Refuted if the interval lies below 10.
    """
    if rise.level != LEVEL:
        raise EvidenceError(f"Verdicts rest on {LEVEL:.0%} intervals, not on one of {rise.level:.0%}.")
    grid = np.asarray(grid, float)
    agree = float((grid >= RISE).mean()) if len(grid) else 1.0
    up = sum(x > 0 for x in published)
    reason = f"rise of {_text(rise)} points; {up} of {len(published)} published shares rose"
    if len(grid):
        reason += f"; {agree:.0%} of {len(grid)} specifications rose by {RISE:g} points"
    if rise.high < CLEAR and (not len(grid) or (grid < CLEAR).mean() >= AGREE):
        return Verdict("refuted", reason)
    clear = rise.value >= RISE and rise.low > CLEAR and agree >= AGREE
    return Verdict("supported" if clear and published and up == len(published) else "partly", reason)


def c20(share: Estimate, grid: ArrayLike = ()) -> Verdict:
    """The exact lower bound of the share of authors who never left China exceeds 45%; reported counts."""
    found = settle(share, low=HOME, grid=grid)
    return Verdict(found.word, f"reported, not reproduced: {found.reason}")


def c24(change: Estimate, grid: ArrayLike = ()) -> Verdict:
    """The American share of the top ten fell by 20 points; whether many welcome it is a value judgement."""
    parts = {"share": settle(change, high=FALL + 1e-9, grid=grid)}
    return combine(parts | {"welcome": untestable("a value judgement")})


def c25(explained: Estimate | None, dates: int, complete: bool) -> Verdict:
    """Capability explains less than half of use; needs use by model at two dates, of all models."""
    if dates < 2:
        return untestable(f"use by model is known at {dates} dates, and 2 are needed")
    if not complete or explained is None:
        return untestable(
            f"use by model is known at {dates} dates, but only of the most used models, so the variance that "
            "capability explains among all models is not identified"
        )
    return settle(explained, high=HALF)


def c26(leads: Mapping[str, tuple[float, bool]]) -> Verdict:
    """China leads in adoption on comparable measures: lead in points, and whether it is comparable.

    Supported or refuted if all comparable measures agree, partly if they do not; untestable without one,
    with the range of the others as bounds.
    """
    comparable = [lead for lead, good in leads.values() if good]
    every = [lead for lead, _ in leads.values()]
    bounds = f"leads from {min(every):+.0f} to {max(every):+.0f} points" if every else "no measure"
    if not comparable:
        return untestable(f"no measure asks the same of a stated sample in both countries; {bounds}")
    signs = {lead > 0 for lead in comparable}
    word = "partly" if len(signs) == 2 else "supported" if signs == {True} else "refuted"
    return Verdict(word, f"{len(comparable)} comparable measures; {bounds}")


def c27(least: float, most: float) -> Verdict:
    """Private investment in China fell by 30% or more; bounds of the fall in per cent, as reported."""
    word = "supported" if least >= CRASH else "refuted" if most < CRASH else "partly"
    return Verdict(
        word, f"reported, not reproduced: a fall of {least:.0f}% to {most:.0f}%, {CRASH:g}% needed"
    )


def _text(estimate: Estimate) -> str:
    return " ".join(numbers.with_interval(estimate.value, estimate.low, estimate.high))

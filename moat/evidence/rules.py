"""Rules that turn estimates into verdicts: one word out.

Here are the general ones; a claim's own rule stands in `rules` of its chapter.  The thresholds are
those of ``data/claims.yml``, fixed before the formal estimates.  Every rule
returns a `Verdict`: one of four words and a sentence made of the numbers that chose it.  Intervals
have level 0.9, and a grid is the values of the other specifications of the same estimate.

The four words leave one case open, an interval that settles nothing around a point on the other
side.  It counts as "partly", and the reason gives the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from moat import numbers
from moat.errors import EvidenceError
from moat.stats.estimate import Estimate

LEVEL = 0.9

#: Share of a grid that has to agree.
AGREE = 0.8


@dataclass(frozen=True)
class Verdict:
    """One of the four words, and why."""

    word: str
    reason: str


def untestable(reason: str) -> Verdict:
    """The data gate failed; ``reason`` says which."""
    return Verdict("untestable", reason)


def settle(
    estimate: Estimate,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    against: float | None = None,
    grid: ArrayLike = (),
) -> Verdict:
    """The general rule: is the quantity between ``low`` and ``high``?

    Supported when the interval lies inside, refuted when it lies wholly on one side outside, and in
    both cases at least 80% of the ``grid`` must agree.  ``against`` moves the border beyond which
    a one-sided claim is refuted.

    >>> width = Estimate(7.0, 5.0, 9.0, n=222, method="demo", level=0.9)
    >>> settle(width, high=18, against=24, grid=[6, 8, 9, 12]).word
    'supported'

    Raises `EvidenceError` for an interval of another level.
    """  # fmt: skip
    if estimate.level != LEVEL:
        raise EvidenceError(f"Verdicts rest on {LEVEL:.0%} intervals, not on one of {estimate.level:.0%}.")
    below, above = low, high
    if against is not None:
        below, above = (low, against) if np.isinf(low) else (against, high)
    grid = np.asarray(grid, float)
    inside, under, over = (grid > low) & (grid < high), grid < below, grid > above
    sides = {"inside": inside, "under": under, "over": over}
    share = {k: float(v.mean()) if len(grid) else 1.0 for k, v in sides.items()}
    if estimate.low > low and estimate.high < high:
        place, word = "inside", "supported"
    elif estimate.high < below or estimate.low > above:
        place, word = ("under" if estimate.high < below else "over"), "refuted"
    else:
        place, word = "inside", "partly"
    agreed = f"; {share[place]:.0%} of {len(grid)} specifications agree" if len(grid) else ""
    if word != "partly" and share[place] < AGREE:
        word, agreed = "partly", f"; only{agreed[1:]}"
    wanted = _range(low, high)
    return Verdict(word, f"{_text(estimate)} against {wanted}{agreed}")


def combine(parts: Mapping[str, Verdict]) -> Verdict:
    """One verdict from those of a claim's parts: theirs where they agree, else "partly".

    Parts that are untestable are named and set aside, unless all are.
    """
    graded = {k: v.word for k, v in parts.items() if v.word != "untestable"}
    words = set(graded.values()) or {"untestable"}
    word = words.pop() if len(words) == 1 else "partly"
    return Verdict(word, "; ".join(f"{k}: {v.word} ({v.reason})" for k, v in parts.items()))


def not_worse(difference: Estimate, margin: float, grid: ArrayLike = ()) -> Verdict:
    """Two one-sided tests: supported inside the margin or better, refuted if worse by more."""
    return settle(difference, low=-margin, grid=grid)


def _text(estimate: Estimate) -> str:
    return " ".join(numbers.with_interval(estimate.value, estimate.low, estimate.high))


def _range(low: float, high: float) -> str:
    if np.isinf(low):
        return f"below {numbers.compact(high, 6)}"
    if np.isinf(high):
        return f"above {numbers.compact(low, 6)}"
    return f"{numbers.compact(low, 6)} to {numbers.compact(high, 6)}"

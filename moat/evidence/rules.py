"""Rules that turn estimates into verdicts: one small function a claim, one word out.

The thresholds are those of ``data/claims.yml``, fixed before the formal estimates.  Every rule
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

from moat.estimate import Estimate
from moat.evidence import numbers
from moat.evidence.errors import EvidenceError

LEVEL = 0.9
#: Share of a grid that has to agree.
AGREE = 0.8
#: Margins of equivalence: points of the capability index, percentage points of a benchmark.
INDEX_MARGIN, BENCHMARK_MARGIN = 2.0, 3.0
#: Months a year within which a follower keeps pace.
PACE = 2.0
#: Multiplier of compute beyond the trend; times fewer active parameters that count as fewer.
BEYOND, FEWER = 2.0, 3.0
#: Months below which the moat is narrower than was thought, and above which it is not.
NARROW, WIDE = 18.0, 24.0


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


def c02(slope: Estimate, days_led: float, grid: ArrayLike) -> Verdict:
    """The lag's slope lies within 2 months a year of zero, and no day has a Chinese leader."""
    trend = settle(slope, low=-PACE, high=PACE, grid=grid)
    name = (
        "converging"
        if slope.high < -PACE
        else "diverging"
        if slope.low > PACE
        else "keeping pace or unsettled"
    )
    reason = f"slope in months a year {trend.reason}: {name}; {days_led:g} days with a Chinese leader"
    if trend.word == "supported" and days_led > 0:
        return Verdict("partly", reason)
    return Verdict(trend.word, reason)


def c04(
    index: Mapping[str, Estimate],
    benchmarks: Mapping[str, Estimate],
    margins: tuple[float, float] = (INDEX_MARGIN, BENCHMARK_MARGIN),
) -> Verdict:
    """DeepSeek's models against named ones: by the index, and by the benchmarks it printed."""
    parts = {k: not_worse(v, margins[0]) for k, v in index.items()}
    parts |= {f"{k}, printed benchmarks": not_worse(v, margins[1]) for k, v in benchmarks.items()}
    return combine(parts)


def c07_quality(multiplier: Estimate, grid: ArrayLike) -> Verdict:
    """Beyond the trend: a multiplier above 2 with its interval above 1.

    Refuted when the interval reaches 1 and stays below 2: then the model is on the trend.
    """
    grid = np.asarray(grid, float)
    agree = float(np.mean(grid > 1)) if len(grid) else 1.0
    reason = f"multiplier {_text(multiplier)}; {agree:.0%} of {len(grid)} specifications above 1"
    if multiplier.level != LEVEL:
        raise EvidenceError(f"Verdicts rest on {LEVEL:.0%} intervals, not on one of {multiplier.level:.0%}.")
    if multiplier.value > BEYOND and multiplier.low > 1 and agree >= AGREE:
        return Verdict("supported", reason)
    if multiplier.low <= 1 and multiplier.high < BEYOND:
        return Verdict("refuted", reason)
    return Verdict("partly", reason)


def c09(months: Estimate) -> Verdict:
    """DeepSeek is among the five best labs in at least 12 of the 18 months after the editorial."""
    return settle(months, low=12 - 1e-9)


def c15(
    less_is_more: Verdict,
    days_led: float,
    mixtral: Estimate | None,
    active_ratio: float,
    margin: float = INDEX_MARGIN,
) -> Verdict:
    """Labs with less: more capable at equal compute (a), ever in front (b), Mixtral (c)."""
    parts = {"a": less_is_more}
    parts["b"] = Verdict("supported" if days_led > 0 else "refuted", f"{days_led:g} days in front")
    if mixtral is None:
        parts["c"] = untestable("no score for both models")
    else:
        even = not_worse(mixtral, margin)
        reason = f"{even.reason}; {active_ratio:.2g} times fewer active parameters"
        parts["c"] = Verdict(
            "partly" if active_ratio < FEWER and even.word == "supported" else even.word, reason
        )
    return combine(parts)


def c15a(coefficient: Estimate, grid: ArrayLike) -> Verdict:
    """At equal compute and date, capability falls with the lab's stock of compute."""
    return settle(coefficient, high=0.0, grid=grid)


def c19(effect: Estimate | None, smallest_cell: int, parallel: bool, grid: ArrayLike = ()) -> Verdict:
    """The efficiency of Chinese models rose against others after October 2023."""
    if smallest_cell < 15:
        return untestable(f"the smallest cell has {smallest_cell} models, and 15 are needed")
    if not parallel or effect is None:
        return untestable("the trends before October 2023 were not parallel")
    rose = settle(effect, low=1.0, grid=grid)
    if rose.word == "supported" and effect.value <= 1.5:
        return Verdict("partly", f"{rose.reason}, and not above 1.5")
    return rose


def c21(widths: Mapping[str, Estimate], grid: ArrayLike) -> Verdict:
    """The mean lag over the trailing twelve months: below 18 months; refuted above 24."""
    parts = {k: settle(v, high=NARROW, against=WIDE, grid=grid) for k, v in widths.items()}
    return combine(parts)


def c22(hazard_ratio: Estimate, grid: ArrayLike) -> Verdict:
    """Followers match American steps sooner than they used to: a hazard ratio a year above 1."""
    return settle(hazard_ratio, low=1.0, grid=grid)


def c23(probability: float) -> Verdict:
    """A Chinese model has topped the index on some day, with probability above 0.9."""
    word = "supported" if probability > 0.9 else "refuted"
    return Verdict(word, f"the probability that a Chinese model led on any day is {probability:.2g}")


def _text(estimate: Estimate) -> str:
    return " ".join(numbers.with_interval(estimate.value, estimate.low, estimate.high))


def _range(low: float, high: float) -> str:
    if np.isinf(low):
        return f"below {numbers.compact(high, 6)}"
    if np.isinf(high):
        return f"above {numbers.compact(low, 6)}"
    return f"{numbers.compact(low, 6)} to {numbers.compact(high, 6)}"

"""Rules for the claims about the lag, with the thresholds of ``data/claims.yml``.

As in `moat.evidence.rules`: estimates with 90% intervals go in, a `Verdict` comes out.
"""

from __future__ import annotations

from collections.abc import Mapping

from numpy.typing import ArrayLike

from moat.evidence.rules import Verdict, combine, settle
from moat.stats.estimate import Estimate

#: Months a year within which a follower keeps pace.
PACE = 2.0

#: Months below which the moat is narrower than was thought, and above which it is not.
NARROW, WIDE = 18.0, 24.0


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


def c09(months: Estimate) -> Verdict:
    """DeepSeek is among the five best labs in at least 12 of the 18 months after the editorial."""
    return settle(months, low=12 - 1e-9)


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

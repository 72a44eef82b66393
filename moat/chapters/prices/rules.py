"""Rules for the claims about prices and demand, with the thresholds of ``data/claims.yml``.

As in `moat.evidence.rules`: estimates with 90% intervals go in, a `Verdict` comes out.
"""

from __future__ import annotations

from collections.abc import Mapping

from numpy.typing import ArrayLike

from moat import numbers
from moat.chapters.premium.rules import FAST, SLOWEST
from moat.evidence.rules import Verdict, combine, settle, untestable
from moat.stats.estimate import Estimate

#: One per cent more use for one per cent less price: beyond it, spending rises.
UNIT = 1.0


def falls(fall: Estimate | None, grid: ArrayLike = ()) -> Verdict:
    """A cost at fixed capability falls at least 3 times a year, with its lower bound above 2.

    Refuted where the interval lies below 2.
    """
    if fall is None:
        return untestable("too few labs disclose it")
    lasting = settle(fall, low=SLOWEST, grid=grid)
    # Intervals of rates are lopsided: the short end needs its own digits.
    spec = ".2g" if fall.high < 100 else ",.0f"
    text = " ".join(numbers.with_interval(fall.value, fall.low, fall.high, spec))
    reason = f"{text} against {lasting.reason.split(' against ', 1)[1]}"
    if lasting.word == "supported" and fall.value < FAST:
        return Verdict("partly", f"{reason}, and the estimate is below {FAST:g}")
    return Verdict(lasting.word, reason)


def c12(price: Verdict, memory: Mapping[str, Verdict]) -> Verdict:
    """Parts (b) and (c) of the smaller budget: the price of use, and memory by several counts."""
    return combine({"price": price} | dict(memory))


def c16_use(elasticity: Estimate | None, others: ArrayLike = ()) -> Verdict:
    """(a) A lower price raises use: the elasticity's interval lies below 0, and 80% of others agree."""
    if elasticity is None:
        return untestable("no elasticity with an interval is known")
    return settle(elasticity, high=0.0, grid=others)


def c16_spending(size: Estimate | None) -> Verdict:
    """(b) By so much that spending rises: the absolute elasticity exceeds 1."""
    if size is None:
        return untestable("no elasticity with an interval is known")
    return settle(size, low=UNIT)


def c16_chips(ratio: Estimate) -> Verdict:
    """The growth of what is added to the stock of chips did not fall: after over before, above 1."""
    return settle(ratio, low=1.0)


def c16(use: Verdict, spending: Verdict, chips: Verdict) -> Verdict:
    """Both parts and the second test."""
    return combine({"use": use, "spending": spending, "growth of chips": chips})

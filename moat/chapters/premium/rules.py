"""Rules for the claims about one lab's models, with the thresholds of ``data/claims.yml``.

As in `moat.evidence.rules`: estimates with 90% intervals go in, a `Verdict` comes out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from moat import numbers
from moat.errors import EvidenceError
from moat.evidence.rules import AGREE, LEVEL, Verdict, combine, not_worse, settle, untestable
from moat.stats.estimate import Estimate

#: Margins of equivalence: points of the capability index, percentage points of a benchmark.
INDEX_MARGIN, BENCHMARK_MARGIN = 2.0, 3.0

#: Multiplier of compute beyond the trend; times fewer active parameters that count as fewer.
BEYOND, FEWER = 2.0, 3.0

#: Falls of cost, times a year: the estimate that C12 wants and the least its interval may reach.
FAST, SLOWEST = 3.0, 2.0


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


def _text(estimate: Estimate) -> str:
    return " ".join(numbers.with_interval(estimate.value, estimate.low, estimate.high))


def c12a(fall: Estimate, grid: ArrayLike = ()) -> Verdict:
    """The compute for a fixed capability falls at least 3 times a year, its lower bound above 2.

    Refuted where the fall lies below 2 times a year.  The parts on prices and memory are not here.
    """
    lasting = settle(fall, low=SLOWEST, grid=grid)
    if lasting.word == "supported" and fall.value < FAST:
        return Verdict("partly", f"training: {lasting.reason}, and the estimate is below {FAST:g}")
    return Verdict(lasting.word, f"training: {lasting.reason}")

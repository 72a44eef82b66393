"""Rules for the claims about chips and cost, with the thresholds of ``data/claims.yml``.

As in `moat.evidence.rules`: estimates with 90% intervals go in, a `Verdict` comes out.
"""

from __future__ import annotations

from collections.abc import Mapping

from numpy.typing import ArrayLike

from moat.evidence.rules import Verdict, combine, settle, untestable
from moat.stats.estimate import Estimate

#: "Far fewer" chips, "a fraction" of the cost, an order of magnitude less, a better use of a chip.
FAR, FRACTION, MAGNITUDE, BETTER = 5.0, 0.5, 0.2, 1.3

#: Statements that a list needs, and the share of them in per cent that could not be checked.
STATEMENTS, UNCHECKED = 15, 100 / 3


def c05(ratios: Mapping[str, Estimate]) -> Verdict:
    """American labs over DeepSeek by three counts of chips: each at least 5 times?

    Supported if all reach it, partly if one does not, refuted if at most one can.
    """
    parts = {name: settle(ratio, low=FAR - 1e-9) for name, ratio in ratios.items()}
    reached = sum(part.word == "supported" for part in parts.values())
    possible = sum(part.word != "refuted" for part in parts.values())
    reason = f"{reached} of {len(parts)} counts; " + combine(parts).reason
    if reached == len(parts):
        return Verdict("supported", reason)
    return Verdict("refuted" if possible <= 1 else "partly", reason)


def c07_cost(ratios: Mapping[str, Estimate], grids: Mapping[str, ArrayLike] | None = None) -> Verdict:
    """DeepSeek's cost over a rival's, one entry a rival and like-for-like scope: below a half in each?

    ``grids`` has the other specifications of an entry, by its name.
    """
    if not ratios:
        return untestable("no rival's cost was known")
    grids = grids or {}
    return combine({k: settle(v, high=FRACTION, grid=grids.get(k, ())) for k, v in ratios.items()})


def magnitude(ratio: Estimate, grid: ArrayLike = ()) -> Verdict:
    """An order of magnitude cheaper: the ratio below a fifth."""
    return settle(ratio, high=MAGNITUDE, grid=grid)


def c08(unchecked: Estimate, listed: int, grid: ArrayLike = ()) -> Verdict:
    """At least a third of the statements could not be checked; ``unchecked`` in per cent."""
    if listed < STATEMENTS:
        return untestable(f"{listed} statements are listed, and {STATEMENTS} are needed")
    return settle(unchecked, low=UNCHECKED - 1e-9, grid=grid)


def c18(ratio: Estimate | None, grid: ArrayLike = ()) -> Verdict:
    """V3's useful arithmetic a GPU-second over that of American sparse models: at least 1.3 times."""
    if ratio is None:
        return untestable("no American sparse model had disclosed its GPU-hours")
    return settle(ratio, low=BETTER - 1e-9, grid=grid)

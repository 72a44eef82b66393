"""The bills of the explorer: the products of `moat.chapters.bill.cost` on a small set of points.

A browser that answers while a slider moves cannot draw twenty thousand bills, and it has no seed to
share with Python.  So both use the same points: an additive recurrence, fractional parts of multiples
of irrational numbers, which fills the cube evenly and is the same arithmetic in every language.
``moat/publish/static/explorer.js`` mirrors this module line for line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.chapters.bill import rivals
from moat.chapters.bill.cost import PRICE, SCOPES, SHARE, STAFF, USE
from moat.errors import EvidenceError
from moat.evidence.findings import Finding
from moat.hardware.units import hours_needed

Array = NDArray[np.float64]
#: One axis of the cube for each uncertain factor; a normal variable takes the two of a pair.
AXES = ("common", "price", "their price", "share", "their share", "staff", "their staff", "use",
        "owned radius", "owned angle", "flop radius", "flop angle")  # fmt: skip
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
POINTS = 4096
LLAMA, GPT4, CLAUDE, GPT45 = rivals.RIVALS
#: Standard deviations from the middle of a normal law to its 95% point.
REACH = 1.6448536269514722
DRAWN, COMMON_SHARE = "drawn", "10 to 30% for both"


def steps() -> list[float]:
    """The irrational step of each axis: square roots of the first primes (Richtmyer 1951).

    >>> [round(s, 3) for s in steps()[:3]]
    [0.414, 0.732, 0.236]
    """
    return [float(np.sqrt(p)) % 1.0 for p in PRIMES]


def inputs(found: Mapping[str, Finding], grid: list[dict], laws: pd.DataFrame) -> dict[str, Any]:
    """What the bills rest on, as plain data: hours in millions, laws as (low, high), and the grid.

    ``found`` are the findings of the chapter on the bill, ``grid`` its ``cost-ratio-llama``, ``laws`` the
    table cost-inputs.  The hour on an owned server has the law of that chapter's finding.
    """
    ends = laws.set_index("item")[["low", "high"]].astype(float).T.to_dict("list")
    hours, owned = found["hours-v3"].value, found["v3-owned"]
    return {
        "hours": hours, "hours_llama": found["hours-llama"].value,
        "hours_per_flop": float(hours_needed(1.0, rivals.H100, 1.0)),
        "owned": [owned.low / hours, owned.high / hours],
        "price": ends[PRICE], "share": ends[SHARE], "staff": ends[STAFF], "use": ends[USE],
        "flop_gpt4": ends[f"FLOP of {GPT4}"], "flop_gpt45": ends[f"FLOP of {GPT45}"],
        "stated_claude": ends[f"stated cost of {CLAUDE}"],
        "rivals": list(rivals.RIVALS), "scopes": list(SCOPES),
        "steps": steps(), "points": POINTS, "reach": REACH,
        "drawn": DRAWN, "common_share": COMMON_SHARE, "llama": LLAMA,
        "grid": [{k: row[k] for k in ("price", "research", "scope", "value")} for row in grid],
    }  # fmt: skip


@dataclass(frozen=True)
class _Cube:
    """The laws of a bill on the points: ``u`` has the values in (0, 1) of each axis, (points,)."""

    bill: dict[str, Any]
    u: dict[str, Array]

    @classmethod
    def of(cls, bill: dict[str, Any]) -> _Cube:
        i = np.arange(bill["points"])
        return cls(bill, {k: (0.5 + i * step) % 1.0 for k, step in zip(AXES, bill["steps"], strict=True)})

    def uniform(self, law: str, axis: str) -> Array:
        low, high = self.bill[law]
        return low + (high - low) * self.u[axis]

    def lognormal(self, law: str, normal: Array) -> Array:
        low, high = np.log(self.bill[law])
        return np.exp((low + high) / 2 + (high - low) / 2 / self.bill["reach"] * normal)

    def normals(self, pair: str) -> tuple[Array, Array]:
        """Two standard normal variables from two uniform ones (Box and Muller 1958)."""
        size, turn = np.sqrt(-2 * np.log(self.u[f"{pair} radius"])), 2 * np.pi * self.u[f"{pair} angle"]
        return size * np.cos(turn), size * np.sin(turn)


def bills(bill: dict[str, Any], price: float | None, research: float | None, use: float | None) -> dict:
    """V3's bill and its ratio to each rival's: ``{"bill": {scope: row}, "ratio": {rival: {scope: row}}}``.

    ``price`` is what DeepSeek pays for a GPU-hour in USD, ``research`` its research compute over the
    final run, ``use`` the share of the chips that GPT-4 and GPT-4.5 used; None leaves the stated law.
    Rows are [median, 5% point, 95% point], in million USD or as a ratio.
    """
    at = _Cube.of(bill)
    normal, their_normal = at.normals("owned")
    their_hour = at.uniform("price", "their price")
    ours = _rates(
        _fixed(price, at.uniform("price", "price")),
        _fixed(research, 1 / at.uniform("share", "share")),
        at.lognormal("owned", normal) / (1 - at.uniform("staff", "staff")),
    )
    theirs = _rates(
        their_hour,
        1 / at.uniform("share", "their share"),
        at.lognormal("owned", their_normal) / (1 - at.uniform("staff", "their staff")),
    )
    a_flop = bill["hours_per_flop"] / _fixed(use, at.uniform("use", "use")) / 1e6
    hours = {
        LLAMA: np.full(bill["points"], bill["hours_llama"]),
        GPT4: at.lognormal("flop_gpt4", at.normals("flop")[0]) * a_flop,
        CLAUDE: at.uniform("stated_claude", "flop radius") / their_hour,
        GPT45: at.uniform("flop_gpt45", "flop radius") * a_flop,
    }
    ratio = {
        name: _summaries({s: bill["hours"] * ours[s] / (hours[name] * theirs[s]) for s in ours})
        for name in bill["rivals"]
    }
    rates = ours | {"1": _fixed(price, at.uniform("price", "common"))}
    return {"bill": _summaries({s: bill["hours"] * rate for s, rate in rates.items()}), "ratio": ratio}


def _rates(hour: Array, research: Array, owned: Array) -> dict[str, Array]:
    """What a GPU-hour of the final run costs in each scope, in USD; in the first, all pay the same."""
    return {"1": np.ones_like(hour), "2": hour, "3": hour * research, "4": owned * research}


def _fixed(value: float | None, drawn: Array) -> Array:
    return drawn if value is None else np.full_like(drawn, value)


def _summaries(values: dict[str, Array]) -> dict[str, list[float]]:
    found = np.quantile(np.stack(list(values.values())), [0.5, 0.05, 0.95], axis=1)
    return dict(zip(values, found.T.tolist(), strict=True))


def agreeing(bill: dict[str, Any], scope: int, price: float | None, research: float | None) -> list[float]:
    """The other specifications of the ratio to Llama 3.1-405B in one scope, moved by what is fixed.

    A specification that chose what the reader has fixed is left out; the others move by the fixed value over
    the middle of its law.  Raises `EvidenceError` for an unknown scope.
    """  # fmt: skip
    if scope not in bill["scopes"]:
        raise EvidenceError(f"The bill has the scopes {bill['scopes']}, not {scope!r}.")
    moved = 1.0
    if price is not None and scope in (2, 3):
        moved *= price / (sum(bill["price"]) / 2)
    if research is not None and scope in (3, 4):
        moved *= research * sum(bill["share"]) / 2
    return [
        row["value"] * moved
        for row in bill["grid"]
        if row["scope"] == f"({scope})"
        and (price is None or row["price"] == bill["drawn"])
        and (research is None or row["research"] == bill["common_share"])
    ]

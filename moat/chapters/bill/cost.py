"""What a model cost, in four scopes that cannot be mixed, by Monte Carlo over what is uncertain.

A bill is a product: GPU-hours x price of an hour x what the final run leaves out.  Each factor is
an array of draws from the law stated for it in the facts table ``cost-inputs``, so a ratio of two
bills is a product too, and its spread is the sum of its factors' on the logarithmic scale.

The scopes: (1) the final run at one price for all; (2) at each firm's price; (3) all research
compute; (4) the same on owned servers, with staff and capital.  Dividing a bill of one scope by
one of another raises `FrontierError`: that quotient compares a receipt with a budget.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from moat.errors import FrontierError
from moat.stats.estimate import Estimate, percentile_estimate

Array = NDArray[np.float64]
Factors = Mapping[str, Array | float]
LEVEL = 0.9
SCOPES = {1: "final run, one price", 2: "final run, own price", 3: "research compute", 4: "staff and capital"}
HOURS_A_YEAR = 8766.0
PRICE, SHARE, STAFF, LIFE, BUSY, USE = (
    "price of an hour", "final run as a share of research compute",
    "staff as a share of development cost", "life of a server",
    "share of its life that a chip works", "utilisation of a run that discloses no hours",
)  # fmt: skip


class Draws:
    """Draws from the stated laws; the same item and owner always give the same array.

    ``table`` has the columns item, value, low, high and law.  A log-normal has its 5% and 95% points
    at low and high.  Each item has a stream of its own, so adding one moves no other.

    >>> table = pd.DataFrame({"item": ["price"], "value": [2.0], "low": [1.5], "high": [3.5],
    ...                       "law": ["uniform"]})
    >>> float(Draws(table, 20000, seed=0)("price").mean().round(1))
    2.5
    """

    def __init__(self, table: pd.DataFrame, draws: int, seed: int):
        bad = table[(table["low"] > table["high"]) | (table["low"] <= 0)]
        if len(bad):
            raise FrontierError(f"The bounds of {bad['item'].iloc[0]!r} are upside down or not above zero.")
        self.table, self.draws, self.seed = table.set_index("item"), draws, seed

    def __call__(self, item: str, owner: str = "") -> Array:
        """``(draws,)`` values of ``item``; another ``owner`` has draws of its own."""
        if item not in self.table.index:
            raise FrontierError(f"No law is stated for {item!r}; add it to data/facts/cost_inputs.csv.")
        row = self.table.loc[item]
        if row["law"] == "fixed":
            return np.full(self.draws, float(row["value"]))
        stream = zlib.crc32(f"{item}|{owner}".encode())
        uniform = np.random.default_rng([self.seed, stream]).uniform(size=self.draws)
        if row["law"] == "uniform":
            return row["low"] + (row["high"] - row["low"]) * uniform
        if row["law"] == "log-normal":
            middle, spread = np.log(row["low"] * row["high"]) / 2, np.log(row["high"] / row["low"]) / 2
            return np.exp(middle + spread / stats.norm.ppf((1 + LEVEL) / 2) * stats.norm.ppf(uniform))
        raise FrontierError(f"The law of {item!r} is fixed, uniform or log-normal, not {row['law']!r}.")

    @cached_property
    def common_price(self) -> Array:
        """One array for all bills of a simulation, so that it cancels in their ratios."""
        return self(PRICE, "everybody")

    def value(self, item: str) -> float:
        """The stated value of ``item``."""
        return float(self.table.loc[item, "value"])


@dataclass(frozen=True)
class Cost:
    """A bill in one scope: named factors, each (draws,) or a number, whose product is in USD."""

    owner: str
    scope: int
    factors: Factors

    def __post_init__(self) -> None:
        if self.scope not in SCOPES:
            raise FrontierError(f"A scope is one of {', '.join(map(str, SCOPES))}, not {self.scope!r}.")

    @property
    def usd(self) -> Array:
        return _product(self.factors)

    def estimate(self) -> Estimate:
        """Million USD: median and 90% interval."""
        return _summary(self.usd / 1e6, f"scope {self.scope}, {SCOPES[self.scope]}")

    def __truediv__(self, other: Cost) -> Ratio:
        if not isinstance(other, Cost):
            raise FrontierError(f"A cost is compared with a cost, not with {other!r}.")
        if self.scope != other.scope:
            raise FrontierError(
                f"{self.owner} in scope {self.scope} ({SCOPES[self.scope]}) over {other.owner} in scope "
                f"{other.scope} ({SCOPES[other.scope]}) compares unlike bills; bring both to one scope."
            )
        return Ratio(self, other)


@dataclass(frozen=True)
class Ratio:
    """Of two bills in one scope; a factor that both share, draw for draw, is cancelled."""

    above: Cost
    below: Cost

    @property
    def factors(self) -> dict[str, Array | float]:
        shared = {k for k, v in self.above.factors.items() if v is self.below.factors.get(k)}
        up = {f"{self.above.owner}: {k}": v for k, v in self.above.factors.items() if k not in shared}
        down = {f"{self.below.owner}: {k}": 1 / v for k, v in self.below.factors.items() if k not in shared}
        return up | down

    @property
    def values(self) -> Array:
        return _product(self.factors)

    def estimate(self) -> Estimate:
        """Median and 90% interval; without uncertain factors the interval has no width."""
        return _summary(self.values, f"scope {self.above.scope}, {SCOPES[self.above.scope]}")

    def tornado(self) -> pd.DataFrame:
        """One row an uncertain factor: the ratio with that factor at its 5% and 95% points and all
        others at their medians, and its share of the variance of the logarithm, widest first.

        Factors are independent, so the shares sum to one.
        """
        factors = {k: np.asarray(v, float) for k, v in self.factors.items()}
        middle = float(np.prod([np.median(v) for v in factors.values()]))
        rows = []
        for name, draws in factors.items():
            if draws.size > 1 and np.ptp(draws) > 0:
                ends = np.sort(middle * np.quantile(draws, [0.05, 0.95]) / np.median(draws))
                rows.append((name, *ends, np.log(draws).var()))
        table = pd.DataFrame(rows, columns=["factor", "low", "high", "share"])
        table["share"] /= table["share"].sum() or 1.0
        return table.assign(value=middle).sort_values("share", ascending=False, ignore_index=True)


def _product(factors: Factors) -> Array:
    out = np.ones(1)
    for value in factors.values():
        out = out * value
    return out


def _summary(values: Array, method: str) -> Estimate:
    return percentile_estimate(
        np.median(values), values, n=len(values), method=f"Monte Carlo, {method}", level=LEVEL
    )


@dataclass(frozen=True)
class Servers:
    """What owning costs: USD a chip with its server (from, to), network and energy as shares."""

    low: float
    high: float
    network: float
    energy: float

    def factors(self, draw: Draws, owner: str) -> dict[str, Array | float]:
        """USD for an hour of work, as factors: purchase and network over the hours of a life in which
        the chip works, and energy on top."""
        low, high = np.log(self.low), np.log(self.high)
        stream = zlib.crc32(f"purchase|{owner}".encode())
        uniform = np.random.default_rng([draw.seed, stream]).uniform(size=draw.draws)
        purchase = np.exp(low + (high - low) * uniform)
        return {
            "price of a server": purchase * (1 + self.network) / (1 - self.energy) / HOURS_A_YEAR,
            "life of a server": 1 / draw(LIFE, owner),
            "working share": 1 / draw(BUSY, owner),
        }


def bills(
    owner: str,
    hours: Factors,
    draw: Draws,
    servers: Servers,
    *,
    run: Factors | None = None,
    research: Factors | None = None,
) -> dict[int, Cost]:
    """The bills of one model in all four scopes.

    ``hours`` are the factors of its final run's GPU-hours; ``run`` those of its price where the firm or an
    outsider put one on it (default: hours at a price drawn for the firm); ``research`` those of
    research compute over the final run (default: from the final run's share of it).
    """
    run = run or {**hours, "price of an hour": draw(PRICE, owner)}
    research = research or {"research": 1 / draw(SHARE, owner)}
    owned = servers.factors(draw, owner) | {"staff": 1 / (1 - draw(STAFF, owner))}
    return {
        1: Cost(owner, 1, {**hours, "common price": draw.common_price}),
        2: Cost(owner, 2, run),
        3: Cost(owner, 3, {**run, **research}),
        4: Cost(owner, 4, {**hours, **owned, **research}),
    }

"""DeepSeek's own sum for one day of serving: what its chips cost and what its tokens would have earned.

Every number is in our table serving-day, from the firm's own account of 27 and 28 February 2025.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from moat.errors import FrontierError

MILLION = 1e6
#: Tokens are printed in whole billions.
ROUNDING = 0.5e9


@dataclass(frozen=True)
class Day:
    """Cost and revenue in USD, and how far rounding of the tokens can move the revenue."""

    cost: float
    revenue: float
    slack: float
    gpu_hours: float
    tokens: float

    @property
    def margin(self) -> float:
        """Profit in per cent of cost."""
        return 100 * (self.revenue / self.cost - 1)

    @property
    def break_even(self) -> float:
        """USD a GPU-hour at which nothing is left."""
        return self.revenue / self.gpu_hours

    @property
    def cost_per_million(self) -> float:
        """USD of chips for a million tokens, read or written."""
        return self.cost / (self.tokens / MILLION)


def day(table: pd.DataFrame, prices: str = "") -> Day:
    """The day's sum at the prices of R1, or with ``prices`` " of V3" at those of V3.

    ``table`` has item and value.  Raises `FrontierError` for a missing item.
    """
    known = table.set_index("item")["value"]

    def of(item: str) -> float:
        if item not in known:
            raise FrontierError(f"The table of the day has no item {item!r}.")
        return float(known[item])

    hours = of("nodes") * of("GPUs a node") * 24
    cached, read, written = (of(k) for k in ("input that hit the cache", "input", "output"))
    cheap, dear, out = (of(f"price of {k}{prices}") for k in ("cached input", "other input", "output"))
    revenue = (cached * cheap + (read - cached) * dear + written * out) / MILLION
    slack = ROUNDING * (abs(cheap - dear) + dear + out) / MILLION
    return Day(hours * of("rent"), revenue, slack, hours, read + written)

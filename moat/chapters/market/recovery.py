"""How long until a price is back?  Trading days to regain the close before an event."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from moat.chapters.market.event_study import LEVEL
from moat.errors import FrontierError
from moat.stats.estimate import Estimate, sample_estimate


def regained(closes: pd.DataFrame, event: int) -> pd.Series:
    """Trading days after the event until the close reaches that of the day before it.

    Zero where the event day itself closed at or above it, infinite where no later day has.

    >>> prices = pd.DataFrame({"a": [10, 8, 9, 11], "b": [10, 10, 9, 9], "c": [10, 8, 9, 9]})
    >>> regained(prices, 1).to_dict()
    {'a': 2.0, 'b': 0.0, 'c': inf}
    """
    if not 1 <= event < len(closes):
        raise FrontierError("The event needs a day before it, and must lie in the calendar.")
    back = closes.iloc[event:].to_numpy(float) >= closes.iloc[event - 1].to_numpy(float)
    first = np.where(back.any(axis=0), back.argmax(axis=0), np.inf)
    return pd.Series(first, closes.columns, name="days")


def portfolio(closes: pd.DataFrame, members: Sequence[str], event: int) -> float:
    """The same for equal amounts in each of ``members`` at the close before the event."""
    relative = closes[list(members)] / closes[list(members)].iloc[event - 1]
    return float(regained(relative.mean(axis=1).to_frame(), event).iloc[0])


def median(days: pd.Series, last: int, *, draws: int, seed: int, level: float = LEVEL) -> Estimate:
    """Median over a group's members, with a bootstrap of members.

    Members that are not back by ``last`` days count as ``last``, so an end of the interval that equals it
    means "that or later".  The bootstrap takes members as independent, which they are not:
    the interval is at best a lower bound of what chance allows.
    """
    counted = days.clip(upper=last)
    return sample_estimate(
        counted, np.median, draws=draws, seed=seed, what="median over members", level=level
    )

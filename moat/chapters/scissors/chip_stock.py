"""Who owns the chips: shares of installed compute by quarter, and what the count leaves out.

The count has a median and a 5th and 95th percentile for each owner, chip and quarter.  Its errors
come from one model of sales a manufacturer and owner, so a draw moves all chips and quarters of the
two together.  Chips made in China, rented abroad or smuggled are not in it; no row of ours counts
them, so we ask how many there would have to be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.errors import FrontierError
from moat.stats.estimate import Estimate, percentile_estimate

COLUMNS = ("manufacturer", "owner", "chip", "until", "h100e", "h100e_low", "h100e_high", "incomplete")
#: Standard deviations between the 5th and the 95th percentile.
RANGE = 2 * 1.6448536269514722

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stock:
    """H100-equivalents by owner and quarter: ``draws`` (1 + draws, owners, quarters), row 0 the medians."""

    owners: list[str]
    quarters: pd.DatetimeIndex
    draws: Array
    n: int

    @classmethod
    def of(cls, table: pd.DataFrame, *, draws: int = 1000, seed: int = 0, shared: bool = True) -> Stock:
        """From the rows of chip-owners; quarters that upstream calls incomplete are left out.

        A stock stands until a later row replaces it.  With ``shared`` a manufacturer and owner have one
        error, else every chip of theirs has its own.  Raises `FrontierError` for a missing column or no
        complete quarter.
        """
        missing = [c for c in COLUMNS if c not in table]
        if missing:
            raise FrontierError(f"The table of chips has no column {missing[0]!r}.")
        known = table[table["incomplete"].isna()].dropna(subset=["h100e"])
        late = table.loc[table["incomplete"].notna(), "until"]
        known = known[~known["until"].isin(late)]
        if known.empty:
            raise FrontierError("No quarter of the chip count is complete.")
        quarters = pd.DatetimeIndex(sorted(pd.to_datetime(known["until"].unique())))
        owners, rng = sorted(known["owner"].unique()), np.random.default_rng(seed)
        total = np.zeros((draws + 1, len(owners), len(quarters)))
        keys = ["manufacturer", "owner"] if shared else ["manufacturer", "owner", "chip"]
        for key, rows in known.groupby(keys, sort=True):
            noise = np.append(0.0, rng.standard_normal(draws))
            for _, chip in rows.groupby("chip"):
                total[:, owners.index(key[1])] += _path(chip, quarters, noise)
        return cls(owners, quarters, total, len(known))

    def share(self, owner: str) -> Array:
        """Per cent of all counted compute that ``owner`` holds, (1 + draws, quarters)."""
        return 100 * self.of_owner(owner) / self.draws.sum(axis=1)

    def of_owner(self, owner: str) -> Array:
        """H100-equivalents, (1 + draws, quarters).  Raises `FrontierError` for an unknown owner."""
        if owner not in self.owners:
            raise FrontierError(f"The chip count has no owner {owner!r}; it has {', '.join(self.owners)}.")
        return self.draws[:, self.owners.index(owner)]

    def ratio(self, owner: str) -> Array:
        """All others' compute over that of ``owner``, (1 + draws, quarters)."""
        mine = self.of_owner(owner)
        return (self.draws.sum(axis=1) - mine) / mine

    def at(self, day: str | pd.Timestamp) -> int:
        """Position of the last complete quarter up to ``day``.  Raises `FrontierError` before the first."""
        spot = int(np.searchsorted(self.quarters, pd.Timestamp(day), side="right")) - 1
        if spot < 0:
            raise FrontierError(f"The chip count begins after {day}.")
        return spot

    def estimate(self, values: Array, what: str) -> Estimate:
        """One quantity from its value and draws (1 + draws,)."""
        method = f"{what}; {len(values) - 1:,} draws of upstream's percentiles, one error a maker and owner"
        return percentile_estimate(values[0], values[1:], n=self.n, method=method, level=0.9)


def uncounted(share_then: Array, stock: Array, world: Array) -> Array:
    """How many uncounted chips, as a multiple of the counted ones, would restore a share.

    ``share_then`` in per cent, ``stock`` and ``world`` in H100-equivalents; all (draws,).  The uncounted
    chips join both the owner's stock and the world's.

    >>> uncounted(np.array([50.0]), np.array([10.0]), np.array([40.0])).tolist()
    [2.0]
    """
    p = np.asarray(share_then, float) / 100
    if ((p <= 0) | (p >= 1)).any():
        raise FrontierError("A share to restore lies between 0 and 100 per cent.")
    return (p * world - stock) / ((1 - p) * stock)


def _path(rows: pd.DataFrame, quarters: pd.DatetimeIndex, noise: Array) -> Array:
    """One chip of one owner, (1 + draws, quarters): log-normal, zero before its first row."""
    table = rows.assign(until=pd.to_datetime(rows["until"])).groupby("until")[list(COLUMNS[4:7])].sum()
    table = table.reindex(quarters).ffill().fillna(0.0)
    middle, low, high = (table[c].to_numpy(float) for c in COLUMNS[4:7])
    known = (low > 0) & (high > low)
    safe = np.where(known, np.maximum(low, 1e-9), 1.0)
    spread = np.where(known, np.log(np.where(known, high, 1.0) / safe) / RANGE, 0.0)
    return middle * np.exp(noise[:, None] * spread)

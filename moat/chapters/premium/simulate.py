"""Worlds with a known answer and the design of the real table: do the estimators find it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.chapters.premium.discount import discounts, slope
from moat.chapters.premium.trend import Trend

Array = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Capability as the trend says it, in index points: what is true of a made-up table.

    ``compute`` is per tenfold, ``date`` per year; ``lab``, ``country`` and ``model`` are standard
    deviations of what each adds; ``premium`` sets the log10 multiplier of named models exactly.
    """

    compute: float = 9.5
    date: float = 9.0
    lab: float = 4.0
    country: float = 0.0
    model: float = 4.0
    premium: Mapping[str, float] | None = None

    def true(self, table: pd.DataFrame, rng: np.random.Generator) -> Array:
        """True capabilities of the models in ``table`` (from `moat.chapters.premium.trend.sample`), (n,)."""
        line = self.compute * (table["x"].to_numpy() - 24) + self.date * table["year"].to_numpy()
        more = rng.normal(0, self.model, len(table))
        for column, sd in (("lab", self.lab), ("country", self.country)):
            codes, names = pd.factorize(table[column])
            more += rng.normal(0, sd, len(names))[codes]
        for name, gap in (self.premium or {}).items():
            more[(table["model"] == name).to_numpy()] = gap * self.compute
        return line + more

    def seen(self, true: Array, noise: Array, draws: int, rng: np.random.Generator) -> Array:
        """What an index with errors of standard deviation ``noise`` (n,) shows, (1 + draws, n)."""
        once = true + rng.standard_normal(len(true)) * noise
        return np.vstack([once, once + rng.standard_normal((draws, len(true))) * noise])


def coverage(
    table: pd.DataFrame,
    noise: Array,
    model: str,
    *,
    worlds: int,
    seed: int = 0,
    draws: int = 60,
    world: World | None = None,
) -> pd.DataFrame:
    """One row a world in which ``model`` lies exactly on the trend: does its interval hold one?

    Columns covers, above (the interval lies above one), beyond (and the estimate above two).
    """
    rng = np.random.default_rng(seed)
    lab = table.set_index("model")["lab"][model]
    world = replace(world or World(), premium={model: 0.0})
    rows = []
    for _ in range(worlds):
        ability = world.seen(world.true(table, rng), noise, draws, rng)
        e = Trend().fit(table, ability, without=(lab,)).multiplier(model)
        rows.append((e.low <= 1 <= e.high, e.low > 1, e.low > 1 and e.value > 2))
    return pd.DataFrame(rows, columns=["covers", "above", "beyond"])


def recovered(table: pd.DataFrame, noise: Array, *, end: str, worlds: int, seed: int = 0) -> Array:
    """What the follower's discount reads where its true rate is one order of magnitude a year, (worlds,).

    The table is as sparse as the real one: nobody need have tried to match a record cheaply.
    """
    rng = np.random.default_rng(seed)
    world = World(date=World.compute)
    seen = (world.seen(world.true(table, rng), noise, 0, rng)[0] for _ in range(worlds))
    return np.array([slope(discounts(table, row, end=end)[1]) for row in seen])

"""Worlds with a known answer and the families of the real table: do the intervals hold it?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.chapters.capability_laws.families import ZERO, Families

#: Standard deviations in log10 FLOP of what a lab, a family and a model add, near those of the table.
SDS = {"lab": 0.3, "family": 0.3, "model": 0.26}


def coverage(
    models: pd.DataFrame,
    family: str,
    *,
    worlds: int,
    seed: int = 0,
    per_year: float = 0.2,
    slope: float = 0.37,
) -> pd.DataFrame:
    """One row a world: does each 90% interval hold the truth?

    ``models`` has the columns of `moat.chapters.capability_laws.families.COLUMNS`.  Families get ``per_year``
    log10 FLOP better a year, and China adds nothing.  Columns multiplier and dated (of ``family``), year,
    china, and alarm: China's interval lies above one although nothing is there.
    """
    models = models.reset_index(drop=True)
    rng = np.random.default_rng(seed)
    year = ((models["released"] - ZERO).dt.days / 365.25).to_numpy()
    lab, labs = pd.factorize(models["lab"])
    member, names = pd.factorize(models["family"])
    own = int(np.flatnonzero(names == family)[0])
    rows = []
    for _ in range(worlds):
        luck = rng.normal(0, SDS["lab"], len(labs))[lab] + rng.normal(0, SDS["family"], len(names))[member]
        seen = models["x"] + per_year * year + luck + rng.normal(0, SDS["model"], len(models))
        found = Families.of(models, slope * seen.to_numpy())
        when = per_year * found.table["year"].to_numpy()
        others = found.others(found.table["lab"].iloc[own])
        mine = luck[np.flatnonzero(member == own)[0]]
        truth = {"multiplier": mine + when[own] - when[others].mean(), "dated": mine}
        held = {k: _holds(found.multiplier(family, dated=k == "dated"), v) for k, v in truth.items()}
        terms = [found.estimate(lambda k, d, i=i, f=found: f.trend(k, d)[i]) for i in (1, 2)]
        held |= {"year": _holds(terms[0], per_year), "china": _holds(terms[1], 0.0)}
        rows.append(held | {"alarm": terms[1].low > 1})
    return pd.DataFrame(rows)


def _holds(estimate, truth: float) -> bool:
    return bool(estimate.low <= 10**truth <= estimate.high)

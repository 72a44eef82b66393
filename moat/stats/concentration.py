"""How concentrated amounts are: Herfindahl's index, whose inverse counts equal holders."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def herfindahl(amounts: ArrayLike, *, counts: bool = False) -> float:
    """Concentration of ``amounts``: the sum of squared shares, 1 for a monopoly (Hirschman 1964).

    With ``counts`` of a sample, the chance that two different ones of it are of one kind, which a
    small sample does not inflate (Simpson 1949).

    >>> herfindahl([1, 1, 1, 1]), herfindahl([1, 1, 1, 1], counts=True), herfindahl([2, 2], counts=True)
    (0.25, 0.0, 0.3333333333333333)
    """
    amounts = np.asarray(amounts, float)
    total = amounts.sum()
    if counts:
        return float((amounts * (amounts - 1)).sum() / (total * (total - 1)))
    return float(((amounts / total) ** 2).sum())

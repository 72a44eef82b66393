"""Figures that others counted and that this book only reports: authors and investment.

Nothing here is reproduced.  What can be done with a published count is to say how far its chance and
its gaps reach.
"""

from __future__ import annotations

import pandas as pd

from moat.stats.estimate import Estimate, share_interval
from moat.stats.grid import specification_grid


def exact_share(hits: int, n: int, *, level: float = 0.9) -> Estimate:
    """``hits`` of ``n`` in per cent with the exact binomial interval (Clopper and Pearson 1934).

    >>> [round(x, 1) for x in (lambda e: (e.value, e.low, e.high))(exact_share(111, 201))]
    [55.2, 49.2, 61.2]
    """
    ends = share_interval(hits, n, level=level, how="beta")
    method = "published counts, exact binomial interval"
    return Estimate(100 * hits / n, *ends, n=n, method=method, level=level)


def home_grid(figures: pd.Series, printed: float = 54.0) -> pd.DataFrame:
    """The share of home-trained authors under readings of the count and of the authors not found.

    ``figures`` has authors-home, authors-known and authors-listed; ``printed`` is the rounded share that
    the press gives, which does not fit the count.  Columns count, not found, value, low, high.
    """
    known, listed = int(figures["authors-known"]), int(figures["authors-listed"])
    counts = {
        "as counted": int(figures["authors-home"]),
        "from the printed share": round(printed * known / 100),
    }
    lost = {"left out": (0, known), "all abroad": (0, listed), "all at home": (listed - known, listed)}
    return specification_grid(
        {"count": counts, "not found": lost}, lambda hits, more: exact_share(hits + more[0], more[1])
    )


def fall(figures: pd.Series, end: str) -> tuple[float, float]:
    """Least and most fall of private investment in China from 2021 to the figure ``end``, in per cent.

    The least takes 2021 as first printed; the most raises it as the world's figure was raised in a
    later edition.  In current dollars: since prices rose, the real fall is larger.
    """
    first = figures["china-2021"]
    later = first * figures["world-2021-later"] / figures["world-2021"]
    return 100 * (1 - figures[end] / first), 100 * (1 - figures[end] / later)

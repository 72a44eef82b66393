"""How much of a model is public: six yes-or-no criteria, counted for each lab on each day.

A cell of the table holds from its day on, so that code which follows the weights by a month counts
from that month.  ``least`` and ``most`` are a strict and a lenient reading; they differ where the
criterion can be read in two ways, or where we could not check the cell.
"""

from __future__ import annotations

import pandas as pd

from moat.errors import FrontierError

CRITERIA = ("weights", "licence", "paper", "kernels", "training code", "data")
READINGS = ("value", "least", "most")
#: Which release speaks for a lab: its newest flagship, or the most open one so far of any line.
FLAGSHIPS = ("newest", "most open")


def cells(table: pd.DataFrame, day: str | pd.Timestamp) -> pd.DataFrame:
    """The cells in force on ``day``: one row a lab, release and criterion, columns as in ``table``."""
    day = pd.Timestamp(day)
    out = table[(pd.to_datetime(table["released"]) <= day) & (pd.to_datetime(table["since"]) <= day)]
    return out.sort_values("since").drop_duplicates(["lab", "release", "criterion"], keep="last")


def releases(table: pd.DataFrame, day: str | pd.Timestamp) -> pd.DataFrame:
    """Score from 0 to 6 of every release so far, in the order of release.

    Columns lab, release, line, released, and the scores value, least, most.

    >>> rows = [(c, "2024-01-01", 1, 0, 1) for c in ("weights", "paper")]
    >>> rows += [("kernels", "2024-03-01", 1, 1, 1)]
    >>> table = pd.DataFrame(rows, columns=["criterion", "since", "value", "least", "most"])
    >>> table = table.assign(lab="A", release="a", line="flagship", released="2024-01-01")
    >>> [releases(table, day)["value"].item() for day in ("2024-02-01", "2024-04-01")]
    [2, 3]
    """
    here = cells(table, day)
    scores = here.groupby(["lab", "release", "line", "released"], as_index=False)[list(READINGS)].sum()
    scores = scores.astype(dict.fromkeys(READINGS, int))
    return scores.sort_values(["released", "release"]).reset_index(drop=True)


def scores(table: pd.DataFrame, day: str | pd.Timestamp, *, flagship: str = "newest") -> pd.DataFrame:
    """One row a lab: the release that speaks for it on ``day``, and its scores.

    Raises `FrontierError` for an unknown way to choose.
    """
    if flagship not in FLAGSHIPS:
        raise FrontierError(f"A flagship is one of {', '.join(FLAGSHIPS)}, not {flagship!r}.")
    found = releases(table, day)
    if flagship == "newest":
        found = found[found["line"] == "flagship"]
    else:
        found = found.sort_values("value", kind="stable")
    return found.groupby("lab").tail(1).sort_values("lab").reset_index(drop=True)


def over_time(table: pd.DataFrame, days: pd.DatetimeIndex, *, flagship: str = "newest") -> pd.DataFrame:
    """The scores of every lab on each of ``days``: columns day, lab, release, value, least, most."""
    parts = [scores(table, day, flagship=flagship).assign(day=day) for day in days]
    return pd.concat(parts, ignore_index=True)[["day", "lab", "release", *READINGS]]

"""Who set the records, how soon somebody else went further, and how old the ideas were."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.errors import FrontierError
from moat.stats.concentration import herfindahl

#: Days of a mean month; an arXiv identifier dates a paper to a month, taken at its middle.
MONTH, MIDDLE = 365.25 / 12, 15


def credit(table: pd.DataFrame) -> pd.Series:
    """Share of all log gains by contributor, largest first; a record with several is shared evenly.

    ``table`` is that of `records.improvements`.  Records without a name credit nobody, so the sum may
    be below one.

    >>> two = pd.DataFrame({"contributors": ["ada", "ada bob"], "gain": [1.0, 2.0]})
    >>> credit(two).round(2).to_dict()
    {'ada': 0.67, 'bob': 0.33}
    """
    names = table["contributors"].fillna("").str.split()
    each = table.assign(name=names, part=table["gain"] / names.str.len().clip(lower=1)).explode("name")
    return (each.groupby("name")["part"].sum() / table["gain"].sum()).sort_values(ascending=False)


def effective(shares: pd.Series) -> float:
    """How many equal contributors would be as concentrated (Herfindahl's index, inverted).

    >>> effective(pd.Series([0.5, 0.5]))
    2.0
    """
    return 1 / herfindahl(shares)


def handover(table: pd.DataFrame) -> pd.Series:
    """Days from each record to the next one by wholly other people; NaN while nobody has followed."""
    names = [set(x.split()) for x in table["contributors"].fillna("")]
    days = pd.to_datetime(table["date"])
    found = []
    for i, own in enumerate(names):
        later = [j for j in range(i + 1, len(names)) if own and names[j] and not own & names[j]]
        found.append((days.iloc[later[0]] - days.iloc[i]).days if later else np.nan)
    return pd.Series(found, table.index, name="days")


def ages(ideas: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """Months from the middle of a paper's month on arXiv to the record that used it.

    ``ideas`` has the columns record and arxiv (yymm.number).  Raises `FrontierError` for an idea whose
    record is not in ``table``.
    """
    dates = table.set_index("record")["date"]
    missing = set(ideas["record"]) - set(dates.index)
    if missing:
        raise FrontierError(f"There is no record {min(missing)} for its idea.")
    month = "20" + ideas["arxiv"].astype(str).str[:2] + "-" + ideas["arxiv"].astype(str).str[2:4]
    published = pd.to_datetime(month + f"-{MIDDLE}")
    used = pd.to_datetime(ideas["record"].map(dates))
    return ((used - published).dt.days / MONTH).rename("months")

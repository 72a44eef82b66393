"""Dates as numbers of years, for a line through time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.floating]


def years(dates: pd.Series, since: str | pd.Timestamp = "1970-01-01", *, length: float = 365.25) -> Array:
    """Years of ``length`` days from the day ``since``, (n,).

    >>> years(pd.Series(["2025-01-27", "2026-01-27"]), "2025-01-27", length=365).tolist()
    [0.0, 1.0]
    """
    return ((pd.to_datetime(dates) - pd.Timestamp(since)).dt.days / length).to_numpy(float)


def calendar_years(dates: pd.Series) -> Array:
    """Dates as fractions of their own year, (n,).

    >>> calendar_years(pd.Series(["2024-01-01", "2024-07-01"])).round(2).tolist()
    [2024.0, 2024.5]
    """
    days = pd.to_datetime(dates)
    return (days.dt.year + (days.dt.day_of_year - 1) / 365.25).to_numpy(float)

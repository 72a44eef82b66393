"""How fast the cost of the largest training runs grew: a line through the logarithm of cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from scipy import stats

from moat.errors import FrontierError
from moat.stats.dates import calendar_years
from moat.stats.estimate import Estimate
from moat.stats.intervals import half_width


def growth(
    points: pd.DataFrame, *, level: float = 0.9
) -> tuple[Estimate, float, stats._stats_py.LinregressResult]:
    """Times a year by least squares of log10 cost on the date; its R2; the line.

    ``points`` has the columns date and cost (USD).  The interval is that of the slope with Student's t,
    as the authors of the published figure computed it; it takes systems as independent.

    >>> points = pd.DataFrame({"date": ["2020-01-01", "2021-01-01", "2022-01-01", "2023-01-01"],
    ...                        "cost": [1e6, 2.1e6, 4e6, 8e6]})
    >>> round(growth(points)[0].value, 2)
    1.99
    """
    known = points.dropna(subset=["date", "cost"])
    if len(known) < 3:
        raise FrontierError(f"A growth rate needs at least three dated costs, not {len(known)}.")
    if (known["cost"] <= 0).any():
        raise FrontierError("A cost is above zero; look for a missing value written as 0.")
    line = stats.linregress(calendar_years(known["date"]), np.log10(known["cost"]))
    arm = half_width(line.stderr, len(known) - 2, level)
    ends = (float(10.0 ** (line.slope + k * arm)) for k in (0, -1, 1))
    method = "least squares of log cost on date, Student's t"
    return Estimate(*ends, n=len(known), method=method, level=level), float(line.rvalue) ** 2, line


def band(points: pd.DataFrame, dates: pd.Series, *, level: float = 0.9) -> pd.DataFrame:
    """The line at ``dates`` with the interval of its mean: columns date, value, low, high (USD)."""
    known = points.dropna(subset=["date", "cost"])
    growth(known)  # says what is wrong with the points
    year = calendar_years(known["date"])
    drawn = pd.DataFrame({"log": np.log10(known["cost"]), "year": year - year.mean()})
    wanted = pd.DataFrame({"year": calendar_years(dates) - year.mean()})
    there = smf.ols("log ~ year", drawn).fit().get_prediction(wanted)
    ends = there.summary_frame(1 - level)[["mean", "mean_ci_lower", "mean_ci_upper"]].to_numpy()
    value, low, high = (10**ends).T
    return pd.DataFrame({"date": dates, "value": value, "low": low, "high": high})

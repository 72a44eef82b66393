"""What training runs would have cost on rented chips: chips x hours x a dated price.

The price of a run is the median of the advertised prices of its chip around its date.  Where a chip
has none, those of its family stand in, and where the time around has none, the nearest dates do;
each is a reason for a miss that can be named.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from moat.errors import FrontierError

KINDS = ("three_years", "one_year", "on_demand")
FAMILY = re.compile(r"(TPU v\d|[AHVPK]\d{2,3})")
NEAR = 540


def family(chip: str) -> str:
    """The architecture and class of a chip, whatever its board.

    >>> family("NVIDIA Tesla V100 DGXS 32 GB"), family("Google TPU v4")
    ('V100', 'TPU v4')
    """
    found = FAMILY.search(str(chip))
    return found.group(1) if found else str(chip)


def price_of(chip: str, date: pd.Timestamp, prices: pd.DataFrame, kind: str) -> dict[str, object]:
    """USD per chip-hour of ``chip`` around ``date``, and where it comes from.

    ``prices`` has the columns chip, date and ``kind``, one of `KINDS`.  Returns price, rows (how many it
    is the median of), days (between the run and the median date) and basis ("this chip", "its family" or
    "another time").  Raises `FrontierError` where no price of the family is known.
    """
    if kind not in KINDS:
        raise FrontierError(f"A rental price is one of {', '.join(KINDS)}, not {kind!r}.")
    known = prices.dropna(subset=[kind, "date", "chip"])
    known = known.assign(days=(pd.to_datetime(known["date"]) - date).dt.days)
    same = known["chip"] == chip
    kin = known["chip"].map(family) == family(chip)
    near = known["days"].abs() <= NEAR
    for basis, rows in (
        ("this chip", known[same & near]),
        ("its family", known[kin & near]),
        ("another time", known[kin & (known["days"].abs() <= known.loc[kin, "days"].abs().min() + 180)]),
    ):
        if len(rows):
            days = int(rows["days"].median())
            return {"price": float(rows[kind].median()), "rows": len(rows), "days": days, "basis": basis}
    raise FrontierError(f"No {kind.replace('_', ' ')} price of a {family(chip)} is known.")


def own_costs(
    runs: pd.DataFrame, prices: pd.DataFrame, published: pd.DataFrame, kind: str = KINDS[0]
) -> pd.DataFrame:
    """Our cost of each run beside the published one, and their ratio taken apart.

    ``runs`` has the columns model, date, hardware, chips and hours; ``published`` model and cloud (USD); both
    have unique models.  One row a model with both and a price: gpu_hours, price (USD per chip-hour), ours and
    published (USD), ratio, implied (USD per chip-hour, published over our hours), basis, days, rows.
    """
    table = runs.dropna(subset=["hardware", "chips", "hours", "date"]).merge(
        published.dropna(subset=["cloud"])[["model", "cloud"]], on="model"
    )
    rows = []
    for run in table.itertuples():
        chip = run.hardware.split(",")[0]
        try:
            found = price_of(chip, pd.Timestamp(run.date), prices, kind)
        except FrontierError:
            continue
        gpu_hours = run.chips * run.hours
        rows.append({"model": run.model, "date": run.date, "chip": chip, "gpu_hours": gpu_hours, **found,
                     "ours": gpu_hours * found["price"], "published": run.cloud,
                     "implied": run.cloud / gpu_hours})  # fmt: skip
    if not rows:
        raise FrontierError("No run has chips, hours, a published cost and a known price.")
    out = pd.DataFrame(rows)
    return out.assign(ratio=out["ours"] / out["published"]).sort_values("ratio", ignore_index=True)


def agreement(table: pd.DataFrame, within: float) -> pd.Series:
    """Whether ours and the published cost lie within a factor of ``within``, one value a row."""
    if within <= 1:
        raise FrontierError("A factor of agreement is above one.")
    return np.abs(np.log(table["ratio"])) <= np.log(within)

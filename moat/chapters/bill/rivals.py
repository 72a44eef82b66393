"""The bills of named models: what each firm disclosed, and what has to stand in where it did not.

Llama 3.1-405B and DeepSeek print GPU-hours.  OpenAI prints nothing: hours follow from an outside
estimate of FLOP and an assumed utilisation.  Anthropic gave a cost in words, which is a price of the
final run, and hours follow from it.  All hours are of an H100 or H800, which compute at one rate.
R1 is V3 and the training that came after it: never one of the two alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from moat.chapters.bill.cost import PRICE, USE, Cost, Draws, Factors, Servers, bills
from moat.errors import FrontierError
from moat.hardware import flop
from moat.hardware.units import Params, Peak, hours_needed
from moat.stats.grid import as_grid

DISCLOSED, ESTIMATED, STATED = "hours disclosed", "FLOP estimated by others", "cost stated in words"
#: How each rival's final run is known.
RIVALS = {"Llama 3.1-405B": DISCLOSED, "GPT-4": ESTIMATED, "Claude 3.5 Sonnet": STATED, "GPT-4.5": ESTIMATED}
PRODUCTS = {"DeepSeek-V3": ("DeepSeek-V3",), "DeepSeek-R1": ("DeepSeek-V3", "DeepSeek-R1")}
#: NVIDIA's datasheet, dense; an H800 has the same (facts table ``chips``).
H100 = Peak(989e12, bits=16)
LAMBERT = "research compute over final run, DeepSeek"
OUTSIDE = "outside estimate of the price of Llama 3.1-405B"
BOXES = ("NVIDIA H100 SXM5 80GB", "NVIDIA H800 SXM5")


def servers(prices: pd.DataFrame, points: pd.DataFrame) -> Servers:
    """Owned servers: the range of prices of a chip in a box of eight, and the median shares of network
    and energy in published bills.

    ``prices`` is the source hardware-prices, ``points`` training-cost-points.
    """
    boxes = prices[prices["chip"].isin(BOXES) & (prices["chips"] == 8)]["purchase"].dropna()
    known = points.dropna(subset=["cost_usd_2023"])
    if boxes.empty or known.empty:
        raise FrontierError("No price of a server of eight chips, or no published bill, is at hand.")
    hardware = known["chip_share_pct"] + known["server_other_share_pct"]
    network = (known["interconnect_share_pct"] / hardware).median()
    return Servers(float(boxes.min()), float(boxes.max()), float(network),
                   float(known["energy_share_pct"].median() / 100))  # fmt: skip


def gpu_hours(models: pd.DataFrame, names: Iterable[str]) -> float:
    """Disclosed GPU-hours of the named rows together.  Raises `FrontierError` where one is missing."""
    table = models.set_index("model")["gpu_hours_m"]
    missing = [n for n in names if n not in table.index or np.isnan(table[n])]
    if missing:
        raise FrontierError(f"{missing[0]} discloses no GPU-hours; estimate them from FLOP instead.")
    return 1e6 * float(table[list(names)].sum())


def deepseek(product: str, models: pd.DataFrame, draw: Draws, owned: Servers, **choices) -> dict[int, Cost]:
    """The bills of ``product`` (V3, or R1 with the V3 it was made from); ``choices`` as `cost.bills`."""
    if product not in PRODUCTS:
        raise FrontierError(f"DeepSeek's products here are {', '.join(PRODUCTS)}, not {product!r}.")
    hours = choices.pop("hours", {"GPU-hours": gpu_hours(models, PRODUCTS[product])})
    return bills("DeepSeek", hours, draw, owned, **choices)


def rival(name: str, models: pd.DataFrame, draw: Draws, owned: Servers, **choices) -> dict[int, Cost]:
    """The bills of an American model, by the way it is known (`RIVALS`)."""
    if name not in RIVALS:
        raise FrontierError(f"The rivals are {', '.join(RIVALS)}, not {name!r}.")
    how = RIVALS[name]
    if how == DISCLOSED:
        hours: Factors = {"GPU-hours": gpu_hours(models, [name])}
    elif how == ESTIMATED:
        full = float(hours_needed(1.0, H100, 1.0))
        hours = {"FLOP": draw(f"FLOP of {name}"), "hours a FLOP": full, "utilisation": 1 / draw(USE, name)}
    else:
        stated = 1e6 * draw(f"stated cost of {name}")
        hours = {"stated cost": stated, "price of an hour": 1 / draw(PRICE, name)}
        choices = {"run": {"stated cost": stated}} | choices
    return bills(name, choices.pop("hours", hours), draw, owned, **choices)


def known_from(name: str, models: pd.DataFrame, draw: Draws) -> pd.Timestamp:
    """The first day on which a rival's final run could be priced."""
    if RIVALS[name] == DISCLOSED:
        return pd.Timestamp(models.set_index("model").loc[name, "release_date"])
    item = f"FLOP of {name}" if RIVALS[name] == ESTIMATED else f"stated cost of {name}"
    return pd.Timestamp(draw.table.loc[item, "known_from"])


def ratios(models: pd.DataFrame, draw: Draws, owned: Servers, product: str = "DeepSeek-V3") -> pd.DataFrame:
    """Cost of ``product`` over each rival's in each scope: columns rival, scope, value, low, high, basis,
    known_from and estimate (an `Estimate`)."""
    ours = deepseek(product, models, draw, owned)
    rows = []
    for name, how in RIVALS.items():
        theirs, day = rival(name, models, draw, owned), known_from(name, models, draw)
        for scope, cost in ours.items():
            found = (cost / theirs[scope]).estimate()
            rows.append((name, scope, found.value, found.low, found.high, how, day, found))
    columns = ["rival", "scope", "value", "low", "high", "basis", "known_from", "estimate"]
    return pd.DataFrame(rows, columns=columns)


def specifications(models: pd.DataFrame, shapes: pd.DataFrame, draw: Draws, owned: Servers) -> pd.DataFrame:
    """Every reasonable way to hold DeepSeek against Llama 3.1-405B: scope x product x hours x price x
    research.  Columns product, hours, price, research, scope, value, low, high.

    Hours are as disclosed, or what FLOP would take at one utilisation for both, so that neither
    firm's skill counts.  Prices are drawn, or DeepSeek's assumed one against an outside
    estimate of Meta's bill.  Choices that a scope does not use are not repeated in it.
    """
    rows = []
    llama = "Llama 3.1-405B"
    stated = {"price of an hour": draw.value(PRICE)}
    outside = {"outside estimate": 1e6 * draw(OUTSIDE)}
    guess = {"research": draw(LAMBERT)}
    for product in PRODUCTS:
        for hours, (above, below) in _hours(product, models, shapes).items():
            for price in ("drawn", "as stated"):
                for research in ("10 to 30% for both", "2 to 4 times for DeepSeek"):
                    choices = [{"hours": {"GPU-hours": above}}, {"hours": {"GPU-hours": below}}]
                    if price == "as stated":
                        choices[0]["run"] = {"GPU-hours": above} | stated
                        choices[1]["run"] = outside
                    if research != "10 to 30% for both":
                        choices[0]["research"] = guess
                    ours = deepseek(product, models, draw, owned, **choices[0])
                    theirs = rival(llama, models, draw, owned, **choices[1])
                    for scope in _scopes(price, research, hours):
                        found = (ours[scope] / theirs[scope]).estimate()
                        rows.append((product, hours, price, research, f"({scope})", found))
    return as_grid(rows, ["product", "hours", "price", "research", "scope"])


def _scopes(price: str, research: str, hours: str) -> list[int]:
    """The scopes in which this choice makes a difference of its own.

    An outside estimate of a bill has hours of its own, so it goes with the disclosed ones only.
    """
    if price == "as stated" and hours != "as disclosed":
        return []
    first = [1, 2] if price == "drawn" else [2]
    last = [3, 4] if price == "drawn" else [3]
    return (first if research == "10 to 30% for both" else []) + last


def _hours(product: str, models: pd.DataFrame, shapes: pd.DataFrame) -> Mapping[str, tuple[float, float]]:
    """GPU-hours of ``product`` and of Llama 3.1-405B, disclosed and from FLOP by each convention."""
    llama = "Llama 3.1-405B"
    out = {"as disclosed": (gpu_hours(models, PRODUCTS[product]), gpu_hours(models, [llama]))}
    # What came after pre-training has hours and no FLOP: it is added as disclosed, at V3's rate.
    after = gpu_hours(models, PRODUCTS[product]) / gpu_hours(models, ["DeepSeek-V3"])
    for convention in flop.CONVENTIONS:
        ends = []
        for name in ("DeepSeek-V3", llama):
            row = models.set_index("model").loc[name]
            params = Params(row["params_total_b"] * 1e9, row["params_active_b"] * 1e9)
            token = flop.per_token(params, shapes.set_index("model").loc[name], convention)
            # Any one utilisation does, as it cancels.
            ends.append(float(hours_needed(token * row["tokens_t"] * 1e12, H100, 0.4)))
        out[f"from FLOP, {convention}"] = (ends[0] * after, ends[1])
    return out

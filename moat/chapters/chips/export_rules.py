"""What export rules say about a chip, from its own numbers, and what each axis of it is good for.

Rates are dense.  The rule of 2022 (87 FR 62186) asks for two things at once: a link and a total
processing performance (TPP, operations times bits).  The rule of 2023 (88 FR 73458) drops the link
and adds density: TPP over the area of the die.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from moat.chapters.bill.cost import Draws
from moat.errors import FrontierError
from moat.hardware.schedule import WIDTH
from moat.hardware.units import Peak

Array = NDArray[np.float64]
#: 2022: link in GB per second over both directions, and TPP.
LINK, PERFORMANCE = 600.0, 4800.0
#: 2023: TPP with density (a), and bands of TPP and density that need a notice or licence (b).
DENSE_FROM, DENSITY = 1600.0, 5.92
BANDS = ((2400.0, 4800.0, 1.6, 5.92), (1600.0, np.inf, 3.2, 5.92))
RULES = {"2022": pd.Timestamp("2022-10-21"), "2023": pd.Timestamp("2023-11-17")}
AXES = {
    "bf16_dense_tflops": "16-bit rate",
    "fp8_dense_tflops": "8-bit rate",
    "memory_gb": "memory",
    "memory_bw_tb_s": "memory bandwidth",
    "link_gb_s": "link inside a machine",
}
DOMESTIC = (
    "Alibaba", "Biren", "Cambricon", "Huawei", "Hygon", "Iluvatar CoreX", "Kunlunxin Baidu", "MetaX",
    "Moore Threads (Tencent)",
)  # fmt: skip
#: Announced, and not sold in number by the end of 2025: one lost its foundry, one was superseded.
ANNOUNCED = ("Biren BR100", "Huawei Ascend 920")

#: Items of ``chip-inputs`` with the range of a family's rate, and the rows of ``ml-hardware`` it is for.
DISPUTED = {
    "sixteen-bit rate of the Ascend 910 of 2019": (
        "Huawei Ascend 910", "Huawei Ascend 910 (320 TFLOPS)", "Huawei Ascend 910A",
        "Huawei Ascend 910A Pro", "Huawei Ascend 910A Premium",
    ),
    "sixteen-bit rate of the Ascend 910B": ("Huawei Ascend 910B",),
    "sixteen-bit rate of the Ascend 910C": ("Huawei Ascend 910C",),
}  # fmt: skip


def performance(chip: pd.Series) -> float:
    """TPP of a row of the facts table ``chips``: the best of dense rate times bits.

    Raises `FrontierError` for a rate that is out of range.
    """
    rates = [(16, chip["bf16_dense_tflops"]), (8, chip["fp8_dense_tflops"])]
    known = [Peak(rate * 1e12, bits) for bits, rate in rates if pd.notna(rate)]
    if not known:
        raise FrontierError(f"No rate is known for {chip.name!r}, so no rule can be applied to it.")
    return max(peak.flop_per_second / 1e12 * peak.bits for peak in known)


def controlled(rule: str, performance: float, *, link: float | None = None, die: float | None = None) -> str:
    """What a rule does to a chip: "" when it may be sold, "a" when not, "b" in the band below.

    ``link`` in GB per second over both directions, ``die`` in square millimetres.  A chip whose
    ``link`` or ``die`` is unknown is judged by TPP alone where that settles it.

    >>> controlled("2022", 4992, link=600), controlled("2022", 4992, link=400)
    ('a', '')
    """
    if rule not in RULES:
        raise FrontierError(f"The rules are of {' and '.join(RULES)}, not of {rule!r}.")
    if rule == "2022":
        if performance >= PERFORMANCE and (link is None or np.isnan(link)):
            raise FrontierError("The rule of 2022 needs the rate of the link.")
        return "a" if performance >= PERFORMANCE and link >= LINK else ""
    if performance >= PERFORMANCE:
        return "a"
    if performance < DENSE_FROM:
        return ""
    if die is None or np.isnan(die):
        raise FrontierError("The rule of 2023 needs the area of the die, for its performance density.")
    density = performance / die
    if density >= DENSITY:
        return "a"
    return "b" if any(l <= performance < h and d <= density < e for l, h, d, e in BANDS) else ""  # noqa: E741


def standing(chips: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Each chip's own TPP, the printed one, density, link, and what both rules say.

    ``chips`` is the facts table; columns chip, tpp, printed, density, link, 2022, 2023.
    """
    rows = []
    for name in names:
        chip = chips.set_index("chip").loc[name]
        own = performance(chip)
        said = [controlled(rule, own, link=chip["link_gb_s"], die=chip["die_mm2"]) for rule in RULES]
        rows.append((name, own, chip["tpp"], own / chip["die_mm2"], chip["link_gb_s"], *said))
    return pd.DataFrame(rows, columns=["chip", "tpp", "printed", "density", "link", *RULES])


def against(chips: pd.DataFrame, pairs: Mapping[str, str]) -> pd.DataFrame:
    """Axes of a chip over those of another: columns chip, rival, axis, ratio; unknown ones left out."""
    by = chips.set_index("chip")
    missing = [n for pair in pairs.items() for n in pair if n not in by.index]
    if missing:
        raise FrontierError(f"The chip table has no {missing[0]!r}.")
    rows = [
        (chip, rival, label, by.loc[chip, axis] / by.loc[rival, axis])
        for chip, rival in pairs.items()
        for axis, label in AXES.items()
    ]
    return pd.DataFrame(rows, columns=["chip", "rival", "axis", "ratio"]).dropna(ignore_index=True)


def roofline(peak: Peak, memory: float, intensity: ArrayLike) -> Array:
    """FLOP per second that a kernel can reach (Williams et al. 2009): bound by work or by memory.

    ``memory`` in bytes per second, ``intensity`` in FLOP per byte.

    >>> roofline(Peak(1e15, 8), 4e12, [100.0, 1000.0]).tolist()
    [400000000000000.0, 1000000000000000.0]
    """
    if not peak.dense:
        raise FrontierError("This peak counts sparse matrices; use peak.as_dense().")
    if not 1e10 < memory < 1e14:
        raise FrontierError(f"A memory of {memory:g} bytes per second is out of range; is it in TB?")
    return np.minimum(peak.flop_per_second, memory * np.asarray(intensity, float))


def expert_intensity(tokens: ArrayLike, *, inner: int = 2048, width: int = WIDTH) -> Array:
    """FLOP per byte of one product of an expert in eight bits for ``tokens`` that it receives at once.

    Weights and inputs take one byte a number, outputs two; sizes of DeepSeek-V3.
    """
    tokens = np.asarray(tokens, float)
    moved = tokens * width + width * inner + 2 * tokens * inner
    return 2 * tokens * width * inner / moved


def crossing(slow: tuple[Peak, float], fast: tuple[Peak, float]) -> float:
    """The intensity below which the chip with the slower peak and better memory is the faster one.

    Raises `FrontierError` when one chip is the better at everything.
    """
    (low, wide), (high, narrow) = slow, fast
    if wide <= narrow or low.flop_per_second >= high.flop_per_second:
        raise FrontierError("The lines of these chips do not cross: one is the better at everything.")
    return low.flop_per_second / narrow


def ranges(draw: Draws) -> dict[str, Array]:
    """Draws of the 16-bit rate (TFLOP per second) of chips whose sources disagree, by name."""
    return {name: draw(item) for item, names in DISPUTED.items() for name in names}


def best_by_year(
    hardware: pd.DataFrame, years: Sequence[int], ranges: Mapping[str, Array], *, announced: bool = False
) -> pd.DataFrame:
    """The best domestic and the best NVIDIA chip released by the end of each year, by 16-bit rate.

    ``hardware`` is the source ``ml-hardware``; ``ranges`` has draws (TFLOP per second) in place of a
    chip's printed rate; ``announced`` adds chips that were never sold in number.  Columns year,
    domestic, nvidia (names), rate (TFLOP of NVIDIA), draws (TFLOP of the best domestic chip).
    """
    table = hardware.assign(year=pd.to_datetime(hardware["released"]).dt.year)
    home = table["manufacturer"].isin(DOMESTIC)
    table["rate"] = table["tensor16"].where(~home | table["tensor16"].notna(), table["fp16"]) / 1e12
    table = table.dropna(subset=["rate", "year"])
    table = table[announced | ~table["chip"].isin(ANNOUNCED)]
    rows = []
    for year in years:
        known = table[table["year"] <= year]
        ours, theirs = known[known["manufacturer"].isin(DOMESTIC)], known[known["manufacturer"] == "NVIDIA"]
        if ours.empty or theirs.empty:
            raise FrontierError(f"No chip of one side was released by {year}.")
        each = [np.atleast_1d(ranges.get(c, r)) for c, r in zip(ours["chip"], ours["rate"], strict=True)]
        each = np.stack(np.broadcast_arrays(*each))
        name = ours["chip"].iloc[np.median(each, axis=1).argmax()]
        best = theirs.loc[theirs["rate"].idxmax()]
        rows.append((year, name, best["chip"], best["rate"], each.max(axis=0)))
    return pd.DataFrame(rows, columns=["year", "domestic", "nvidia", "rate", "draws"])


def bins(hardware: pd.DataFrame, family: str) -> pd.DataFrame:
    """Lowest and highest memory (GB) and memory bandwidth (TB per second) over the bins of a family.

    Index the columns of the facts table ``chips``; columns low, high.
    """
    rows = hardware[hardware["chip"].str.startswith(family)]
    if rows.empty:
        raise FrontierError(f"No chip of the hardware table is called {family!r}.")
    sizes = {"memory_gb": rows["memory"] / 1e9, "memory_bw_tb_s": rows["memory_bandwidth"] / 1e12}
    return pd.DataFrame({k: v.agg(["min", "max"]) for k, v in sizes.items()}).T.set_axis(
        ["low", "high"], axis=1
    )


def best_legal(chips: pd.DataFrame, year: int) -> pd.Series:
    """The NVIDIA chip of the facts table with the best 16-bit rate that could be sold to China
    without a notice at the end of ``year`` by the thresholds in force."""
    day = pd.Timestamp(year, 12, 31)
    force = [name for name, date in RULES.items() if date <= day]
    released = pd.to_datetime(chips["release"], errors="coerce")
    open_to = chips[(chips["vendor"] == "NVIDIA") & (released <= day)].set_index("chip")
    keep = []
    for name, chip in open_to.iterrows():
        said = force and controlled(force[-1], performance(chip), link=chip["link_gb_s"], die=chip["die_mm2"])
        keep.append(name) if not said else None
    return open_to.loc[keep].sort_values("bf16_dense_tflops").iloc[-1]

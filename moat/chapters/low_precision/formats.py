"""The formats of numbers that Panferov et al. 2025 trained in, and runs paired with their BF16 twins.

A format is how weights, and perhaps activations, are rounded in the forward pass; gradients and
the weights that the optimiser keeps stay in sixteen bits or more.  Runs of one format differ in
size and in length, and are grouped as the authors group them (plots.ipynb of the repository).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import interpolate

from moat.errors import BadValues
from moat.stats import intervals
from moat.stats.estimate import Estimate

REFERENCE = "BF16"
#: Bits of a weight in sixteen-bit training, and of each operand of its products.
FULL = 16
#: Of eight weights four are kept: their places are one of so many, written in this many bits a weight.
MASK_BITS = math.log2(math.comb(8, 4)) / 8
FAMILIES = ("both", "both, not rotated", "weights only", "floating", "sparse", "reference")


def describe(runs: pd.DataFrame) -> pd.DataFrame:
    """``runs`` with columns format, family, weight_bits (stored) and operand_bits (of a product).

    ``family`` is one of `FAMILIES`.  Rotated means that a Hadamard transform spreads outliers
    before rounding, as it does in every family but one.  Bits of FP4 runs are named, not listed.

    >>> one = pd.DataFrame({"w_bits": [3.0], "a_bits": [16.0], "w_quant": ["HadamardTrustQuantizer"],
    ...                     "a_quant": ["NoQuantizer"]})
    >>> describe(one)[["format", "family"]].iloc[0].tolist()
    ['W3', 'weights only']
    """
    named = [
        _describe(*row) for row in runs[["w_bits", "a_bits", "w_quant", "a_quant"]].itertuples(index=False)
    ]
    columns = ["format", "family", "weight_bits", "operand_bits"]
    return runs.assign(**dict(zip(columns, zip(*named, strict=True), strict=True)))


def _describe(w_bits: float, a_bits: float, w_quant: str, a_quant: str) -> tuple[str, str, float, float]:
    if w_quant == "NoQuantizer":
        return REFERENCE, "reference", FULL, FULL
    if "FP4" in w_quant:
        return "FP4", "floating", 4.0, 4.0
    name = f"W{w_bits:.0f}"
    if a_quant == "NoQuantizer":
        return name, "weights only", w_bits, FULL
    name += f"A{a_bits:.0f}"
    if "FourEight" in w_quant:
        return f"{name} sparse", "sparse", w_bits / 2 + MASK_BITS, max(w_bits, a_bits)
    if "Hadamard" not in w_quant:
        return f"{name} plain", "both, not rotated", w_bits, max(w_bits, a_bits)
    return name, "both", w_bits, max(w_bits, a_bits)


def twins(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs that have a reference run of the same size and length, with its loss and the excess.

    ``runs`` come from `describe`.  Adds ``twin`` (nats per token) and ``excess`` (per cent of
    it).  Nothing is fitted.  Raises `BadValues` where a reference run occurs twice.
    """
    same = ["params", "tokens"]
    reference = runs.loc[runs["format"] == REFERENCE, [*same, "loss"]].rename(columns={"loss": "twin"})
    if reference.duplicated(same).any():
        raise BadValues("Two reference runs have the same size and length; average them first.")
    pairs = runs[runs["format"] != REFERENCE].merge(reference, on=same)
    return pairs.assign(excess=100 * (pairs["loss"] / pairs["twin"] - 1))


def mean_excess(pairs: pd.DataFrame, name: str, level: float = 0.95) -> Estimate:
    """Mean excess of one format over sizes, in per cent, with a t interval: a size is the unit."""
    values = pairs.loc[pairs["format"] == name, "excess"].to_numpy()
    needs = f"{name} has {len(values)} runs with a twin; an interval needs two."
    method = "mean of paired excess losses over sizes, t interval"
    return intervals.mean(values, method=method, level=level, needs=needs, error=BadValues)


def equal_share(pairs: pd.DataFrame, reference: pd.DataFrame) -> np.ndarray:
    """Share of a run's size that a reference run of equal loss and equal tokens per parameter needs.

    By interpolation (monotone cubic in logarithms) between reference runs: no law.  NaN where no
    reference run is as bad.  Tokens shrink with the size, so the same loss needs less of a cut than
    in a law that holds them: the share is larger than ``eff``.
    """
    line = reference.sort_values("loss")
    size = interpolate.PchipInterpolator(np.log(line["loss"]), np.log(line["params"]), extrapolate=False)
    return np.exp(size(np.log(pairs["loss"].to_numpy())) - np.log(pairs["params"].to_numpy()))

"""FLOP of a training token, by three conventions that must be named.

``6N``: six for each active parameter (forward two, backward four).  ``attention``: plus the
products of queries, keys and values, which grow with the length of a sequence and have no
parameters.  ``attention and routing``: plus the router of every sparse layer, which counts of active
parameters leave out or hold (the term is under one per cent).

>>> shape = dict(layers=61, heads=128, query_width=192, value_width=128, sequence=4096,
...              width=7168, experts=256, sparse_layers=58)
>>> v3 = Params(total=671e9, active=37e9)
>>> [f"{per_token(v3, shape, c):.3e}" for c in CONVENTIONS]
['2.220e+11', '2.527e+11', '2.533e+11']
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from moat.errors import FrontierError
from moat.hardware.units import Bits, Params, Peak, achieved, utilisation

CONVENTIONS = ("6N", "attention", "attention and routing")


def per_token(params: Params, shape: Mapping[str, float] | None = None, convention: str = "6N") -> float:
    """FLOP to train on one token.

    A causal sequence of S tokens multiplies each query with S/2 keys on average, twice (keys and
    values), at two FLOP a product, and training costs three forward passes: 3 S heads (query_width
    + value_width) for each layer.  Raises `FrontierError` for bare numbers of parameters, an unknown
    convention or a missing ``shape``.
    """
    if not isinstance(params, Params):
        raise FrontierError(
            f"FLOP follow from active parameters: give Params(total, active), not {params!r}."
        )
    if convention not in CONVENTIONS:
        raise FrontierError(f"Count FLOP by one of {', '.join(CONVENTIONS)}, not {convention!r}.")
    flop = 6 * params.active
    if convention == "6N":
        return flop
    if shape is None:
        raise FrontierError(f"The convention {convention!r} needs the model's shape.")
    widths = shape["query_width"] + shape["value_width"]
    flop += 3 * shape["sequence"] * shape["heads"] * widths * shape["layers"]
    if convention == "attention and routing":
        flop += 6 * shape["width"] * shape["experts"] * shape["sparse_layers"]
    return flop


def cache_of_a_token(shape: Mapping[str, float]) -> Bits:
    """What one token leaves in the key-value cache."""
    return Bits(shape["cache_per_layer"] * shape["layers"] * shape["cache_bits"])


def rates(runs: pd.DataFrame, shapes: pd.DataFrame, peak: Peak) -> pd.DataFrame:
    """Achieved rate and utilisation of runs, one row a run and convention.

    ``runs`` has the columns model, params_total_b, params_active_b, tokens_t and gpu_hours_m;
    ``shapes`` those of the facts table ``architectures``.  Adds flop_token (FLOP), tflops (TFLOP per
    GPU-second), utilisation (share of ``peak``).  Raises `FrontierError` as `utilisation` does.
    """
    shapes = shapes.set_index("model")
    rows = []
    for run in runs.itertuples():
        params = Params(run.params_total_b * 1e9, run.params_active_b * 1e9)
        for convention in CONVENTIONS if run.model in shapes.index else CONVENTIONS[:1]:
            shape = shapes.loc[run.model] if run.model in shapes.index else None
            token = per_token(params, shape, convention)
            flop, hours = token * run.tokens_t * 1e12, run.gpu_hours_m * 1e6
            share = float(utilisation(flop, hours, peak))
            rate = float(achieved(flop, hours)) / 1e12
            rows.append((run.model, convention, token, rate, share, run.gpu_hours_m, run.tokens_t))
    columns = ["model", "convention", "flop_token", "tflops", "utilisation", "gpu_hours_m", "tokens_t"]
    return pd.DataFrame(rows, columns=columns)


def split_hours(before: pd.Series, after: pd.Series) -> dict[str, float]:
    """A change of GPU-hours taken apart: factors by which each part multiplies them.

    Both have flop_token and tflops, and tokens_t where whole runs are compared (without it, hours per
    token).  Hours are FLOP per token x tokens / rate, so the parts multiply to ``hours`` exactly.

    >>> dense, sparse = ({"flop_token": 4e11, "tflops": 400.0}, {"flop_token": 1e11, "tflops": 200.0})
    >>> split_hours(pd.Series(dense), pd.Series(sparse))
    {'FLOP per token': 0.25, 'use of the chip': 2.0, 'hours': 0.5}
    """
    parts = {"FLOP per token": float(after["flop_token"] / before["flop_token"])}
    if "tokens_t" in before and "tokens_t" in after:
        parts["tokens"] = float(after["tokens_t"] / before["tokens_t"])
    parts["use of the chip"] = float(before["tflops"] / after["tflops"])
    return parts | {"hours": float(np.prod(list(parts.values())))}


def splits(table: pd.DataFrame, steps: Mapping[str, tuple[str, str, bool]]) -> pd.DataFrame:
    """`split_hours` of several steps by each convention that both runs have.

    ``table`` is from `rates`, with tokens_t; ``steps`` maps a name to (run before, run after, whether
    whole runs are compared).  Columns step, convention, part, value: × hours.
    """
    rows = []
    by = table.set_index(["model", "convention"])
    for name, (before, after, whole) in steps.items():
        for convention in CONVENTIONS:
            if (before, convention) not in by.index or (after, convention) not in by.index:
                continue
            ends = [by.loc[(m, convention)] for m in (before, after)]
            ends = ends if whole else [e.drop("tokens_t") for e in ends]
            rows += [(name, convention, part, value) for part, value in split_hours(*ends).items()]
    return pd.DataFrame(rows, columns=["step", "convention", "part", "value"])

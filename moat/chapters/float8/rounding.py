"""What rounding does to ordinary numbers when one of them is very large."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from moat.bench.precision import ALONG, LARGEST, coded

__all__ = ["FORMS", "LARGEST", "SHAPE", "crushed", "errors"]
FORMS = ("float8", "float8-tensor", "int4", "float8-unscaled")
SHAPE = (128, 1024)


def errors(sizes: np.ndarray, *, seed: int, typical: float = 1.0) -> pd.DataFrame:
    """Relative error of all entries but one, when that one is ``sizes`` times as large as is usual.

    Entries are normal with standard deviation ``typical``.  Error: root mean square of what
    rounding changes, over that of the entries.  Columns size, form, error; one matrix of
    `SHAPE` for all.

    >>> found = errors(np.array([1.0, 1e5]), seed=0).pivot(index="size", columns="form", values="error")
    >>> [round(x, 2) for x in found["float8-tensor"]]
    [0.03, 0.13]
    """
    own = torch.Generator().manual_seed(seed)
    plain = torch.randn(SHAPE, generator=own) * typical
    rows = []
    for size in sizes:
        x = plain.clone()
        x[0, 0] = size * typical
        for form in FORMS:
            apart = (coded(x, form, ALONG) - x).flatten()[1:]
            error = apart.norm() / plain.flatten()[1:].norm()
            rows.append((float(size), form, error.item()))
    return pd.DataFrame(rows, columns=["size", "form", "error"])


def crushed(table: pd.DataFrame, form: str, beyond: float = 0.1) -> float:
    """The size of the large entry from which the error of ``form`` exceeds ``beyond``; NaN for none."""
    own = table[(table["form"] == form) & (table["error"] > beyond)]
    return float(own["size"].min()) if len(own) else float("nan")

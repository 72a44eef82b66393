"""Low precision: what share of its parameters a quantised model still has the use of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.errors import BadValues, MissingColumns
from moat.laws.engine import Array
from moat.laws.fit import Fit
from moat.laws.powers import SumOfPowers, Term


@dataclass(frozen=True)
class Precision(SumOfPowers):
    """``loss = E + A / (params eff)^alpha + B / tokens^beta`` (arXiv:2502.05003, equation 4).

    Every format of numbers but the reference has an efficiency ``eff``: a model in that format
    is as good as a model of ``eff`` times its parameters in the reference format.  In logarithms
    eff is a shift of one term, ``-alpha log eff``, so the law remains a sum of powers.  Build it
    with `for_formats`; tables need a column ``format``.  Least squares of the logarithm.

    Given a ``size``, eff may change with the model: it is a power of ``params / size`` with an
    exponent of its own for each format, and ``cost of`` a format is meant at that size.

    >>> law = Precision.for_formats(["bf16", "int4"], reference="bf16")
    >>> law.names
    ('E', 'A', 'B', 'alpha', 'beta', 'cost of int4')
    """

    delta: ClassVar[float] = np.inf
    formats: tuple[str, ...] = ()
    size: float | None = None

    @classmethod
    def for_formats(cls, formats: Iterable[str], *, reference: str, size: float | None = None) -> Precision:
        """Raises `BadValues` when the reference is not among the formats, or is alone."""
        formats = tuple(dict.fromkeys(formats))
        others = tuple(f for f in formats if f != reference)
        if reference not in formats or not others:
            raise BadValues(f"Give the reference {reference!r} and at least one other format, not {formats}.")
        shifts = [(f"cost of {f}", f"is {f}") for f in others]
        if size is not None:
            shifts += [(f"drift of {f}", f"size if {f}") for f in others]
        terms = (
            Term("E"),
            Term("A", (("alpha", "params"),), shifts=tuple(shifts)),
            Term("B", (("beta", "tokens"),)),
        )
        return cls(terms=terms, formats=formats, size=size)

    def expand(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``frame`` with the columns of each format but the reference: is it, and log size if so.

        Raises `MissingColumns`, or `BadValues` for a format that the law does not know.
        """
        if "format" not in frame:
            raise MissingColumns("The table has no column 'format'; name the format of every run in it.")
        unknown = sorted(set(frame["format"]) - set(self.formats))
        if unknown:
            raise BadValues(f"Unknown format {', '.join(unknown)}; the law knows {', '.join(self.formats)}.")
        columns = {}
        for name in self.signed_columns:
            plain = name.removeprefix("size if ").removeprefix("is ")
            columns[name] = (frame["format"] == plain).astype(float)
            if self.size is not None and name.startswith("size if "):
                columns[name] *= np.log(frame["params"] / self.size)
        return frame.assign(**columns)

    def fit(self, data: pd.DataFrame | dict, **options: Any) -> Fit:
        return super().fit(self.expand(pd.DataFrame(data)), **options)

    def predict(self, params: pd.Series | pd.DataFrame, frame: pd.DataFrame) -> Array:
        missing = [c for c in self.signed_columns if c not in frame]
        return super().predict(params, self.expand(frame) if missing else frame)

    def efficiency(self, params: pd.Series | pd.DataFrame, name: str, size: float | None = None) -> ArrayLike:
        """``eff`` of one format, at ``size`` parameters where it may drift: 1 for the reference."""
        if f"cost of {name}" not in self.names:
            return 1.0 + 0.0 * params["alpha"]
        cost = params[f"cost of {name}"]
        if self.size is not None and size is not None:
            cost = cost + params[f"drift of {name}"] * np.log(size / self.size)
        return np.exp(-cost / params["alpha"])

    def drift(self, params: pd.Series | pd.DataFrame, name: str) -> float | pd.Series:
        """By what factor ``eff`` of one format changes when the model is ten times as large."""
        return 10.0 ** (-params[f"drift of {name}"] / params["alpha"])

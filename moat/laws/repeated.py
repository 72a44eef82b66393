"""What a repeated token is worth: the data-constrained law of Muennighoff et al. 2023.

Tokens seen again, and parameters beyond what the unique tokens can feed, lose value
exponentially (arXiv:2305.16264, equations 5 and 6).  The base law is held fixed; two decay
constants remain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.errors import BadValues
from moat.laws.smooth import Parameter, Smooth


@dataclass(frozen=True)
class Repeated(Smooth):
    """``base`` holds E, A, B and one exponent alpha; ``r_data`` and ``r_size`` decay.

    >>> law = Repeated(pd.Series({"E": 1.87, "A": 521.0, "B": 1488.0, "alpha": 0.353}))
    >>> decay = pd.Series({"r_data": 15.4, "r_size": 5.3})
    >>> [round(float(law.effective_epochs(decay, e)), 1) for e in (1, 4, 40)]
    [1.0, 3.7, 15.2]
    """

    base: pd.Series = field(repr=False)

    columns: ClassVar[tuple[str, ...]] = ("params", "tokens", "unique_tokens")
    #: Beyond these ends the objective no longer changes.
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("r_data", 1.0, 1e4),
        Parameter("r_size", 0.1, 1e3),
    )

    def __post_init__(self) -> None:
        missing = [n for n in ("E", "A", "B", "alpha") if not self.base.get(n, np.nan) > 0]
        if missing:
            raise BadValues(f"The base law needs a positive {', '.join(missing)}.")

    def best_size(self, unique_tokens: ArrayLike) -> Any:
        """Parameters that the base law finds compute-optimal for that many unique tokens."""
        return (self.base["A"] / self.base["B"]) ** (1 / self.base["alpha"]) * unique_tokens

    def effective_epochs(self, params: pd.Series | pd.DataFrame, epochs: float) -> ArrayLike:
        """How many passes over fresh data ``epochs`` passes over the same data are worth."""
        return 1 + _decayed(epochs - 1, params["r_data"], np)

    def formula(self, p: dict[str, Any], x: dict[str, Any], xp: ModuleType) -> Any:
        unique = xp.minimum(x["unique_tokens"], x["tokens"])
        fed = xp.minimum(self.best_size(unique), x["params"])
        worth_size = fed * (1 + _decayed(x["params"] / fed - 1, p["r_size"], xp))
        worth_tokens = unique * (1 + _decayed(x["tokens"] / unique - 1, p["r_data"], xp))
        E, A, B, alpha = (float(self.base[name]) for name in ("E", "A", "B", "alpha"))
        return E + A * worth_size**-alpha + B * worth_tokens**-alpha


def _decayed(repeats: Any, constant: Any, xp: ModuleType) -> Any:
    # expm1 keeps the digits that 1 - exp loses when the constant is large.
    return -constant * xp.expm1(-repeats / constant)

"""From loss to errors, and from compute to capability: laws of what a model can do."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from moat.laws.smooth import Parameter, Smooth


@dataclass(frozen=True)
class ErrorCurve(Smooth):
    """``error = ceiling - k exp(-rate loss)`` (arXiv:2403.08540, equation 5): error follows loss.

    Plain least squares on the error, a share.

    >>> import pandas as pd
    >>> runs = pd.DataFrame({"loss": np.linspace(2.5, 5.5, 6)})
    >>> runs["error"] = 0.86 - 2.2 * np.exp(-0.7 * runs["loss"])
    >>> ErrorCurve().fit(runs, draws=0).params.round(4).to_dict()
    {'ceiling': 0.86, 'k': 2.2, 'rate': 0.7}
    """

    target: ClassVar[str] = "error"
    scale: ClassVar[str] = "raw"
    delta: ClassVar[float] = np.inf
    columns: ClassVar[tuple[str, ...]] = ("loss",)
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("ceiling", 1e-3, 2.0, linear="raw"),
        Parameter("k", 1e-6, 1e6, linear="raw"),
        Parameter("rate", 0.02, 5.0),
    )

    def formula(self, p: dict[str, Any], x: dict[str, Any], xp: ModuleType) -> Any:
        return p["ceiling"] - p["k"] * xp.exp(-p["rate"] * x["loss"])


@dataclass(frozen=True)
class Sigmoid(Smooth):
    """``score = floor + (ceiling - floor) / (1 + exp(-slope (log10 flop - middle)))``.

    A benchmark's score against training compute within one family of models, as in
    arXiv:2405.10938 (section 3.1): chance at the bottom, the best possible score at the top.
    Both are given, not fitted: few families reach both ends.

    >>> import pandas as pd
    >>> runs = pd.DataFrame({"flop": 10.0 ** np.arange(20, 27)})
    >>> law = Sigmoid(floor=0.25)
    >>> runs["score"] = law.predict(pd.Series({"slope": 1.5, "middle": 23.0}), runs)
    >>> law.fit(runs, draws=0).params.round(4).to_dict()
    {'slope': 1.5, 'middle': 23.0}
    """

    floor: float = 0.0
    ceiling: float = 1.0
    target: ClassVar[str] = "score"
    scale: ClassVar[str] = "raw"
    delta: ClassVar[float] = np.inf
    columns: ClassVar[tuple[str, ...]] = ("flop",)
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("slope", 0.05, 20.0),
        Parameter("middle", 15, 32),
    )

    def formula(self, p: dict[str, Any], x: dict[str, Any], xp: ModuleType) -> Any:
        rise = p["slope"] * (xp.log10(x["flop"]) - p["middle"])
        return self.floor + (self.ceiling - self.floor) / (1 + xp.exp(-rise))

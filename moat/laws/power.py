"""A power law ``value = k x^a``: how one quantity grows with another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from moat.laws.powers import SumOfPowers, Term


@dataclass(frozen=True)
class Power(SumOfPowers):
    """``value = k flop^exponent``, by least squares of the logarithm.

    The law of a compute-optimal size or number of tokens (arXiv:2203.15556, section 3).  Give
    ``weights="weight"`` with 1 / variance of the log value where points differ in precision.

    >>> import pandas as pd
    >>> points = pd.DataFrame({"flop": [1e18, 1e19, 1e20, 1e21], "value": [2e8, 6.3e8, 2e9, 6.3e9]})
    >>> round(float(Power().fit(points, draws=0).params["exponent"]), 2)
    0.5
    """

    terms: tuple[Term, ...] = (Term("k", powers=(("exponent", "flop"),)),)
    target: ClassVar[str] = "value"
    delta: ClassVar[float] = np.inf


@dataclass(frozen=True)
class LearningRate(SumOfPowers):
    """``lr = c params^p tokens^d``: the best learning rate of a run (arXiv:2503.04715, equation 1).

    By least squares of the logarithm over settings that were found best.
    """

    terms: tuple[Term, ...] = (Term("c", powers=(("p", "params"), ("d", "tokens"))),)
    target: ClassVar[str] = "lr"
    delta: ClassVar[float] = np.inf


@dataclass(frozen=True)
class BatchSize(SumOfPowers):
    """``batch = c tokens^d``: the best batch, in tokens (arXiv:2503.04715, equation 1)."""

    terms: tuple[Term, ...] = (Term("c", powers=(("d", "tokens"),)),)
    target: ClassVar[str] = "batch"
    delta: ClassVar[float] = np.inf

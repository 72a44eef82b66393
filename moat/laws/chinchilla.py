"""The parametric law of Hoffmann et al. 2022 and the budget split that it implies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.errors import BadValues
from moat.laws.powers import SumOfPowers, Term

#: Training FLOP per parameter and token, forward and backward (Kaplan et al. 2020, section 2.1).
FLOP_PER_PARAM_TOKEN = 6.0


@dataclass(frozen=True)
class Chinchilla(SumOfPowers):
    """``loss = E + A / params^alpha + B / tokens^beta`` (arXiv:2203.15556, equation 2).

    E is the loss in nats per token that neither size nor data removes.

    >>> runs = pd.DataFrame({"params": [1e8, 1e9, 1e10] * 3,
    ...                      "tokens": np.repeat([1e9, 1e10, 1e11], 3)})
    >>> truth = pd.Series({"E": 1.7, "A": 400.0, "B": 1000.0, "alpha": 0.34, "beta": 0.32})
    >>> runs["loss"] = Chinchilla().predict(truth, runs)
    >>> Chinchilla().fit(runs, draws=0).params.round(3).to_dict()
    {'E': 1.7, 'A': 400.0, 'B': 1000.0, 'alpha': 0.34, 'beta': 0.32}
    """

    terms: tuple[Term, ...] = (
        Term("E"),
        Term("A", (("alpha", "params"),)),
        Term("B", (("beta", "tokens"),)),
    )

    #: The exponents of params and of tokens.
    slopes: ClassVar[tuple[str, str]] = ("alpha", "beta")

    def _constants(self, params: pd.Series | pd.DataFrame) -> list[np.ndarray]:
        """E, A, B, alpha, beta, each with a last axis for budgets."""
        return [np.asarray(params[name], float)[..., None] for name in ("E", "A", "B", *self.slopes)]

    def optimal(self, params: pd.Series | pd.DataFrame, flop: ArrayLike) -> dict[str, np.ndarray]:
        """The split of ``flop = 6 params tokens`` with the lowest loss, in closed form.

        Shape (budgets,) for one set of parameters, (draws, budgets) for a frame of them.
        Equation 4 of arXiv:2203.15556: params* = G (flop / 6)^a with a = beta / (alpha + beta)
        and G = (alpha A / (beta B))^(1 / (alpha + beta)).  Raises `BadValues` for a budget
        that is not positive, and where an exponent is not: there is no optimum then.
        """
        budget = np.atleast_1d(np.asarray(flop, float)) / FLOP_PER_PARAM_TOKEN
        if not (np.isfinite(budget) & (budget > 0)).all():
            raise BadValues("A training budget must be a positive number of FLOP.")
        single = isinstance(params, pd.Series)
        draws = pd.DataFrame(params).T if single else params
        E, A, B, alpha, beta = self._constants(draws)
        if not ((alpha > 0) & (beta > 0)).all():
            raise BadValues("The law has no compute-optimal point: an exponent is not positive.")
        size = (alpha * A / (beta * B)) ** (1 / (alpha + beta)) * budget ** (beta / (alpha + beta))
        tokens = budget / size
        table = {
            "params": size,
            "tokens": tokens,
            "tokens_per_param": tokens / size,
            "loss": E + A * size**-alpha + B * tokens**-beta,
        }
        return {name: values[0] if single else values for name, values in table.items()}

    def compute_exponent(self, params: pd.Series | pd.DataFrame) -> ArrayLike:
        """The power of compute by which the loss above E falls along the optimal path.

        ``alpha beta / (alpha + beta)``, from equation 4 of arXiv:2203.15556 put into equation 2.
        """
        alpha, beta = (params[name] for name in self.slopes)
        return alpha * beta / (alpha + beta)

    def overspend(self, params: pd.Series | pd.DataFrame, size: ArrayLike, flop: ArrayLike) -> np.ndarray:
        """How many times the compute is spent that the best split would need for the same loss.

        ``size`` and ``flop`` have shape (budgets,), or ``size`` (draws, budgets); the result is
        (budgets,) for one set of parameters and (draws, budgets) for a frame of them.  Along the
        best split the loss above E is a power of compute, so the answer has a closed form.
        """
        best = self.optimal(params, flop)["loss"]
        E, A, B, alpha, beta = self._constants(params)
        size = np.asarray(size, float)
        tokens = np.atleast_1d(np.asarray(flop, float)) / FLOP_PER_PARAM_TOKEN / size
        above = A * size**-alpha + B * tokens**-beta
        return (above / (best - E)) ** (1 / np.asarray(self.compute_exponent(params))[..., None])


@dataclass(frozen=True)
class Tied(Chinchilla):
    """``loss = E + A / params^exponent + B / tokens^exponent`` (arXiv:2403.08540, equation 4).

    One exponent for both terms, so that over-training moves a curve without bending it.
    Gadre et al. 2024 fit it by plain least squares on the loss, and so does this law.

    >>> runs = pd.DataFrame({"params": [1e7, 8e7, 1.5e8, 4e8, 1e7], "tokens": [2e8, 1.6e9, 3e9, 8e9, 3.4e9]})
    >>> truth = pd.Series({"E": 1.8, "A": 100.0, "B": 200.0, "exponent": 0.27})
    >>> runs["loss"] = Tied().predict(truth, runs)
    >>> Tied().fit(runs, draws=0).params.round(4).to_dict()
    {'E': 1.8, 'A': 100.0, 'B': 200.0, 'exponent': 0.27}
    """

    terms: tuple[Term, ...] = (
        Term("E"),
        Term("A", (("exponent", "params"),)),
        Term("B", (("exponent", "tokens"),)),
    )
    slopes: ClassVar[tuple[str, str]] = ("exponent", "exponent")
    scale: ClassVar[str] = "raw"
    delta: ClassVar[float] = np.inf

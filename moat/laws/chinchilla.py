"""The parametric law of Hoffmann et al. 2022 and the budget split that it implies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from moat.laws.errors import BadValues
from moat.laws.law import Law, Term

#: Training FLOP per parameter and token, forward and backward (Kaplan et al. 2020, section 2.1).
FLOP_PER_PARAM_TOKEN = 6.0


@dataclass(frozen=True)
class Chinchilla(Law):
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
        E, A, B, alpha, beta = (draws[n].to_numpy(float)[:, None] for n in self.names[:5])
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
        return params["alpha"] * params["beta"] / (params["alpha"] + params["beta"])

    def overspend(self, params: pd.Series | pd.DataFrame, size: ArrayLike, flop: ArrayLike) -> np.ndarray:
        """How many times the compute is spent that the best split would need for the same loss.

        ``size`` and ``flop`` have shape (budgets,), or ``size`` (draws, budgets); the result is
        (budgets,) for one set of parameters and (draws, budgets) for a frame of them.  Along the
        best split the loss above E is a power of compute, so the answer has a closed form.
        """
        best = self.optimal(params, flop)["loss"]
        frame = params if isinstance(params, pd.DataFrame) else params[list(self.names)]
        E, A, B, alpha, beta = (np.asarray(frame[n], float)[..., None] for n in self.names[:5])
        size = np.asarray(size, float)
        tokens = np.atleast_1d(np.asarray(flop, float)) / FLOP_PER_PARAM_TOKEN / size
        above = A * size**-alpha + B * tokens**-beta
        return (above / (best - E)) ** (1 / np.asarray(self.compute_exponent(params))[..., None])

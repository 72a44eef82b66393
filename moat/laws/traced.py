"""A law of any smooth form, differentiated by torch, for the engine.

Laws that are not sums of powers (a decay, a saturation, a sigmoid) need no algebra of their
own: torch's automatic differentiation gives the exact gradient and Hessian of every draw at once.
``tests/laws/test_traced.py`` holds them against the hand-written derivatives of `PowerSum`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from moat.laws.engine import Array


class Traced:
    """``formula(theta, columns)`` on fixed rows: theta (b, p) and columns (n,) to predictions (b, n).

    ``formula`` takes and gives torch tensors of double precision.
    """

    def __init__(self, formula: Callable, columns: dict[str, Array], size: int):
        import torch  # a second of import time that sums of powers never pay

        self.torch = torch
        self.arrays = columns
        self.tensors = {name: torch.tensor(values) for name, values in columns.items()}
        self.rows = len(next(iter(columns.values())))
        self.size = size
        self.formula = formula

    def predict(self, theta: Array) -> Array:
        return self._fitted(self.torch.tensor(theta[None])).numpy()[0]

    def slopes(self, theta: Array) -> Array:
        def log(point: Any) -> Any:
            return self._fitted(point[None])[0].log()

        point = self.torch.tensor(theta)
        units = self.torch.eye(self.size, dtype=point.dtype)
        along = [self.torch.autograd.functional.jvp(log, point, unit)[1] for unit in units]
        return self.torch.stack(along, dim=1).numpy()

    def derivatives(
        self, theta: Array, weights: Array, target: Array, delta: float, raw: bool
    ) -> tuple[Array, Array, Array]:
        torch = self.torch
        point = torch.tensor(theta, requires_grad=True)
        fitted = self._fitted(point)
        residual = torch.tensor(target) - (fitted if raw else fitted.log())
        psi = residual.clamp(-delta, delta)
        objective = (torch.tensor(weights) * psi * (residual - 0.5 * psi)).sum(dim=1)
        (gradient,) = torch.autograd.grad(objective.sum(), point, create_graph=True)
        # Draws do not interact, so the gradient of a column's sum is that column's row of each Hessian.
        rows = [
            torch.autograd.grad(gradient[:, i].sum(), point, retain_graph=True)[0] for i in range(self.size)
        ]
        hessian = torch.stack(rows, dim=1).numpy()
        upper = np.triu_indices(self.size)
        return objective.detach().numpy(), gradient.detach().numpy(), hessian[:, *upper]

    def _fitted(self, theta: Any) -> Any:
        return self.formula(theta, self.tensors).expand(len(theta), self.rows)

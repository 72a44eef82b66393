"""Derivatives by torch are those written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from moat import laws
from tests.simulated import TRUTH, simulate


@dataclass(frozen=True)
class SmoothChinchilla(laws.Smooth):
    """The same law as `laws.Chinchilla`, as a formula."""

    columns: ClassVar[tuple[str, ...]] = ("params", "tokens")
    parameters: ClassVar[tuple[laws.Parameter, ...]] = (
        laws.Parameter("E", 0.5, 4, linear="raw"),
        laws.Parameter("A", 1, 1e5, linear="raw"),
        laws.Parameter("B", 1, 1e6, linear="raw"),
        laws.Parameter("alpha", 0.1, 0.9),
        laws.Parameter("beta", 0.1, 0.9),
    )

    def formula(self, p, x, xp):
        return p["E"] + p["A"] * x["params"] ** -p["alpha"] + p["B"] * x["tokens"] ** -p["beta"]


@pytest.mark.parametrize(("raw", "delta"), [(False, 1e-3), (True, 1e-2), (False, np.inf), (True, np.inf)])
def test_objective_gradient_and_hessian_are_the_same(raw, delta):
    runs = simulate(0, rows=50)
    written, traced = laws.Chinchilla().coordinates(runs), SmoothChinchilla().coordinates(runs)
    # In the same coordinates: logarithms of all five parameters for both.
    rng = np.random.default_rng(0)
    natural = TRUTH.to_numpy() * np.exp(rng.normal(0, 0.02, (3, 5)))
    weights = rng.integers(0, 3, (3, 50)).astype(float)
    target = runs["loss"].to_numpy() if raw else np.log(runs["loss"].to_numpy())
    there, here = written.inverse(natural), traced.inverse(natural)
    value, slope, _ = written.model.derivatives(there, weights, target, delta, raw)
    other, gradient, hessian = traced.model.derivatives(here, weights, target, delta, raw)
    np.testing.assert_allclose(value, other, rtol=1e-10)
    step = 1e-6
    upper = np.triu_indices(5)
    for i in range(5):
        moved = [here + sign * step * np.eye(5)[i] for sign in (1, -1)]
        values, slopes, _ = zip(
            *(traced.model.derivatives(m, weights, target, delta, raw) for m in moved), strict=True
        )
        np.testing.assert_allclose(gradient[:, i], (values[0] - values[1]) / (2 * step), rtol=2e-4, atol=1e-9)
        if np.isinf(delta):  # elsewhere the second derivative jumps where a residual crosses the zone
            rows = np.flatnonzero((upper[0] == i) | (upper[1] == i))
            others = np.where(upper[0] == i, upper[1], upper[0])[rows]
            difference = (slopes[0] - slopes[1])[:, others] / (2 * step)
            np.testing.assert_allclose(
                hessian[:, rows], difference, rtol=1e-4, atol=1e-6 * np.abs(hessian).max()
            )
    # The gradient by hand, carried over to the other coordinates by the chain rule.
    there = lambda sign, unit: written.inverse(traced.natural(here + sign * step * unit))
    chain = [(there(1, unit) - there(-1, unit)) / (2 * step) for unit in np.eye(5)]
    np.testing.assert_allclose(gradient, np.einsum("pbq,bq->bp", chain, slope), rtol=1e-5, atol=1e-9)


def test_both_kinds_of_law_find_the_same_minimum_and_the_same_draws():
    runs = simulate(1, rows=60)
    written = laws.Chinchilla().fit(runs, draws=20)
    traced = SmoothChinchilla().fit(runs, draws=20)
    assert traced.objective == pytest.approx(written.objective, rel=1e-9)
    np.testing.assert_allclose(traced.params, written.params, rtol=1e-4)
    both = written.replicates.index.intersection(traced.replicates.index)
    assert len(both) >= 19
    np.testing.assert_allclose(traced.replicates.loc[both], written.replicates.loc[both], rtol=1e-2)

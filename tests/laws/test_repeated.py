"""Repeated data: known constants come back, no grid finds better, bad input is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import laws, sources
from moat.laws.engine import huber
from tests.simulated import chance_band, worlds

BASE = pd.Series({"E": 1.87, "A": 521.0, "B": 1488.0, "alpha": 0.353})
TRUTH = pd.Series({"r_data": 12.0, "r_size": 5.0})
LAW = laws.Repeated(BASE)


def simulate(seed: int, noise: float = 0.004) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    unique = rng.choice([1e8, 4e8, 1.5e9], 160)
    tokens = unique * rng.choice([1, 2, 4, 8, 16, 40, 100], 160)
    size = LAW.best_size(unique) * np.exp(rng.uniform(-1, 4, 160))
    runs = pd.DataFrame({"params": size, "tokens": tokens, "unique_tokens": unique})
    scatter = np.exp(rng.laplace(scale=noise / np.sqrt(2), size=160))
    return runs.assign(loss=LAW.predict(TRUTH, runs) * scatter)


def cost(params: pd.DataFrame, runs: pd.DataFrame) -> np.ndarray:
    """The objective of each run (columns) at each pair of constants (rows)."""
    return huber(np.log(runs["loss"].to_numpy()) - np.log(LAW.predict(params, runs)), 1e-3)


def test_known_constants_are_recovered():
    fit = LAW.fit(simulate(0, noise=1e-9), draws=0)
    np.testing.assert_allclose(fit.params, TRUTH, rtol=1e-4)


@worlds(10, 40)
def test_the_worth_of_four_passes_is_covered(worlds):
    truth = LAW.effective_epochs(TRUTH, 4)
    hits = 0
    for i in range(worlds):
        found = LAW.fit(simulate(i), draws=200, seed=i).derive(lambda p: LAW.effective_epochs(p, 4))
        hits += found.low <= truth <= found.high
    # 38 of 40 are expected.
    assert 0.85 + chance_band(0.95, 40) - chance_band(0.95, worlds) <= hits / worlds <= 1.0


def test_no_point_of_a_fine_grid_is_better_for_any_draw():
    """The slow obvious search: every pair of constants, for the fit and for each draw."""
    runs = simulate(1)
    fit = LAW.fit(runs, draws=30, seed=4)
    pairs = np.stack(np.meshgrid(np.geomspace(1, 1e4, 400), np.geomspace(0.1, 1e3, 300)), -1).reshape(-1, 2)
    table = huber(
        np.log(runs["loss"].to_numpy()) - np.log(LAW.predict(pd.DataFrame(pairs, columns=TRUTH.index), runs)),
        1e-3,
    )
    assert fit.objective <= table.sum(axis=1).min()
    counts = laws.fit.bootstrap_counts(np.arange(len(runs)), 30, 4)
    # Which draw does not finish can depend on rounding; that more than one does not is a fault.
    assert fit.unfinished <= 1
    counts = counts[fit.replicates.index]
    reached = (counts * cost(fit.replicates, runs)).sum(axis=1)
    assert (reached <= (counts @ table.T).min(axis=1) * (1 + 1e-9)).all()


def test_the_profile_is_the_lowest_of_a_grid():
    runs = simulate(2)
    fit = LAW.fit(runs, draws=0)
    curve = laws.profile_curve(fit, "r_data", np.geomspace(2, 200, 9))
    sizes = np.geomspace(0.1, 1e3, 4000)
    for row in curve.itertuples():
        some = pd.DataFrame({"r_data": row.value, "r_size": sizes})
        lowest = (
            huber(np.log(runs["loss"].to_numpy()) - np.log(LAW.predict(some, runs)), 1e-3).sum(axis=1).min()
        )
        assert lowest * (1 - 1e-4) <= row.objective <= lowest * (1 + 1e-9)


def test_without_repetition_a_decay_is_at_its_bound():
    runs = simulate(3)
    runs["unique_tokens"] = 10 * runs["tokens"]
    assert LAW.fit(runs, draws=0).status is not laws.Status.CONVERGED


def test_fresh_data_and_a_fed_model_are_the_base_law():
    runs = pd.DataFrame({"params": [1e6], "tokens": [1e9], "unique_tokens": [5e9]})
    E, A, B, alpha = BASE
    assert LAW.predict(TRUTH, runs).item() == pytest.approx(E + A * 1e6**-alpha + B * 1e9**-alpha)
    assert LAW.effective_epochs(TRUTH, 1) == 1.0
    assert LAW.effective_epochs({"r_data": 1e12}, 4) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("change", "error", "why"),
    [
        (lambda t: t.drop(columns="unique_tokens"), laws.MissingColumns, "'unique_tokens'"),
        (lambda t: t.assign(loss=np.nan), laws.BadValues, "positive finite"),
        (lambda t: t.head(2), laws.TooFewPoints, "at least 3"),
    ],
)
def test_bad_input_is_one_sentence(change, error, why):
    with pytest.raises(error, match=why):
        LAW.fit(change(simulate(0)), draws=0)


def test_a_base_law_without_its_constants_is_refused():
    with pytest.raises(laws.BadValues, match="B, alpha"):
        laws.Repeated(pd.Series({"E": 1.8, "A": 500.0}))


def test_the_published_rows():
    """Muennighoff et al. 2023, parametric_fit.ipynb, cells 20 and 29."""
    runs = sources.load("data-constrained-runs").query("in_headline_fit == 1")
    base = pd.Series(
        {"E": np.exp(0.6254804), "A": np.exp(6.255414), "B": np.exp(7.3049974), "alpha": 0.3526596}
    )
    law, printed = laws.Repeated(base), pd.Series({"r_data": 15.387756, "r_size": 5.309743})
    resid = np.log(runs["loss"]) - np.log(law.predict(printed, runs))
    assert huber(resid.to_numpy(), 1e-3).sum() == pytest.approx(0.0158259, abs=5e-8)
    sizes = law.best_size(np.array([1e8, 4e8, 1.5e9]))
    np.testing.assert_allclose(sizes, [5.0987e6, 20.395e6, 76.480e6], rtol=2.5e-5)

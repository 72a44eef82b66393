"""Repeated data: known constants come back, the grid is the function, bad input is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from moat import laws, sources
from moat.laws import repeated

BASE = pd.Series({"E": 1.87, "A": 521.0, "B": 1488.0, "alpha": 0.353})
TRUTH = laws.RepeatedLaw(BASE, 12.0, 5.0)


def simulate(seed: int, noise: float = 0.004) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    unique = rng.choice([1e8, 4e8, 1.5e9], 160)
    tokens = unique * rng.choice([1, 2, 4, 8, 16, 40, 100], 160)
    size = TRUTH.best_size(unique) * np.exp(rng.uniform(-1, 4, 160))
    runs = pd.DataFrame({"params": size, "tokens": tokens, "unique_tokens": unique})
    return runs.assign(loss=TRUTH.predict(runs) * np.exp(rng.laplace(scale=noise / np.sqrt(2), size=160)))


def test_known_constants_are_recovered():
    fit = laws.fit_repeated(BASE, simulate(0, noise=1e-9), draws=0)
    assert (fit.law.r_data, fit.law.r_size) == pytest.approx((12.0, 5.0), rel=1e-4)


def test_the_worth_of_four_passes_is_covered():
    truth = float(TRUTH.effective_epochs(4))
    hits = 0
    for i in range(60):
        found = laws.fit_repeated(BASE, simulate(i), draws=200, seed=i).effective_epochs(4)
        hits += found.low <= truth <= found.high
    assert 0.85 <= hits / 60 <= 1.0  # 57 expected


def test_the_grid_is_the_function_itself():
    runs = simulate(1)
    total = repeated._table(BASE, runs, 1e-3).sum(axis=0).reshape(len(repeated.R_DATA), -1)
    for i, j in ((0, 0), (80, 60), (160, 120)):
        law = laws.RepeatedLaw(BASE, repeated.R_DATA[i], repeated.R_SIZE[j])
        assert total[i, j] == pytest.approx(repeated.objective(law, runs), rel=1e-12)


def test_no_start_finds_better():
    runs = simulate(2)
    fit = laws.fit_repeated(BASE, runs, draws=0)
    for start in ((0.5, 0.5), (2.0, 0.0), (4.0, 3.0)):
        end = optimize.minimize(
            lambda x: 1e6 * repeated.objective(laws.RepeatedLaw(BASE, *np.exp(x)), runs),
            start,
            method="Nelder-Mead",
            bounds=[(0, 9.2), (-2.3, 6.9)],
        )
        assert fit.objective <= end.fun / 1e6 * (1 + 1e-6)


def test_fresh_data_and_a_fed_model_are_the_base_law():
    runs = pd.DataFrame({"params": [1e6], "tokens": [1e9], "unique_tokens": [5e9], "loss": [3.0]})
    E, A, B, alpha = BASE
    assert TRUTH.predict(runs).item() == pytest.approx(E + A * 1e6**-alpha + B * 1e9**-alpha)
    assert TRUTH.effective_epochs(1).item() == 1.0
    assert laws.RepeatedLaw(BASE, 1e12, 1.0).effective_epochs(4).item() == pytest.approx(4.0)


def test_the_best_size_is_the_best_of_all():
    flop = 6 * 1e9 * TRUTH.best_size(1e9).item()
    size = np.geomspace(1e6, 1e10, 20001)
    E, A, B, alpha = BASE
    loss = E + A * size**-alpha + B * (flop / 6 / size) ** -alpha
    assert size[loss.argmin()] == pytest.approx(TRUTH.best_size(1e9).item(), rel=1e-3)


@pytest.mark.parametrize(
    ("change", "error", "why"),
    [
        (lambda t: t.drop(columns="unique_tokens"), laws.MissingColumns, "'unique_tokens'"),
        (lambda t: t.assign(loss=np.nan), laws.BadValues, "positive finite"),
        (lambda t: t.head(3), laws.TooFewPoints, "at least four"),
    ],
)
def test_bad_input_is_one_sentence(change, error, why):
    with pytest.raises(error, match=why):
        laws.fit_repeated(BASE, change(simulate(0)), draws=0)


def test_the_published_rows():
    """Muennighoff et al. 2023, parametric_fit.ipynb, cells 20 and 29."""
    runs = sources.load("data-constrained-runs").query("in_headline_fit == 1")
    base = pd.Series(
        {"E": np.exp(0.6254804), "A": np.exp(6.255414), "B": np.exp(7.3049974), "alpha": 0.3526596}
    )
    law = laws.RepeatedLaw(base, 15.387756, 5.309743)
    assert repeated.objective(law, runs) == pytest.approx(0.0158259, abs=5e-8)
    np.testing.assert_allclose(law.best_size([1e8, 4e8, 1.5e9]), [5.0987e6, 20.395e6, 76.480e6], rtol=2.5e-5)

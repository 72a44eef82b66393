"""Dense equivalents: known answers come back, intervals cover, a missing floor looks like fading."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import laws, sources
from moat.chapters.sparse_experts import best_hyperparameters, choices, equivalent
from moat.chapters.sparse_experts.best_hyperparameters import Best, best_settings
from moat.chapters.sparse_experts.surface import fit_surface
from tests.simulated import chance_band, worlds

SIZES = np.array([1.65e7, 2.73e7, 5.74e7, 1.32e8, 3.68e8, 1.31e9])
EXPERTS = np.array([1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
#: No fading: c is nought, so the multiplier is the same at every size.
TRUTH = pd.Series(
    {"a": -0.175, "b": -0.11, "c": 0.0, "d": 1.54, "e_start": 2.4, "e_max": 300.0, "floor": 1.43}
)
LAW = laws.RoutedFloor()
RATE = (0.88, 1.0)  # 95% of a few dozen


def routed(seed: int, noise: float = 0.0025) -> pd.DataFrame:
    """Runs of the design of Clark et al. with a floor in the truth."""
    size, experts = (x.ravel() for x in np.meshgrid(SIZES, EXPERTS))
    runs = pd.DataFrame({"params": size, "experts": experts, "total_parameter_count": size * experts})
    scatter = np.random.default_rng(seed).normal(0, noise, len(runs))
    kind = np.where(experts == 1, "dense", "routed")
    return runs.assign(loss=LAW.predict(TRUTH, runs) * np.exp(scatter), kind=kind)


def test_known_constants_come_back():
    fit = LAW.fit(routed(0, noise=1e-9), draws=0)
    assert fit.status is laws.Status.CONVERGED
    np.testing.assert_allclose(fit.params, TRUTH, rtol=2e-3, atol=1e-6)
    assert np.isinf(LAW.vanishing(TRUTH))
    assert LAW.vanishing(pd.Series({"b": -0.1, "c": 0.01})) == pytest.approx(10)


def test_without_a_floor_the_law_sees_a_fading_that_is_not_there():
    runs = routed(1)
    plain, floor = (law.fit(runs, draws=100) for law in (laws.Routed(), LAW))
    assert plain.conf_int().loc["c", "low"] > 0.005
    assert equivalent.law_change(plain, 64).high < 0.8
    found = equivalent.law_change(floor, 64)
    assert found.low < 1 < found.high
    assert floor.objective < plain.objective / 3


@worlds(15, 60)
def test_what_is_read_between_dense_models_is_covered(worlds):
    worth = LAW.dense_equivalent(TRUTH, 5.74e7, 64) / 5.74e7
    fit = LAW.fit(routed(2), draws=0)
    hits, flat = [], []
    for seed in range(worlds):
        runs = routed(100 + seed)
        # The scatter is that of this data set, the curve that of another: only residuals are used.
        scatter = np.log(runs["loss"] / LAW.predict(fit.params, runs)).to_numpy()
        found = equivalent.read_off(runs, WithResiduals(scatter), draws=200, seed=seed)
        one, change = found.estimate(found.row(params=5.74e7, experts=64)), equivalent.change_with_size(found)
        hits.append(one.low <= worth <= one.high)
        flat.append(change.low <= 1 <= change.high)
    slack = chance_band(0.95, worlds) - chance_band(0.95, 60)
    assert RATE[0] - slack <= np.mean(hits) <= RATE[1]
    assert RATE[0] - slack <= np.mean(flat) <= RATE[1]


class WithResiduals:
    def __init__(self, resid):
        self.resid = resid


def test_nothing_is_read_below_the_largest_dense_model():
    runs = routed(3)
    found = equivalent.read_off(runs, WithResiduals(np.zeros(1)), draws=5, seed=0).table
    assert (found["size"] <= SIZES[-1] * (1 + 1e-9)).all()
    assert 0 < len(found) < (runs["kind"] == "routed").sum()
    assert not ((found["params"] == SIZES[-1]) & (found["experts"] > 1)).any()


def bowl(loss: float, rng: np.random.Generator, noise: float = 0.002) -> pd.DataFrame:
    """A grid of learning rates and batches with its lowest loss between the points."""
    lr, sequences = (x.ravel() for x in np.meshgrid(2.0 ** np.arange(-13, -6, 0.5), 2.0 ** np.arange(5, 11)))
    x, y = np.log(lr * 1300), np.log(sequences / 150)
    curve = 0.012 * x**2 + 0.015 * y**2 - 0.009 * x * y
    scatter = rng.normal(0, noise, len(lr))
    return pd.DataFrame({"lr": lr, "sequences": sequences, "loss": loss + curve + scatter})


def test_the_best_setting_is_found_between_the_points_and_covered():
    rng = np.random.default_rng(0)
    runs = pd.concat([bowl(2.3, rng).assign(cell=i) for i in range(60)])
    best = best_settings(runs, ["cell"], draws=200)
    assert best.table["loss"].mean() == pytest.approx(2.3, abs=4e-4)
    assert best.table["lowest"].mean() < 2.2995  # the luckiest of many
    low, high = np.quantile(best.draws, [0.025, 0.975], axis=1)
    assert RATE[0] <= np.mean((low <= 2.3) & (high >= 2.3)) <= RATE[1]


def test_a_grid_that_does_not_turn_gives_its_lowest_fitted_value():
    grid = bowl(2.3, np.random.default_rng(1))
    slope = grid.assign(loss=2.3 + 0.001 * np.log(grid["lr"] / grid["lr"].min()), cell=0)
    assert best_settings(slope, ["cell"]).table["loss"].item() == pytest.approx(2.3, abs=1e-6)
    with pytest.raises(laws.TooFewPoints, match="10 are needed"):
        best_settings(slope.head(5), ["cell"])


#: Cells of the dense grid of Li et al.: size in millions, tokens in billions.
CELLS = {
    215: (4, 11.4, 20, 100),
    268: (5, 14.2, 25, 80),
    429: (8, 22.7, 40, 50),
    537: (10, 28.4, 50),
    1074: (20, 56.9),
}
DENSE = pd.DataFrame(
    [(n * 1e6, d * 1e9) for n, many in CELLS.items() for d in many], columns=["params", "tokens"]
)
QUADRATIC = np.array([0.85, -0.063, -0.040, 0.009, -0.011, 0.006])


def dense_loss(params, tokens):
    n, d = np.log(np.asarray(params) / 4e8), np.log(np.asarray(tokens) / 2e10)
    return np.exp(np.stack([np.ones_like(n), n, d, n * n, n * d, d * d], axis=-1) @ QUADRATIC)


def mixture(loss: float, rng: np.random.Generator, draws: int) -> Best:
    """One sparse cell whose tuned loss is known to a thousandth."""
    cell = {"total_params": 2.15e9, "params": 2e8, "tokens": 2e10, "loss": loss * np.exp(rng.normal(0, 5e-4))}
    return Best(pd.DataFrame([cell]), cell["loss"] * np.exp(rng.normal(0, 5e-4, (1, draws))))


@worlds(20, 80)
def test_dense_equivalents_are_covered(worlds):
    hits = []
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        truth = dense_loss(DENSE["params"], DENSE["tokens"])
        cells = DENSE.assign(loss=truth * np.exp(rng.normal(0, 0.0015, len(DENSE))))
        surface = fit_surface(cells, draws=200, seed=seed)
        found = equivalent.dense_equivalents(mixture(dense_loss(6e8, 2e10), rng, 200), surface)
        assert found.table["inside"].item()
        one = found.estimate(0)
        hits.append(one.low <= 3 <= one.high)
    slack = chance_band(0.95, worlds) - chance_band(0.95, 80)
    assert RATE[0] - slack <= np.mean(hits) <= RATE[1]


def test_a_law_that_is_not_quadratic_moves_an_equivalent_inside_its_runs_by_little():
    """Losses of a Chinchilla law, fitted by the quadratic: two per cent where dense runs surround it."""
    truth = pd.Series({"E": 1.4, "A": 100.0, "B": 273.0, "alpha": 0.26, "beta": 0.285})
    surface = fit_surface(DENSE.assign(loss=laws.Chinchilla().predict(truth, DENSE)))
    for size in (3e8, 6e8, 9e8):
        one = pd.DataFrame({"params": [size], "tokens": [2e10]})
        found = float(surface.size_at(laws.Chinchilla().predict(truth, one).item(), 2e10))
        assert surface.inside(size, 2e10).item()
        assert found == pytest.approx(size, rel=0.02)


def test_what_no_dense_model_reaches_is_infinite_and_outside():
    surface = fit_surface(DENSE.assign(loss=dense_loss(DENSE["params"], DENSE["tokens"])), draws=3)
    assert np.isinf(surface.size_at(1.2, 2e10))
    assert not surface.inside(np.inf, 2e10).item()
    assert not surface.inside(2e8, 2e9).item()
    assert np.isinf(surface.size_at(1.2, 2e10, drawn=True)).all()
    with pytest.raises(laws.TooFewPoints, match="at least 10 cells"):
        fit_surface(surface.cells.head(8))


def test_a_gain_is_the_difference_of_two_cells_and_names_what_is_missing():
    cells = pd.DataFrame({"params": [1e8, 1e8], "tokens": [4e9, 2e10], "loss": [2.6, 2.4]})
    dense, sparse = (
        Best(cells, np.full((2, 9), 2.5)),
        Best(cells.assign(loss=[2.5, 2.25]), np.full((2, 9), 2.4)),
    )
    first, last, growth = best_hyperparameters.gain(dense, sparse, 1e8, 1e8, (4e9, 2e10))
    assert (first.value, last.value, growth.value) == pytest.approx((0.1, 0.15, 0.05))
    with pytest.raises(laws.TooFewPoints, match="0 cells"):
        dense.at(params=3e8, tokens=4e9)


def test_runs_on_the_same_batch_agree_in_what_it_costs():
    rng = np.random.default_rng(0)
    keys = pd.DataFrame(
        {"sequences": np.tile([32, 64, 128], 20), "iterations": np.repeat([100, 200, 400, 800], 15)}
    )
    hard = keys.groupby(["sequences", "iterations"]).ngroup().map(dict(enumerate(rng.normal(0, 0.05, 12))))
    one = keys.assign(loss=2.5, last=2.5 + hard)
    other = keys.assign(loss=2.3, last=2.3 + hard + rng.normal(0, 0.002, len(keys)))
    pairs = best_hyperparameters.shared_text(one, other)
    assert len(pairs) == 12
    assert np.corrcoef(pairs["one"], pairs["other"])[0, 1] > 0.99


def upstream(*names: str) -> list[pd.DataFrame]:
    try:
        return [sources.load(name) for name in names]
    except sources.SourceUnavailable as error:
        pytest.skip(str(error))


def test_the_choices_for_routed_models_are_told_apart():
    (curves,) = upstream("routed-curves")
    runs = equivalent.finished(curves, "Hash")
    assert runs["kind"].value_counts().to_dict() == {"routed": 51, "dense": 8}
    fits = {"Hash": (laws.Routed().fit(runs, draws=50), LAW.fit(runs, draws=50))}
    table = choices.routed_choices(curves, fits, 57_369_600, 64, draws=50, seed=0)
    assert len(table) == 6
    assert not table.duplicated(["router", "loss", "seeds", "reading"]).any()
    assert table["value"].between(3.3, 4.0).all()
    assert (table["low"] < table["value"]).all()
    layout = choices.layout_choices(curves, 27_279_360, 64).set_index(["layers", "chosen"])
    assert (
        layout.loc[("1", "1"), "value"]
        > layout.loc[("0.5", "1"), "value"]
        > layout.loc[("0.25", "1"), "value"]
    )
    # Four experts a token: the active size is that of the widened dense model, 52 million.
    assert layout.loc[("0.5", "4"), "value"] == pytest.approx(1.885e8 / 5.245e7, rel=0.01)


def test_the_choices_for_tuned_mixtures_agree_where_dense_runs_surround_them():
    dense, sparse = (t.assign(loss=t["smooth_loss"]) for t in upstream("steplaw-dense", "steplaw-moe"))
    cell = {"params": 187_973_632, "tokens": 2e10}
    table = choices.step_choices(dense, sparse, cell, draws=50, seed=0)
    assert len(table) == 13
    assert table["value"].between(2.85, 3.15).all()
    assert table["low"].isna().sum() == 3  # the lowest runs and the two laws

"""The public fit: recovery, vocabulary, and one clear sentence for each bad input."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moat import laws, sources
from tests.simulated import TRUTH, simulate

LAW = laws.Chinchilla()
truths = st.builds(
    lambda *v: pd.Series(dict(zip(LAW.names, v, strict=True))),
    st.floats(1.2, 2.5), st.floats(100, 2000), st.floats(100, 5000), st.floats(0.2, 0.5), st.floats(0.2, 0.5),
)  # fmt: skip


@settings(max_examples=25, deadline=None, derandomize=True)
@given(truths)
def test_known_parameters_are_recovered(truth):
    runs = simulate(0)
    runs["loss"] = LAW.predict(truth, runs)
    fit = LAW.fit(runs, draws=0)
    assert fit.status is laws.Status.CONVERGED
    np.testing.assert_allclose(fit.params, truth, rtol=1e-3)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.floats(1e-3, 1e3))
def test_a_change_of_unit_changes_only_its_coefficient(factor):
    runs = simulate(1, rows=60)
    before, after = LAW.fit(runs, draws=0), LAW.fit(runs.assign(params=factor * runs["params"]), draws=0)
    expected = before.params * [1, factor ** before.params["alpha"], 1, 1, 1]
    np.testing.assert_allclose(after.params, expected, rtol=1e-4)
    assert after.objective == pytest.approx(before.objective, rel=1e-9)


def test_the_order_of_rows_does_not_matter():
    runs = simulate(2, rows=80)
    one, other = LAW.fit(runs, draws=0), LAW.fit(runs.iloc[::-1], draws=0)
    np.testing.assert_allclose(one.params, other.params, rtol=1e-6)


def test_all_starts_agree_on_clean_data_and_the_count_is_told():
    fit = LAW.fit(simulate(3), draws=0)
    assert 1 <= fit.agreeing <= fit.starts
    assert fit.agreeing >= fit.starts / 2


def test_the_same_seed_gives_the_same_intervals():
    runs = simulate(4, rows=80)
    pd.testing.assert_frame_equal(
        LAW.fit(runs, draws=50, seed=1).replicates, LAW.fit(runs, draws=50, seed=1).replicates
    )
    assert not LAW.fit(runs, draws=50, seed=1).replicates.equals(LAW.fit(runs, draws=50, seed=2).replicates)


def test_a_floor_that_would_be_negative_is_at_its_bound():
    """Losses below the two power laws: the best irreducible loss is zero."""
    runs = simulate(5, noise=0.0)
    runs["loss"] = LAW.predict(TRUTH.replace(TRUTH["E"], 0.0), runs) * runs["params"] ** -0.01
    fit = LAW.fit(runs.assign(loss=runs["loss"] - 0.02), draws=0)
    assert fit.status is laws.Status.AT_BOUND
    assert fit.at_bound == ("E",)


def test_what_the_runs_cannot_tell_apart_is_not_identified():
    """Tokens in a fixed ratio to parameters: one column does the work of both."""
    runs = simulate(5, noise=0.0).assign(tokens=lambda t: 20 * t["params"])
    runs["loss"] = LAW.predict(TRUTH, runs)
    assert LAW.fit(runs, draws=0).status is laws.Status.UNIDENTIFIED


def test_a_loss_that_nothing_changes_has_no_terms():
    fit = LAW.fit(simulate(5).assign(loss=2.0), draws=0)
    assert fit.status is laws.Status.AT_BOUND
    assert fit.at_bound == ("A", "B")


def test_clusters_are_resampled_whole_and_widen_the_intervals():
    runs = simulate(6)
    runs["lab"] = np.arange(len(runs)) % 12
    runs["loss"] *= np.exp(np.random.default_rng(0).normal(0, 0.01, 12))[runs["lab"]]
    rows, labs = LAW.fit(runs, draws=300), LAW.fit(runs, draws=300, cluster="lab")
    assert labs.method.endswith("by lab")
    middle = pd.DataFrame({"params": [1e9], "tokens": [2e10]})
    width = lambda fit: (band := fit.get_prediction(middle))["high"][0] - band["low"][0]
    assert width(labs) > 2 * width(rows)


def test_the_vocabulary_is_that_of_statsmodels():
    fit = LAW.fit(simulate(7, rows=80), draws=100)
    assert list(fit.bse.index) == list(fit.params.index) == list(LAW.names)
    assert fit.cov_params().shape == (5, 5)
    assert list(fit.conf_int().columns) == ["low", "high"]
    assert {"estimate", "se", "low", "high"} <= set(fit.summary().columns)
    np.testing.assert_allclose(fit.resid, np.log(fit.data["loss"] / fit.fittedvalues))
    band = fit.get_prediction(fit.data.head(3))
    assert (band["low"] <= band["mean"]).all()
    assert (band["mean"] <= band["high"]).all()


def test_the_optimum_is_the_best_of_all_splits():
    fit = LAW.fit(simulate(8, rows=80), draws=50)
    table = fit.optimal([1e20, 1e24])
    for flop, row in table.iterrows():
        sizes = np.geomspace(row["params"] / 30, row["params"] * 30, 20_001)
        splits = pd.DataFrame({"params": sizes, "tokens": flop / 6 / sizes})
        losses = LAW.predict(fit.params, splits)
        assert row["loss"] == pytest.approx(losses.min(), rel=1e-9)
        assert sizes[losses.argmin()] == pytest.approx(row["params"], rel=1e-3)
        assert row["tokens_per_param_low"] < row["tokens_per_param"] < row["tokens_per_param_high"]


def test_the_compute_exponent_is_the_slope_of_the_best_loss():
    low, high = (LAW.optimal(TRUTH, flop)["loss"].item() - TRUTH["E"] for flop in (1e22, 1e23))
    assert -np.log10(high / low) == pytest.approx(LAW.compute_exponent(TRUTH), rel=1e-9)


def test_overspending_is_what_the_best_split_would_have_saved():
    """Brute force: look for the budget whose best loss equals that of the bad split."""
    flop, size = 1e22, 5e10
    runs = pd.DataFrame({"params": [size], "tokens": [flop / 6 / size]})
    reached = LAW.predict(TRUTH, runs).item()
    budgets = np.geomspace(flop / 100, flop, 200_001)
    enough = budgets[LAW.optimal(TRUTH, budgets)["loss"] <= reached][0]
    assert LAW.overspend(TRUTH, [size], [flop]).item() == pytest.approx(flop / enough, rel=1e-4)
    best = LAW.optimal(TRUTH, flop)["params"]
    assert LAW.overspend(TRUTH, best, [flop]).item() == pytest.approx(1.0)
    draws = pd.DataFrame([TRUTH, TRUTH * 1.01])
    assert LAW.overspend(draws, [size, size], [flop, 2 * flop]).shape == (2, 2)


def test_a_difference_of_fits_needs_the_same_runs_or_other_seeds():
    a, b = simulate(9, rows=60), simulate(10, rows=70)
    one, two = LAW.fit(a, draws=100, seed=0), LAW.fit(a.assign(loss=a["loss"] * 1.001), draws=100, seed=0)
    paired = two.difference(one, lambda p: p["E"])
    assert paired.high - paired.low < one.estimate("E").high - one.estimate("E").low
    assert paired.method.startswith("paired")
    with pytest.raises(laws.FitError, match="different seeds"):
        one.difference(LAW.fit(b, draws=100, seed=0), lambda p: p["E"])


def test_a_difference_of_fits_with_other_seeds_is_not_called_paired():
    """Tables of equal length, drawn independently: the interval is wider and both tables count."""
    one, two = (LAW.fit(simulate(9, rows=60), draws=100, seed=s) for s in (0, 1))
    apart = one.difference(two, lambda p: p["E"])
    assert apart.method.startswith("independent")
    assert apart.n == 120


def test_the_findings_that_must_hold():
    """Besiroglu et al. 2024, on our own reading of the same figure."""
    runs = sources.load("chinchilla-points").sort_values("loss", ascending=False).iloc[5:]
    fit = LAW.fit(runs, draws=0)
    assert fit.params["alpha"] == pytest.approx(0.340, abs=5e-4)
    assert fit.params["beta"] == pytest.approx(0.377, abs=5e-4)


good = simulate(11, rows=40)


@pytest.mark.parametrize(
    ("data", "error", "why"),
    [
        (good.drop(columns="tokens"), laws.MissingColumns, "no column 'tokens'"),
        (good.rename(columns={"loss": "Loss"}), laws.MissingColumns, "no column 'loss'"),
        (good.head(5), laws.TooFewPoints, "at least 6"),
        (good.assign(loss=np.nan), laws.BadValues, "finite"),
        (good.assign(loss=np.inf), laws.BadValues, "finite"),
        (good.assign(tokens=-good["tokens"]), laws.BadValues, "positive"),
        (good.assign(params=0), laws.BadValues, "positive"),
        (good.assign(params="many"), laws.BadValues, "'many'"),
        (good.assign(params=1e9), laws.BadValues, "never varies"),
        ({**good.to_dict("list"), "loss": [1.0, 2.0]}, laws.LengthMismatch, "differ in length"),
        (good.assign(loss=good["loss"].where(good.index != 3)), laws.BadValues, "row 3 holds nan "),
    ],
)
def test_bad_input_is_one_clear_sentence(data, error, why):
    with pytest.raises(error, match=why) as caught:
        LAW.fit(data, draws=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "options", "error", "why"),
    [
        (good.assign(w=0.0), {"weights": "w"}, laws.TooFewPoints, "0 rows of positive weight"),
        (good.assign(w=(good.index < 5) * 1.0), {"weights": "w"}, laws.TooFewPoints, "5 rows of positive"),
        (good.assign(lab=["a", None] * 20), {"cluster": "lab"}, laws.BadValues, "row 1 is empty"),
        (good, {"draws": -1}, laws.BadValues, "must not be negative"),
    ],
)
def test_bad_weights_clusters_and_draws_are_refused(data, options, error, why):
    with pytest.raises(error, match=why):
        LAW.fit(data, **options)


def test_draws_that_all_failed_are_not_taken_for_none():
    few = good.assign(lab=np.arange(40) % 6)
    with pytest.raises(laws.FitError, match="None of the 1 bootstrap draws"):
        LAW.fit(few, draws=1, seed=3, cluster="lab").conf_int()


def test_other_wrong_requests_are_refused():
    fit = LAW.fit(good, draws=0)
    with pytest.raises(laws.FitError, match="no bootstrap draws"):
        fit.conf_int()
    with pytest.raises(laws.FitError, match="no parameter 'gamma'"):
        fit.estimate("gamma")
    with pytest.raises(laws.FitError, match="Unknown interval"):
        LAW.fit(good, draws=20).conf_int(method="exact")
    with pytest.raises(laws.FitError, match="Power has no closed form"):
        laws.Power().fit({"flop": [1.0, 2, 3], "value": [1.0, 2, 3]}, draws=0).optimal(1e22)
    with pytest.raises(laws.BadValues, match="positive number of FLOP"):
        LAW.optimal(TRUTH, 0.0)
    with pytest.raises(laws.BadValues, match="no compute-optimal"):
        LAW.optimal(TRUTH.replace(TRUTH["alpha"], -0.1), 1e22)


def test_warm_starts_miss_no_minimum_and_a_missed_one_is_counted():
    fit = LAW.fit(simulate(11), draws=60)
    assert fit.missed(40) == 0
    worse = dataclasses.replace(fit, replicates=fit.replicates * 1.01)
    assert worse.missed(40) == 40

"""Shapley shares where they are known: causes that add up, causes that multiply, and all orders by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from moat.chapters.verdict import decomposition
from moat.errors import FrontierError
from moat.stats.estimate import Estimate
from moat.stats.shapley import shares


def by_orders(quantity, before, after):
    """The slow and obvious way: walk through every order."""
    orders = list(permutations(before))
    total = {c: [] for c in before}
    for order in orders:
        state = dict(before)
        for cause in order:
            start = quantity(state)
            state[cause] = after[cause]
            total[cause].append(quantity(state) - start)
    return {c: (np.mean(v, axis=0), np.min(v, axis=0), np.max(v, axis=0)) for c, v in total.items()}


def states(seed, causes="abcd", draws=7):
    rng = np.random.default_rng(seed)
    return [{c: rng.normal(size=draws) for c in causes} for _ in range(2)]


def test_causes_that_add_up_get_their_own_change_in_every_order():
    before, after = states(0)
    found = shares(lambda s: s["a"] - 2 * s["b"] + s["c"] + 0 * s["d"], before, after)
    for cause, factor in {"a": 1, "b": -2, "c": 1, "d": 0}.items():
        expected = factor * (after[cause] - before[cause])
        for way in (found.mean, found.first, found.last, found.low, found.high):
            np.testing.assert_allclose(way[cause], expected, atol=1e-12)


def test_two_causes_that_multiply_share_their_product_by_the_mean_of_the_other():
    before, after = states(1, "ab")
    found = shares(lambda s: s["a"] * s["b"], before, after)
    for one, other in ("ab", "ba"):
        change = after[one] - before[one]
        np.testing.assert_allclose(found.mean[one], change * (before[other] + after[other]) / 2)
        np.testing.assert_allclose(found.first[one], change * before[other])
        np.testing.assert_allclose(found.last[one], change * after[other])


def test_the_shares_are_the_mean_over_all_orders_and_sum_to_the_change():
    before, after = states(2)
    quantity = lambda s: np.sin(s["a"]) * s["b"] + s["c"] ** 2 * s["d"] * s["a"]
    found, slow = shares(quantity, before, after), by_orders(quantity, before, after)
    for cause, (mean, low, high) in slow.items():
        np.testing.assert_allclose(found.mean[cause], mean)
        np.testing.assert_allclose(found.low[cause], low)
        np.testing.assert_allclose(found.high[cause], high)
    np.testing.assert_allclose(sum(found.mean.values()), quantity(after) - quantity(before))


def test_both_states_name_the_same_causes():
    with pytest.raises(FrontierError, match="same causes"):
        shares(lambda s: s["a"], {"a": np.zeros(1)}, {"b": np.zeros(1)})


def side(tilt, seed):
    rng = np.random.default_rng(seed)
    return decomposition.Side(*rng.normal(size=(4, 5)), tilt=np.full(5, tilt))


def test_without_a_tilt_the_split_of_effective_compute_is_unique_and_exact():
    then, now = side(0.0, 3), side(0.0, 4)
    found = decomposition.parts(then, now)
    np.testing.assert_allclose(found.low["algorithms"], found.high["algorithms"])
    np.testing.assert_allclose(found.mean["price"], then.price - now.price)
    np.testing.assert_allclose(found.mean["utilisation"], now.use - then.use)
    skill = (now.effective - now.compute) - (then.effective - then.compute)
    np.testing.assert_allclose(found.mean["algorithms"], skill)
    np.testing.assert_allclose(sum(found.mean.values()), now.effective - then.effective)


def test_with_a_tilt_the_split_has_the_closed_form():
    then, now, t = side(0.0, 5), side(-0.4, 6), -0.4
    found = decomposition.parts(then, now)
    before, after = then.state(), now.state()
    for cause, sign in {"spending": 1, "price": -1, "utilisation": 1}.items():
        change = sign * (after[cause] - before[cause])
        np.testing.assert_allclose(found.mean[cause], (1 + t / 2) * change)
        np.testing.assert_allclose(found.first[cause], change)
        np.testing.assert_allclose(found.last[cause], (1 + t) * change)
    skill = after["algorithms"][0] - before["algorithms"][0]
    middle = (then.compute + now.compute) / 2
    np.testing.assert_allclose(found.mean["algorithms"], skill + t * middle)
    np.testing.assert_allclose(found.first["algorithms"], skill + t * then.compute)
    np.testing.assert_allclose(found.last["algorithms"], skill + t * now.compute)
    np.testing.assert_allclose(sum(found.mean.values()), now.effective - then.effective)


def test_the_parts_of_a_day_give_back_its_gap():
    here = side(0.3, 7)
    np.testing.assert_allclose(decomposition.effective(here.state()), here.effective)


def test_draws_keep_the_interval_and_bounds_keep_their_ends():
    rng = np.random.default_rng(8)
    lopsided = Estimate(7.3, 1.5, 10.0, 9, "made up", 0.9)
    x = decomposition.drawn(lopsided, 100_000, rng)
    np.testing.assert_allclose(np.quantile(x[1:], [0.05, 0.5, 0.95]), [1.5, 7.3, 10.0], atol=0.1)
    y = decomposition.between(-1.0, 0.0, 10_000, rng)
    assert y[0] == -0.5
    assert (y.min() >= -1, y.max() <= 0) == (True, True)
    found = decomposition.estimates({"a": x}, n=9, method="demo")["a"]
    assert (found.value, found.level, found.n) == (7.3, 0.9, 9)


def test_a_ratio_has_a_logarithm_and_a_sign_can_be_turned():
    found = decomposition.logged(Estimate(10.0, 1.0, 1000.0, 9, "made up", 0.9))
    assert (found.value, found.low, found.high) == pytest.approx((1.0, 0.0, 3.0))
    assert ((-found).value, (-found).low, (-found).high) == (-found.value, -found.high, -found.low)
    with pytest.raises(FrontierError, match="no logarithm"):
        decomposition.logged(Estimate(1.0, 0.0, 2.0, 9, "made up", 0.9))


def test_intervals_of_the_parts_cover_a_known_truth_at_their_rate():
    """Inputs measured with known normal errors: the 90% interval of a share holds the truth in 90%."""
    truth = [decomposition.Side(*(np.array([v]) for v in row)) for row in
             ((0.7, 0.6, 0.0, 0.0, 0.0), (0.5, 1.0, -0.2, 0.1, -0.2))]  # fmt: skip
    wanted = decomposition.parts(*truth).mean["algorithms"][0]
    rng, error, hits, worlds = np.random.default_rng(9), 0.2, 0, 300
    reach = decomposition.REACH * error
    for _ in range(worlds):
        sides = []
        for real in truth:
            seen = [v[0] + error * rng.standard_normal() for v in (real.effective, real.compute)]
            measured = [
                decomposition.drawn(Estimate(v, v - reach, v + reach, 1, "", 0.9), 400, rng) for v in seen
            ]
            sides.append(decomposition.Side(*measured, real.price, real.use, real.tilt))
        found = decomposition.estimates(decomposition.parts(*sides).mean, 1, "")["algorithms"]
        hits += found.low <= wanted <= found.high
    assert 0.85 < hits / worlds < 0.95

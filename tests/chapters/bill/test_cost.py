"""Bills: closed forms recovered, scopes kept apart, units that cannot be mistaken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from moat import sources
from moat.chapters.bill import cost, rivals
from moat.chapters.bill.cost import Cost, Draws, Servers
from moat.errors import FrontierError
from moat.hardware import flop
from moat.hardware.units import Bits, Params, Peak, achieved, hours_needed, utilisation

INPUTS = pd.DataFrame(
    [
        (cost.PRICE, 2.0, 1.5, 3.5, "uniform"),
        (cost.SHARE, 0.2, 0.1, 0.3, "uniform"),
        (cost.STAFF, 0.4, 0.3, 0.5, "uniform"),
        (cost.LIFE, 4.0, 3.0, 5.0, "uniform"),
        (cost.BUSY, 0.7, 0.5, 0.9, "uniform"),
        ("FLOP", 2e25, 1e25, 4e25, "log-normal"),
        ("chips", 2048.0, 2048.0, 2048.0, "fixed"),
    ],
    columns=["item", "value", "low", "high", "law"],
)
OWNED = Servers(30000.0, 40000.0, network=0.2, energy=0.07)
H100 = Peak(989e12, bits=16)
V3 = Params(total=671e9, active=37e9)


@pytest.fixture(scope="module")
def models():
    return sources.load("models")


@pytest.fixture(scope="module")
def draw():
    return Draws(sources.load("cost-inputs"), 4000, seed=0)


def one_sentence(caught) -> str:
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


# Draws.


def test_draws_follow_the_stated_laws():
    draw = Draws(INPUTS, 200_000, seed=1)
    price, size = draw(cost.PRICE), draw("FLOP")
    assert (price.min(), price.max()) == (pytest.approx(1.5, abs=1e-3), pytest.approx(3.5, abs=1e-3))
    assert price.mean() == pytest.approx(2.5, abs=0.01)
    assert np.quantile(size, [0.05, 0.5, 0.95]) == pytest.approx([1e25, 2e25, 4e25], rel=0.02)
    assert np.ptp(draw("chips")) == 0


def test_an_item_has_its_own_stream_and_an_owner_its_own_draws():
    more = pd.concat([pd.DataFrame([("new", 1.0, 1.0, 2.0, "uniform")], columns=INPUTS.columns), INPUTS])
    a, b = Draws(INPUTS, 50, seed=3), Draws(more, 50, seed=3)
    assert (a(cost.PRICE, "x") == b(cost.PRICE, "x")).all()
    assert (a(cost.PRICE, "x") != a(cost.PRICE, "y")).all()
    assert (
        abs(
            np.corrcoef(Draws(INPUTS, 20000, 0)(cost.PRICE, "x"), Draws(INPUTS, 20000, 0)(cost.SHARE, "x"))[
                0, 1
            ]
        )
        < 0.03
    )


def test_a_product_of_log_normals_is_the_closed_form():
    """The ratio of two has the summed variance, and its 90% interval follows."""
    rng = np.random.default_rng(0)
    a, b = (np.exp(rng.normal(m, s, 200_000)) for m, s in ((1.0, 0.3), (2.0, 0.4)))
    found = (Cost("a", 1, {"x": a}) / Cost("b", 1, {"y": b})).estimate()
    arm = stats.norm.ppf(0.95) * 0.5
    assert [found.low, found.value, found.high] == pytest.approx(np.exp([-1 - arm, -1, -1 + arm]), rel=0.01)


def test_the_interval_covers_a_synthetic_truth():
    """Truths are drawn from the stated laws: nine in ten lie inside, in every scope."""
    draw, truth = Draws(INPUTS, 4000, seed=0), Draws(INPUTS, 2000, seed=99)
    for scope in cost.SCOPES:
        made = [
            cost.bills("A", {"h": 1.0}, d, OWNED)[scope] / cost.bills("B", {"h": 8.0}, d, OWNED)[scope]
            for d in (draw, truth)
        ]
        found = made[0].estimate()
        inside = (made[1].values >= found.low) & (made[1].values <= found.high)
        assert inside.mean() == pytest.approx(1.0 if scope == 1 else 0.9, abs=0.025)


# Scopes.


def test_one_scope_is_never_held_against_another(models, draw):
    owned = OWNED
    ours = rivals.deepseek("DeepSeek-V3", models, draw, owned)
    theirs = rivals.rival("Llama 3.1-405B", models, draw, owned)
    for above in cost.SCOPES:
        for below in cost.SCOPES:
            if above == below:
                assert (ours[above] / theirs[below]).estimate().value > 0
                continue
            with pytest.raises(FrontierError, match="unlike bills") as caught:
                ours[above] / theirs[below]
            one_sentence(caught)
    with pytest.raises(FrontierError, match="compared with a cost"):
        ours[1] / 77e6
    with pytest.raises(FrontierError, match="A scope is one of"):
        Cost("A", 5, {})


def test_a_common_price_cancels_and_own_prices_do_not(models, draw):
    ours = rivals.deepseek("DeepSeek-V3", models, draw, OWNED)
    theirs = rivals.rival("Llama 3.1-405B", models, draw, OWNED)
    first = (ours[1] / theirs[1]).estimate()
    assert first.low == first.value == first.high == pytest.approx(2.788 / 30.84)
    second = ours[2] / theirs[2]
    assert second.estimate().low < second.estimate().value < second.estimate().high
    assert second.values == pytest.approx(ours[2].usd / theirs[2].usd)


def test_each_step_up_the_ladder_costs_more(models, draw):
    steps = rivals.deepseek("DeepSeek-V3", models, draw, OWNED)
    assert steps[3].usd.min() > steps[2].usd.min() / 0.3
    assert (steps[3].usd >= steps[2].usd / 0.3 * (1 - 1e-9)).all()
    assert steps[2].usd == pytest.approx(2.788e6 * draw(cost.PRICE, "DeepSeek"))


def test_r1_is_v3_and_its_training_afterwards(models, draw):
    v3, r1 = (rivals.deepseek(p, models, draw, OWNED)[1].usd for p in rivals.PRODUCTS)
    assert r1 / v3 == pytest.approx((2.788 + 0.147) / 2.788)
    with pytest.raises(FrontierError, match="products here"):
        rivals.deepseek("R1 alone", models, draw, OWNED)


def test_a_cost_stated_in_words_is_taken_as_the_final_run(models, draw):
    claude = rivals.rival("Claude 3.5 Sonnet", models, draw, OWNED)
    stated = draw("stated cost of Claude 3.5 Sonnet")
    assert claude[2].usd == pytest.approx(1e6 * stated)
    hours = 1e6 * stated / draw(cost.PRICE, "Claude 3.5 Sonnet")
    assert claude[1].usd == pytest.approx(hours * draw.common_price)


def test_contributions_sum_to_the_whole_variance():
    draw = Draws(INPUTS, 50_000, seed=2)
    ratio = cost.bills("A", {"h": 1.0}, draw, OWNED)[4] / cost.bills("B", {"h": 8.0}, draw, OWNED)[4]
    table = ratio.tornado()
    assert table["share"].sum() == pytest.approx(1.0)
    single = sum(np.log(v).var() for v in ratio.factors.values() if np.ndim(v))
    assert np.log(ratio.values).var() == pytest.approx(single, rel=0.02)
    assert ((table["low"] < table["value"]) & (table["value"] < table["high"])).all()
    assert table["share"].is_monotonic_decreasing
    assert set(table["factor"].str.split(":").str[0]) == {"A", "B"}


def test_faults_of_the_inputs_are_one_sentence():
    upside = INPUTS.assign(low=INPUTS["high"] * 2)
    with pytest.raises(FrontierError, match="upside down") as caught:
        Draws(upside, 10, 0)
    one_sentence(caught)
    with pytest.raises(FrontierError, match="No law is stated for 'rent'") as caught:
        Draws(INPUTS, 10, 0)("rent")
    with pytest.raises(FrontierError, match="not 'triangular'"):
        Draws(INPUTS.assign(law="triangular"), 10, 0)("FLOP")
    with pytest.raises(FrontierError, match="discloses no GPU-hours") as caught:
        rivals.gpu_hours(sources.load("models"), ["GPT-4"])
    one_sentence(caught)


# Specifications.


def test_the_grid_holds_every_choice_once_and_only_where_it_matters(models, draw):
    grid = rivals.specifications(models, sources.load("architectures"), draw, OWNED)
    choices = ["product", "hours", "price", "research", "scope"]
    assert len(grid) >= 24
    assert not grid.duplicated(choices).any()
    assert set(grid["scope"]) == {"(1)", "(2)", "(3)", "(4)"}
    assert not ((grid["scope"] < "(3)") & grid["research"].str.startswith("2 to 4")).any()
    primary = grid[(grid["hours"] == "as disclosed") & (grid["scope"] == "(1)")].set_index("product")["value"]
    assert primary["DeepSeek-V3"] == pytest.approx(2.788 / 30.84)
    assert ((grid["low"] <= grid["value"]) & (grid["value"] <= grid["high"])).all()


# Units.


def test_sparse_and_dense_peaks_cannot_be_mistaken():
    sparse = Peak(1979e12, bits=16, dense=False)
    with pytest.raises(FrontierError, match="as_dense") as caught:
        utilisation(3.286e24, 2.788e6, sparse)
    one_sentence(caught)
    assert utilisation(3.286e24, 2.788e6, sparse.as_dense()) == pytest.approx(0.331, abs=1e-3)
    with pytest.raises(FrontierError, match="as_dense"):
        hours_needed(1e24, sparse, 0.4)
    with pytest.raises(FrontierError, match="in TFLOP"):
        Peak(989, bits=16)
    with pytest.raises(FrontierError, match="Give the peak as Peak"):
        utilisation(3.286e24, 2.788e6, 989e12)


def test_no_run_uses_more_than_its_chips():
    total = 6 * V3.total * 14.8e12
    with pytest.raises(FrontierError, match="active, not total parameters") as caught:
        utilisation(total, 2.788e6, H100)
    one_sentence(caught)
    with pytest.raises(FrontierError, match="of GPUs, not of the run"):
        utilisation(3.286e24, 1300, H100)
    with pytest.raises(FrontierError, match="above zero"):
        achieved(1e24, 0)
    for share in (0, 1.2):
        with pytest.raises(FrontierError, match="a share in"):
            hours_needed(1e24, H100, share)


def test_the_peak_is_that_of_the_table_of_chips_and_dense():
    chips = sources.load("chips").set_index("chip")["bf16_dense_tflops"]
    assert rivals.H100.dense
    assert rivals.H100.flop_per_second / 1e12 == chips["H100 SXM"] == chips["H800 SXM"]


def test_hours_and_utilisation_are_inverse():
    hours = hours_needed(3.286e24, H100, [0.2, 0.4])
    assert utilisation(3.286e24, hours, H100) == pytest.approx([0.2, 0.4])


def test_active_and_total_parameters_cannot_be_swapped():
    with pytest.raises(FrontierError, match="are the two swapped") as caught:
        Params(total=37e9, active=671e9)
    assert "671" in str(caught.value) or "6.71e+11" in str(caught.value)
    with pytest.raises(FrontierError, match=r"give Params\(total, active\)"):
        flop.per_token(671e9)


def test_bits_meet_bits_only():
    assert Bits.from_bytes(2) / Bits(16) == 1
    assert (Bits(8) + Bits.from_bytes(1)).bytes == 2
    for wrong in (lambda: Bits(8) + 1, lambda: Bits(8) / 2.0):
        with pytest.raises(FrontierError, match="from_bytes"):
            wrong()


def test_the_cache_of_v2_is_as_the_report_says():
    """93.3% smaller than that of the dense 67B, at 6 bits against 16."""
    shapes = sources.load("architectures").set_index("model")
    small, large = (flop.cache_of_a_token(shapes.loc[m]) for m in ("DeepSeek-V2", "DeepSeek LLM 67B"))
    assert 100 * (1 - small / large) == pytest.approx(93.3, abs=0.05)


# FLOP.


def test_attention_is_counted_as_a_loop_would():
    """Three passes, two products, two FLOP each, over the keys that a causal token sees."""
    shape = {"layers": 2, "heads": 3, "query_width": 5, "value_width": 7, "sequence": 64, "width": 11,
             "experts": 4, "sparse_layers": 1}  # fmt: skip
    seen = sum(range(1, 65)) / 64
    slow = 3 * 2 * seen * 3 * (5 + 7) * 2
    plain, attention, routing = (flop.per_token(Params(9.0, 9.0), shape, c) for c in flop.CONVENTIONS)
    assert plain == 54
    assert attention - plain == pytest.approx(slow, rel=1 / 60)
    assert routing - attention == 6 * 11 * 4


def test_unknown_conventions_and_missing_shapes_are_named():
    with pytest.raises(FrontierError, match="Count FLOP by one of") as caught:
        flop.per_token(V3, convention="2N")
    one_sentence(caught)
    with pytest.raises(FrontierError, match="needs the model's shape"):
        flop.per_token(V3, convention="attention")


def test_a_split_of_hours_multiplies_to_the_whole():
    before = pd.Series({"flop_token": 402e9, "tflops": 371.0, "tokens_t": 2.0})
    after = pd.Series({"flop_token": 126e9, "tflops": 202.0, "tokens_t": 8.1})
    whole = (126e9 * 8.1 / 202.0) / (402e9 * 2.0 / 371.0)
    parts = flop.split_hours(before, after)
    assert parts["hours"] == pytest.approx(whole, rel=1e-12)
    logs = [np.log(v) for k, v in parts.items() if k != "hours"]
    assert sum(logs) == pytest.approx(np.log(whole), rel=1e-12)
    rates_only = flop.split_hours(before.drop("tokens_t"), after.drop("tokens_t"))
    assert rates_only["hours"] == pytest.approx(whole * 2.0 / 8.1, rel=1e-12)
    assert set(flop.split_hours(before, before).values()) == {1.0}


def test_splits_take_only_conventions_that_both_runs_have(models):
    runs = models[models["model"].isin(["DeepSeek-V3", "Llama 3.1-405B", "Phi-4"])]
    table = flop.rates(runs, sources.load("architectures"), H100)
    steps = {"whole": ("Llama 3.1-405B", "DeepSeek-V3", True), "one way": ("Phi-4", "DeepSeek-V3", False)}
    found = flop.splits(table, steps)
    assert found.groupby("step")["convention"].nunique().to_dict() == {"one way": 1, "whole": 3}
    hours = found[(found["step"] == "whole") & (found["part"] == "hours")]["value"]
    # Disclosed hours do not depend on how FLOP are counted.
    assert hours.to_numpy() == pytest.approx(2.788 / 30.84)


def test_the_rates_of_disclosed_runs(models):
    runs = models[models["model"].isin(["DeepSeek-V3", "Llama 3.1-405B", "Phi-4"])]
    table = flop.rates(runs, sources.load("architectures"), H100)
    plain = table[table["convention"] == "6N"].set_index("model")["tflops"]
    assert plain["DeepSeek-V3"] == pytest.approx(6 * 37e9 * 14.8e12 / (2.788e6 * 3600) / 1e12)
    assert (table["model"] == "Phi-4").sum() == 1
    assert (table["model"] == "DeepSeek-V3").sum() == 3

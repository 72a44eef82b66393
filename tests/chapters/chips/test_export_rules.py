"""Chips and links: closed forms recovered, thresholds on both sides, units that cannot be mistaken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from moat import sources
from moat.chapters.bill.cost import Draws
from moat.chapters.chips import export_rules, interconnect
from moat.chapters.chips.interconnect import Inputs, Machine, Plan, Rate
from moat.errors import FrontierError
from moat.evidence.published import load_published, within
from moat.hardware import schedule
from moat.hardware.units import Bits, Peak

NETWORK, EIGHT = Rate(50e9), Peak(1979e12, 8)
H100 = Machine("H100", EIGHT, Rate.both_directions(900e9), NETWORK)
H800 = Machine("H800", EIGHT, Rate.both_directions(400e9), NETWORK)
GIVEN = Inputs(compute=0.2, network=0.8, inside=0.8, imbalance=1.1, beside=0.9, hidden=0.95)
FLOP = 1.6e13
BARE = Plan(5.3, pipelined=False, overlap=False)
TABLE = sources.load("chips")


@pytest.fixture(scope="module")
def draw():
    return Draws(sources.load("chip-inputs"), 4000, seed=0)


def test_the_link_model_is_its_closed_form():
    once = schedule.TOKENS * schedule.WIDTH * 6
    network, inside = once * 4 / 50e9 / 0.8, once * 8 / 200e9 / 0.8
    serial = (network + inside) * 1.1
    assert interconnect.talk(H800, Plan(pipelined=False), GIVEN) == pytest.approx(serial)
    assert interconnect.talk(H800, Plan(), GIVEN) == pytest.approx((network + 0.1 * inside) * 1.1)
    work = FLOP / (1979e12 * 0.2) * 1.1
    moved = (network + 0.1 * inside) * 1.1
    assert interconnect.step(H800, Plan(overlap=False), GIVEN, FLOP) == pytest.approx(
        work * 112 / 132 + moved
    )
    assert interconnect.step(H800, Plan(), GIVEN, FLOP) == pytest.approx(
        max(work, moved) + 0.05 * min(work, moved)
    )


def test_it_is_the_model_of_the_bench_when_rates_are_nominal():
    legs = schedule.legs(nvlink=200.0)
    given = replace(GIVEN, network=1.0, inside=1.0, imbalance=1.0, beside=0.0)
    out = Plan(pipelined=False, sizes=(1,))
    assert 1e3 * interconnect.talk(H800, out, given) == pytest.approx(legs["network"] + legs["inside"])


@pytest.mark.parametrize("plan", [BARE, Plan(), Plan(overlap=False)])
def test_equal_links_mean_no_handicap(plan):
    assert interconnect.lost(replace(H800, inside=H100.inside), H100, plan, GIVEN, FLOP) == 0.0


@pytest.mark.parametrize("plan", [BARE, Plan(), Plan(pipelined=False), Plan(overlap=False)])
def test_a_faster_link_never_costs_throughput(plan):
    rates = np.geomspace(20e9, 900e9, 30)
    lost = [float(interconnect.lost(replace(H800, inside=Rate(r)), H100, plan, GIVEN, FLOP)) for r in rates]
    assert (np.diff(lost) <= 1e-12).all()
    assert lost[0] > 0 > lost[-1] or plan.pipelined


def test_a_slower_chip_loses_its_share_when_work_binds():
    half = replace(H100, peak=Peak(EIGHT.flop_per_second / 2, 8))
    full = replace(GIVEN, hidden=1.0)
    assert interconnect.lost(half, H100, Plan(), full, 1e14) == pytest.approx(50.0)


def test_monte_carlo_recovers_a_closed_form():
    table = pd.DataFrame(
        {"item": ["x"], "value": [0.5], "low": [0.2], "high": [0.8], "law": ["uniform"]},
    )
    share = Draws(table, 40000, seed=1)("x")
    found = interconnect.estimate(
        interconnect.talk(H800, Plan(0.0), replace(GIVEN, inside=share, imbalance=1.0))
    )
    once = schedule.TOKENS * schedule.WIDTH * 6 * 8 / 200e9
    # The time falls with the share: its 5% point is at the 95% point of a uniform law.
    assert found.low == pytest.approx(once / 0.77, rel=0.01)
    assert found.value == pytest.approx(once / 0.5, rel=0.01)
    assert found.high == pytest.approx(once / 0.23, rel=0.01)


def test_the_tornado_moves_one_input_and_leaves_out_what_cancels(draw):
    given = Inputs.drawn(draw)
    table = interconnect.tornado(H800, H100, BARE, given, FLOP)
    assert interconnect.ITEMS["imbalance"] not in set(table["factor"])
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()
    widths = (table["high"] - table["low"]).to_numpy()
    assert (np.diff(widths) <= 0).all()
    middle = float(interconnect.lost(H800, H100, BARE, given.medians(), FLOP))
    assert table["value"].tolist() == pytest.approx([middle] * len(table))


def test_the_grid_has_every_choice_once(draw):
    routes = {"at most 4": 4.0, "any": schedule.nodes_unlimited()}
    grid = interconnect.specifications(H800, H100, Inputs.drawn(draw), FLOP, routes)
    assert len(grid) == 32
    assert not grid.duplicated(["routing", "legs", "transfers", "numbers", "copies"]).any()
    assert ((grid["low"] <= grid["value"]) & (grid["value"] <= grid["high"])).all()


def test_bits_bytes_and_directions_cannot_be_mistaken():
    assert Rate.from_bits(400e9) == Rate(50e9)
    assert Rate.both_directions(400e9) == Rate(200e9)
    assert Rate(50e9).seconds(Bits(8 * 50e9)) == 1.0
    with pytest.raises(FrontierError, match=r"Bits\.from_bytes"):
        Rate(50e9).seconds(50e9)
    with pytest.raises(FrontierError, match="is it in GB"):
        Rate(400)


def test_a_sparse_peak_is_refused_everywhere():
    sparse = Peak(2 * EIGHT.flop_per_second, 8, dense=False)
    with pytest.raises(FrontierError, match=r"peak\.as_dense"):
        Machine("H100", sparse, Rate(450e9), NETWORK)
    with pytest.raises(FrontierError, match=r"peak\.as_dense"):
        export_rules.roofline(sparse, 3.35e12, 100.0)
    assert Machine("H100", sparse.as_dense(), Rate(450e9), NETWORK).peak == EIGHT


def test_inputs_outside_their_range_are_refused():
    with pytest.raises(FrontierError, match="between 0 and 1"):
        replace(GIVEN, network=1.2)
    with pytest.raises(FrontierError, match="at least the mean"):
        replace(GIVEN, imbalance=0.9)


def test_the_roofline_knows_its_two_bounds():
    ridge = EIGHT.flop_per_second / 3.35e12
    low, high = export_rules.roofline(EIGHT, 3.35e12, [ridge / 2, ridge * 2])
    assert low == pytest.approx(EIGHT.flop_per_second / 2)
    assert high == EIGHT.flop_per_second
    h20 = (Peak(296e12, 8), 4.0e12)
    at = export_rules.crossing(h20, (EIGHT, 3.35e12))
    assert at == pytest.approx(296 / 3.35)
    assert export_rules.roofline(*h20, at) == pytest.approx(export_rules.roofline(EIGHT, 3.35e12, at))
    with pytest.raises(FrontierError, match="do not cross"):
        export_rules.crossing((Peak(296e12, 8), 3.0e12), (EIGHT, 3.35e12))
    with pytest.raises(FrontierError, match="is it in TB"):
        export_rules.roofline(EIGHT, 3.35, 100.0)
    # Few tokens: two FLOP for each byte of a weight.
    assert export_rules.expert_intensity(1) == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize(
    ("rule", "tpp", "link", "die", "word"),
    [
        ("2022", 4800, 600, 800, "a"), ("2022", 4799, 600, 800, ""), ("2022", 4800, 599, 800, ""),
        ("2023", 4800, 10, 800, "a"), ("2023", 4799, 900, 4799 / 1.59, ""),
        ("2023", 1600, 10, 1600 / 5.92, "a"), ("2023", 1599, 10, 1, ""),
        ("2023", 1600, 10, 1600 / 5.91, "b"), ("2023", 1600, 10, 1600 / 3.2, "b"),
        ("2023", 2399, 10, 2399 / 3.19, ""), ("2023", 2400, 10, 2400 / 3.19, "b"),
        ("2023", 2400, 10, 2400 / 1.61, "b"), ("2023", 2400, 10, 2400 / 1.59, ""),
    ],
)  # fmt: skip
def test_the_rules_on_both_sides_of_each_threshold(rule, tpp, link, die, word):
    assert export_rules.controlled(rule, tpp, link=link, die=die) == word


def test_the_thresholds_are_those_of_the_fact_base():
    rules = sources.load("export-rules").set_index("date")["threshold"]
    for number in (export_rules.LINK, export_rules.PERFORMANCE):
        assert f"{number:g}" in rules["2022-10-07"]
    for number in (
        export_rules.PERFORMANCE,
        export_rules.DENSE_FROM,
        export_rules.DENSITY,
        *export_rules.BANDS[0],
        export_rules.BANDS[1][2],
    ):
        assert f"{number:g}" in rules["2023-10-17"]


def test_the_chips_stand_where_they_stood():
    stand = export_rules.standing(TABLE, ["A100 SXM 80GB", "A800 SXM 80GB", "H100 SXM", "H800 SXM", "H20"])
    assert stand["2022"].tolist() == ["a", "", "a", "", ""]
    assert stand["2023"].tolist() == ["a", "a", "a", "a", ""]
    assert stand["tpp"].tolist() == pytest.approx(stand["printed"].tolist())


def test_a_rule_asks_for_what_it_needs():
    with pytest.raises(FrontierError, match="rate of the link"):
        export_rules.controlled("2022", 5000)
    with pytest.raises(FrontierError, match="area of the die"):
        export_rules.controlled("2023", 2000)
    with pytest.raises(FrontierError, match="2022 and 2023"):
        export_rules.controlled("2024", 2000)
    unknown = pd.Series({"bf16_dense_tflops": np.nan, "fp8_dense_tflops": np.nan}, name="X")
    with pytest.raises(FrontierError, match="No rate is known"):
        export_rules.performance(unknown)
    with pytest.raises(FrontierError, match="no 'H900'"):
        export_rules.against(TABLE, {"H900": "H100 SXM"})


def test_only_the_link_of_the_h800_was_cut():
    ratio = export_rules.against(TABLE, {"H800 SXM": "H100 SXM"}).set_index("axis")["ratio"]
    assert ratio.pop("link inside a machine") == pytest.approx(400 / 900)
    assert (ratio == 1).all()


HARDWARE = pd.DataFrame(
    [
        ("Old", "NVIDIA", "2019-01-01", 100e12, np.nan), ("New", "NVIDIA", "2022-01-01", 1000e12, np.nan),
        ("Mine", "Huawei", "2019-06-01", np.nan, 50e12), ("Other", "Cambricon", "2022-06-01", np.nan, 80e12),
        ("Biren BR100", "Biren", "2022-08-01", 2000e12, np.nan),
        ("Cuda", "NVIDIA", "2022-02-01", np.nan, 9e15),
    ],
    columns=["chip", "manufacturer", "released", "tensor16", "fp16"],
)  # fmt: skip


def test_the_best_of_each_side_by_year():
    best = export_rules.best_by_year(HARDWARE, [2019, 2022], {"Mine": np.array([40.0, 60.0, 90.0])})
    assert best["nvidia"].tolist() == ["Old", "New"]
    assert best["domestic"].tolist() == ["Mine", "Other"]
    assert best["draws"].iloc[1].tolist() == [80.0, 80.0, 90.0]
    paper = export_rules.best_by_year(HARDWARE, [2022], {}, announced=True)
    assert paper["domestic"].tolist() == ["Biren BR100"]
    with pytest.raises(FrontierError, match="by 2018"):
        export_rules.best_by_year(HARDWARE, [2018], {})


def test_what_was_legal_at_the_end_of_each_year():
    names = [export_rules.best_legal(TABLE, year).name.split()[0] for year in range(2019, 2025)]
    assert names == ["V100", "A100", "A100", "A800", "H20", "H20"]


def test_bins_give_a_range():
    table = pd.DataFrame({"chip": ["X1", "X2"], "memory": [32e9, 64e9], "memory_bandwidth": [8e11, 16e11]})
    assert export_rules.bins(table, "X").loc["memory_gb"].tolist() == [32.0, 64.0]
    with pytest.raises(FrontierError, match="'Y'"):
        export_rules.bins(table, "Y")


def test_the_published_processors_come_from_the_grid():
    name = "void dpsk::ep::internode::combine<false>"
    events = pd.DataFrame(
        {"name": [name, name, "gemm", None], "blocks": ["20x1x1", "20x1x1", "112x1x1", None]}
    )
    row = load_published().set_index("finding").loc["chips.talking"]
    ours = type("F", (), {"value": interconnect.talking(events)})()
    assert within(ours, row["published"], row["tolerance"], row["kind"])
    with pytest.raises(FrontierError, match="not 2"):
        interconnect.talking(events.assign(blocks=["20x1x1", "24x1x1", None, None]))


def test_the_parameters_of_a_layer_are_the_sum_of_its_matrices(draw):
    width, heads = schedule.WIDTH, 128
    queries = width * 1536 + 1536 * heads * 192
    keys = width * (512 + 64) + 512 * heads * 256
    experts = (schedule.EXPERTS + 1) * 3 * width * 2048 + 256 * width
    layer = queries + keys + heads * 128 * width + experts
    assert draw.value("active parameters of a sparse layer of DeepSeek-V3") == pytest.approx(layer, rel=1e-3)

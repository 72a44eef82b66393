"""The schedule of two resources, and the reading of a trace, on made-up cases."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from moat import errors
from moat.hardware import schedule, trace

PHASES = [n for names in trace.ORDER.values() for n in names]
ONES = pd.DataFrame(1.0, index=range(3), columns=PHASES)


def slow_and_obvious(durations: pd.DataFrame) -> float:
    """Start times by relaxation: raise each until every constraint holds."""
    tasks = [(n, i) for i in range(len(durations)) for n in PHASES]
    before = {t: [] for t in tasks}
    for names in trace.ORDER.values():
        queue = [(n, i) for i in range(len(durations)) for n in names]
        for first, second in itertools.pairwise(queue):
            before[second].append(first)
    for name, i in tasks:
        before[name, i] += [(o, i - b) for o, b in schedule.NEEDS[name] if i >= b]
    start = dict.fromkeys(tasks, 0.0)
    for _ in tasks:
        for t in tasks:
            start[t] = max([0.0, *(start[b] + durations.loc[b[1], b[0]] for b in before[t])])
    return max(start[n, i] + durations.loc[i, n] for n, i in tasks)


@pytest.mark.parametrize("seed", range(5))
def test_the_schedule_is_the_earliest_that_keeps_order_and_needs(seed):
    durations = ONES * np.random.default_rng(seed).lognormal(0, 0.7, ONES.shape)
    found = schedule.step(durations)
    assert found == pytest.approx(slow_and_obvious(durations))
    busiest = max(durations[list(names)].to_numpy().sum() for names in trace.ORDER.values())
    assert busiest <= found + 1e-9 < schedule.step(durations, overlap=False)


def test_a_link_of_no_length_leaves_compute_alone():
    chip = schedule.Chip("", link=1e9)
    assert schedule.step(ONES, chip) == pytest.approx(18.0)
    assert schedule.step(ONES, chip, overlap=False) == pytest.approx(18.0)


def test_slack_is_where_the_step_grows_by_the_penalty():
    slower = schedule.slack(ONES, 0.1)
    assert schedule.step(ONES, schedule.Chip("", link=1 / slower)) == pytest.approx(1.1 * schedule.step(ONES))


def test_one_thing_at_a_time():
    chips = [schedule.Chip("as is"), schedule.Chip("half", compute=0.5)]
    table = schedule.what_if(ONES, chips)
    assert table["serial"].tolist() == pytest.approx([30.0, 48.0])


def test_resampling_draws_whole_layers():
    durations = pd.DataFrame({n: [1.0, 2.0] for n in PHASES})
    drawn = schedule.resampled(durations, 50, 0)
    assert all((d.nunique(axis=1) == 1).all() for d in drawn)
    assert {tuple(d.iloc[:, 0]) for d in drawn} == {(1, 1), (1, 2), (2, 1), (2, 2)}


@pytest.mark.parametrize(
    ("miss", "low", "high", "word"),
    [
        (-0.04, 0.3, 0.7, "held"),
        (-0.2, 0.3, 0.7, "refuted"),
        (0.0, 0.0, 0.05, "refuted"),
        (0.0, 0.05, 0.3, "open"),
    ],
)
def test_the_verdict_on_both_sides_of_its_thresholds(miss, low, high, word):
    assert schedule.verdict(miss, low, high) == word


def made_up() -> pd.DataFrame:
    """Two layers; every phase launches one kernel of 2 ms, and every transfer waits 1 ms first."""
    events, clock, number = [], 0.0, 0
    columns = ["phase", "category", "name", "start_us", "duration_us", "stream", "correlation"]
    for _ in range(2):
        for name in PHASES:
            events.append(("X", "user_annotation", name, clock, 10.0, np.nan, np.nan))
            parts = [("notify", 1000.0)] if name in trace.ORDER["link"] else []
            for kernel, length in [*parts, ("work", 2000.0)]:
                number += 1
                stream = 27 if name in trace.ORDER["link"] else 7
                events.append(("X", "cuda_runtime", "cudaLaunchKernel", clock + 1, 1.0, np.nan, number))
                events.append(("X", "kernel", kernel, clock + 5, length, stream, number))
                clock += length
    return pd.DataFrame(events, columns=columns)


def test_kernels_belong_to_the_phase_that_launched_them():
    kernels = trace.kernels(made_up())
    assert len(kernels) == 2 * (6 + 2 * 4)
    assert trace.phase_table(kernels).to_numpy() == pytest.approx(np.full((2, 10), 2.0))
    seen = trace.shares(kernels)
    assert seen["waiting"] == pytest.approx(8.0)
    assert seen["compute"] == pytest.approx(24.0)
    assert seen["hidden"] == pytest.approx(0.0, abs=1e-9)


def test_a_trace_without_phases_is_refused():
    with pytest.raises(errors.TraceError, match=r"no phase .*attn\(B\)"):
        trace.kernels(made_up()[lambda t: t["name"] != "attn(B)"])

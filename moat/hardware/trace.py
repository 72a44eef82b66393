"""What one published training step shows: which phase kept which resource busy, and for how long.

The trace is a profile of one forward and one backward pass of four mixture-of-experts layers
that run at the same time, each on one micro-batch.  A kernel belongs to the named phase during
which it was launched.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.errors import TraceError

#: Streams of the profile: two compute, one talks to other chips.
COMPUTE, LINK = (7, 23), (27,)

#: Phases of one layer in the order in which each resource takes them.
ORDER = {
    "compute": ("attn(F)", "mlp(B)", "mlp(W)", "mlp(F)", "attn(B)", "attn(W)"),
    "link": ("combine(B)", "dispatch(F)", "dispatch(B)", "combine(F)"),
}

#: Kernels that wait for other chips and move nothing.
WAITING = "notify"


def kernels(trace: pd.DataFrame) -> pd.DataFrame:
    """One row a kernel: start, end, busy (all in ms), resource, phase, layer, waiting.

    ``trace`` is the source `deepseek-trace`.  Raises `TraceError` when phases are missing.
    """
    events = trace[trace["phase"] == "X"]
    on_chip = events[events["category"].isin(["kernel", "gpu_memcpy", "gpu_memset"])].copy()
    calls = events[events["category"].isin(["cuda_runtime", "cuda_driver"])]
    launched = calls.drop_duplicates("correlation").set_index("correlation")["start_us"]
    on_chip["launched"] = on_chip["correlation"].map(launched)
    names = [n for phases in ORDER.values() for n in phases]
    phases = events[events["name"].isin(names) & (events["category"] == "user_annotation")]
    phases = phases.sort_values("start_us")
    counts = phases["name"].value_counts()
    if set(counts.index) != set(names):
        raise TraceError(f"The trace has no phase {', '.join(sorted(set(names) - set(counts.index)))}.")
    which = np.searchsorted(phases["start_us"], on_chip["launched"], side="right") - 1
    began = on_chip["start_us"].min()
    table = pd.DataFrame(
        {
            "start": (on_chip["start_us"] - began) / 1e3,
            "end": (on_chip["start_us"] + on_chip["duration_us"] - began) / 1e3,
            "busy": on_chip["duration_us"] / 1e3,
            "resource": np.where(on_chip["stream"].isin(COMPUTE), "compute", "link"),
            "phase": phases["name"].to_numpy()[which.clip(0)],
            "waiting": on_chip["name"].str.contains(WAITING, na=False),
        }
    )
    table["layer"] = phases.groupby("name").cumcount().to_numpy()[which.clip(0)]
    return table.sort_values("start", ignore_index=True)


def covered(start: np.ndarray, end: np.ndarray) -> float:
    """The time in which at least one of the intervals is running.

    >>> covered(np.array([0.0, 1.0, 5.0]), np.array([2.0, 3.0, 6.0]))
    4.0
    """
    order = np.argsort(start)
    start, reach = start[order], np.maximum.accumulate(end[order])
    gaps = np.maximum(0.0, start[1:] - reach[:-1]).sum()
    return float(reach[-1] - start[0] - gaps)


def phase_table(table: pd.DataFrame) -> pd.DataFrame:
    """Milliseconds of each phase in each layer: index layer, one column a phase.

    Compute phases count once where their two streams overlap; link phases count transfers
    alone, without waiting.
    """
    at_work = table[~table["waiting"]]
    rows = at_work.groupby(["layer", "phase"])[["start", "end"]].apply(
        lambda g: covered(g["start"].to_numpy(), g["end"].to_numpy())
    )
    wide = rows.unstack("phase")
    return wide[[n for phases in ORDER.values() for n in phases]]


def shares(table: pd.DataFrame) -> dict[str, float]:
    """Span, busy times, and waiting in ms, and the share of link time that lies under compute."""
    compute, link = (table[table["resource"] == r] for r in ("compute", "link"))
    busy = {n: covered(g["start"].to_numpy(), g["end"].to_numpy()) for n, g in (("c", compute), ("l", link))}
    either = covered(table["start"].to_numpy(), table["end"].to_numpy())
    return {
        "span": float(table["end"].max()),
        "compute": busy["c"],
        "link": busy["l"],
        "waiting": float(link.loc[link["waiting"], "busy"].sum()),
        "hidden": (busy["c"] + busy["l"] - either) / busy["l"],
    }


#: How kernels of eight-bit training are recognised by name: products by blocks, products of tiles
#: by tiles (the weights' gradient), and what turns numbers into codes, codes around, and back.
EIGHT_BIT = {
    "blocks": r"fp8_ptp128c::GemmKernel",
    "tiles": r"fp8_dptp128c_acc::GemmKernel",
    "casts": r"^(?!.*swiglu)(?!.*GemmKernel).*(?:_cast_|cast_to_fp8|cast_back|transpose)",
}


def eight_bit_shares(trace: pd.DataFrame) -> dict[str, float]:
    """Share of compute time in each of `EIGHT_BIT` and in the "rest"; they sum to one.

    Casts that are part of another kernel count as the rest.  ``trace`` is the source
    `deepseek-trace`.  Raises `TraceError` where there are no such kernels.
    """
    on_chip = trace[(trace["phase"] == "X") & (trace["category"] == "kernel") & trace["stream"].isin(COMPUTE)]
    spent = {
        kind: float(on_chip.loc[on_chip["name"].str.contains(pattern), "duration_us"].sum())
        for kind, pattern in EIGHT_BIT.items()
    }
    if not all(spent.values()):
        raise TraceError("The trace has no kernels of eight-bit products or casts.")
    total = float(on_chip["duration_us"].sum())
    return {kind: t / total for kind, t in spent.items()} | {"rest": 1 - sum(spent.values()) / total}

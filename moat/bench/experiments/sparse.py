"""Routed experts against dense models: by one size, by the best size, one step up, under Muon."""

from __future__ import annotations

from moat.bench.config import Config
from moat.bench.design import Plan
from moat.bench.experiments import dense as dense_plans


def expert_arms(**options) -> dict[str, Config]:
    """Equal active width: three routed experts and a shared one of d each against 4 d."""
    dense = Config(**options)
    routed = dense.replace(experts=15, active=3, shared=1, expert_width=dense.d)
    return {
        "dense": dense,
        "bias": routed,
        "auxiliary": routed.replace(balance="auxiliary"),
        "none": routed.replace(balance="none"),
        "wide": dense.replace(hidden=16),
    }


def experts(budget: str) -> Plan:
    """One width for all arms, and a baseline curve that brackets their losses."""
    if budget == "gpu":
        options = {"d": 256, "layers": 4, "heads": 8, "context": 256, "batch": 32, "precision": "bfloat16"}
        lengths, tuned = (160, 320, 640), (160, 320)
    else:
        options, lengths, tuned = {"batch": 16}, (150, 300, 600), (150, 600)
    arms = expert_arms(**options)
    if budget == "smoke":
        chosen = {name: arms[name] for name in ("dense", "bias")}
        return Plan("experts", budget, chosen, {n: (40, 80) for n in chosen}, borrow="cpu", order=1)
    steps = {name: lengths for name in arms}
    steps["dense"] = (lengths[0] // 2, *lengths, 2 * lengths[-1])
    return Plan("experts", budget, arms, steps, {n: tuned for n in arms}, extend=True, order=1)


def step(budget: str) -> Plan:
    """One step up: a larger model on longer contexts, tuned anew, the longest runs first.

    The grid is shorter than elsewhere and is run at half the length: these runs are slow on a
    CPU.  Both arms have the same one.
    """
    arms = expert_arms(d=96, layers=3, heads=6, context=128, batch=16)
    arms = {name: arms[name] for name in ("dense", "bias")}
    options = {"rates": (3.5e-3, 7e-3, 1.4e-2), "order": -1}
    if budget == "smoke":
        return Plan("experts-step", budget, arms, {n: (4,) for n in arms}, borrow="cpu", **options)
    lengths = (200, 400, 800) if budget == "cpu" else (400, 800, 1600, 3200)
    # The dense curve gives the slope by which a gain becomes a multiplier.
    steps = {"dense": lengths, "bias": lengths[-1:]}
    return Plan("experts-step", budget, arms, steps, {n: (lengths[-2],) for n in arms}, **options)


def sizes(budget: str) -> Plan:
    """Experts at several widths, on the budgets of the dense sweep: each has its best size."""
    dense = dense_plans.sotu(budget)
    widths = {"smoke": ("d32",), "cpu": ("d32", "d48", "d16"), "gpu": ("d128", "d192", "d256", "d384")}
    arms = {
        name: dense.arms[name].replace(experts=15, active=3, shared=1, expert_width=dense.arms[name].d)
        for name in widths[budget]
    }
    if budget == "smoke":
        return dense_plans.at_flops("experts-sizes", budget, arms, (1e10, 2e10), (), seeds=(0,), borrow="cpu")
    if budget == "gpu":
        return dense_plans.at_flops("experts-sizes", budget, arms, (3e13, 1e14), (3e13,), order=1)
    made = dense_plans.at_flops("experts-sizes", budget, arms, (1e11, 2e11, 4e11), (5e10, 2e11), extend=True)
    # The smallest is best at small budgets only, if at all.
    made.steps["d16"] = made.steps["d16"][:-1]
    return made

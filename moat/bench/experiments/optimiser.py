"""Muon and Adam, each on dense models and on experts: a two by two design."""

from __future__ import annotations

from moat.bench.design import Plan
from moat.bench.experiments import sparse

#: Each arm beside the arm of `sparse.experts` whose model it trains.
MODELS = {"adam": "dense", "muon": "dense", "experts": "bias", "muon, experts": "bias"}


def optimiser(budget: str) -> Plan:
    """What Muon is worth, and whether its gain adds to that of experts.

    The arms with Adam are runs of `sparse.experts`, where a machine has them already.  All four
    are tuned at the same lengths.  At the smallest budget Muon is tried on the dense model alone:
    its matrix products are bfloat16, which most CPUs emulate slowly.
    """
    base = sparse.experts(budget)
    arms = {
        arm: base.arms[model].replace(optimiser="muon" if "muon" in arm else "adam")
        for arm, model in MODELS.items()
    }
    lengths = base.steps["bias"]
    if budget == "smoke":
        arms = {name: arms[name] for name in ("adam", "muon")}
        return Plan("optimiser", budget, arms, {n: (40,) for n in arms}, seeds=(0, 1), borrow="cpu")
    steps = {arm: base.steps[model] if arm == "adam" else lengths for arm, model in MODELS.items()}
    tuned = {arm: (lengths[0], lengths[-2]) for arm in arms}
    return Plan("optimiser", budget, arms, steps, tuned, extend=True, order=1)

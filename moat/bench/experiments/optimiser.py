"""Muon against Adam, on dense models and on experts."""

from __future__ import annotations

from moat.bench.design import Plan
from moat.bench.experiments import sparse


def optimiser(budget: str) -> Plan:
    """Muon beside Adam on the dense model of `sparse.experts`, and on its experts: do two gains add up?"""
    base = sparse.experts(budget)
    dense, routed = base.arms["dense"], base.arms["bias"]
    arms = {
        "adam": dense,
        "muon": dense.replace(optimiser="muon"),
        "muon, experts": routed.replace(optimiser="muon"),
    }
    source = {"adam": "dense", "muon": "bias", "muon, experts": "bias"}
    steps = {arm: base.steps[name] for arm, name in source.items()}
    tuned = {arm: base.tuned[name] for arm, name in source.items() if base.tuned}
    return Plan("optimiser", budget, arms, steps, tuned, borrow=base.borrow, extend=base.extend, order=1)

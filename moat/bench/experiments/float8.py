"""Eight-bit products against bfloat16, with coarser ones that a test of equality must tell apart."""

from __future__ import annotations

from moat.bench.config import Config
from moat.bench.design import Plan


def precisions(options: dict, *forms: str) -> dict[str, Config]:
    """One model, its matrix products in each of ``forms``: the arms are called after them."""
    return {form: Config(**options, precision=form) for form in forms}


def float8(budget: str) -> Plan:
    """Loss in bfloat16 and in eight bits, with seeds enough to tell a quarter of a percent.

    The baseline's shorter and longer runs are the curve by which a loss becomes compute.  On a
    GPU the width fills whole tiles of 128 and "float8" is the chip's own product; its controls
    are emulated, so only the one that must fail is run there.
    """
    if budget == "gpu":
        options = {"d": 512, "layers": 4, "heads": 8, "context": 256, "batch": 16}
        arms = precisions(options, "bfloat16", "float8", "int4")
        steps = {"bfloat16": (75, 150, 300), "float8": (150, 300), "int4": (300,)}
        rates = (1.25e-3, 2.5e-3, 5e-3, 1e-2)
        tuned = {arm: (300,) for arm in arms}
        few, seeds = {"int4": 3}, tuple(range(8))
        return Plan("float8", budget, arms, steps, tuned, seeds=seeds, few=few, rates=rates, order=1)
    options = {"batch": 16}
    if budget == "smoke":
        arms = precisions(options, "bfloat16", "float8", "int4")
        return Plan("float8", budget, arms, {arm: (40,) for arm in arms}, borrow="cpu")
    arms = precisions(options, "bfloat16", "float8", "int4", "float8-unscaled", "float8-tensor")
    steps = {arm: (300,) for arm in arms}
    steps |= {"bfloat16": (150, 300, 600), "float8": (150, 300, 600)}
    tuned = {arm: (300,) for arm in arms}
    few = {"int4": 4, "float8-unscaled": 4}
    return Plan("float8", budget, arms, steps, tuned, seeds=tuple(range(12)), few=few, together=3)

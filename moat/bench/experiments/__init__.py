"""What is trained: each experiment as a plan for each budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from moat.bench.design import Plan
from moat.bench.experiments import attention, dense, distillation, float8, optimiser, sparse
from moat.errors import RunError

BUDGETS = ("smoke", "cpu", "gpu")
EXPERIMENTS: Mapping[str, Callable[[str], Plan]] = {
    "isoflop-zipf": dense.zipf,
    "isoflop-sotu": dense.sotu,
    "experts": sparse.experts,
    "experts-sizes": sparse.sizes,
    "experts-step": sparse.step,
    "optimiser": optimiser.optimiser,
    "attention": attention.attention,
    "distillation": distillation.distillation,
    "float8": float8.float8,
}


def plan(experiment: str, budget: str) -> Plan:
    """Raises `RunError` for an experiment or a budget that does not exist."""
    if experiment not in EXPERIMENTS:
        raise RunError(f"There is no experiment {experiment!r}; there are {', '.join(EXPERIMENTS)}.")
    if budget not in BUDGETS:
        raise RunError(f"There is no budget {budget!r}; use one of {', '.join(BUDGETS)}.")
    return EXPERIMENTS[experiment](budget)

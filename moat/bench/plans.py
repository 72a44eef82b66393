"""What is trained: experiments, their arms and budgets, and how rates are chosen.

All arms of an experiment get the same grid of rates and the same number of trials, on a seed
and a held-out half that the reported runs never see.  The grid doubles from rate to rate; the
vertex of a parabola through the best three is used, which resolves it finer than the grid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from moat.bench.config import Config, Job, Member
from moat.bench.errors import RunError
from moat.bench.flop import run_flop, with_flop

RATES = (2.5e-3, 5e-3, 1e-2, 2e-2, 4e-2)
TUNING_SEED = 900
BUDGETS = ("smoke", "cpu", "gpu")


@dataclass(frozen=True)
class Task:
    """A job with the labels that its record carries.  Labels do not enter the run's identity."""

    job: Job
    experiment: str
    budget: str
    arm: str
    stage: str


@dataclass(frozen=True)
class Plan:
    """One experiment at one budget.

    ``arms`` maps a name to its model; ``steps`` to the lengths it is run for, ``tuned`` to
    those at which its rate is tuned.  ``borrow`` names the budget whose tuning is used.
    ``more`` are seeds that were added later, in jobs of their own, so that those of ``seeds``
    stay finished.  With ``extend`` the line through the tuned lengths goes on beyond them:
    the best rate falls with length, and a rate held constant would hurt the longest runs.
    ``order`` says which runs are reported first, should time run out: those of least FLOP (1),
    of most (-1), or each arm in turn (0).
    """

    experiment: str
    budget: str
    arms: dict[str, Config]
    steps: dict[str, tuple[int, ...]]
    tuned: dict[str, tuple[int, ...]] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0, 1, 2)
    more: tuple[int, ...] = ()
    rates: tuple[float, ...] = RATES
    borrow: str = ""
    extend: bool = False
    order: int = 0

    def tuning(self) -> list[Task]:
        """One task for each arm and length, all rates as members."""
        members = tuple(Member(TUNING_SEED, rate) for rate in self.rates)
        return [
            Task(Job(config.replace(steps=n), members, "tune"), self.experiment, self.budget, arm, "tune")
            for arm, config in self.arms.items()
            for n in self.tuned.get(arm, ())
        ]

    def widening(self, tuned: pd.DataFrame) -> list[Task]:
        """One more rate beyond each best one that lies at an end of what was tried."""
        tasks = []
        for row in tuned[tuned["edge"]].itertuples():
            config = self.arms[row.arm].replace(steps=int(row.steps))
            members = (Member(TUNING_SEED, row.rate * (2.0 if row.upper else 0.5)),)
            job = Job(config, members, "tune")
            tasks.append(Task(job, self.experiment, self.budget, row.arm, "tune"))
        return tasks

    def reporting(self, tuned: pd.DataFrame) -> list[Task]:
        """One task for each arm and length, all seeds as members, in ``order``.

        ``tuned`` has columns arm, steps, rate, as `best_rates` gives them.  Raises `RunError`
        for an arm that has not been tuned.
        """
        tasks = []
        for arm, config in self.arms.items():
            for n in self.steps[arm]:
                for seeds in filter(None, (self.seeds, self.more)):
                    members = tuple(Member(seed, rate_at(tuned, arm, n, self.extend)) for seed in seeds)
                    job = Job(config.replace(steps=n), members)
                    tasks.append(Task(job, self.experiment, self.budget, arm, "report"))
        return sorted(tasks, key=lambda t: self.order * run_flop(t.job.config))


def best_rates(runs: pd.DataFrame) -> pd.DataFrame:
    """The best rate of each arm and length, from tuning runs (columns arm, steps, rate, loss).

    ``edge`` marks a best rate at an end of the grid, ``upper`` its upper one; diverged runs
    count as worst.
    """
    rows = []
    for (arm, steps), group in runs.groupby(["arm", "steps"], sort=False):
        curve = group.assign(loss=group["loss"].fillna(np.inf)).sort_values("rate")
        rate, edge = vertex(curve["rate"].to_numpy(), curve["loss"].to_numpy())
        rows.append((arm, steps, rate, edge, rate == curve["rate"].max(), curve["loss"].min()))
    return pd.DataFrame(rows, columns=["arm", "steps", "rate", "edge", "upper", "loss"])


def vertex(rates: np.ndarray, losses: np.ndarray) -> tuple[float, bool]:
    """The rate of lowest loss, and whether it lies at an end of the grid.

    >>> rate, edge = vertex(np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.0, 1.0]))
    >>> round(rate, 6), edge
    (2.0, False)
    """
    i = int(np.argmin(losses))
    if i in (0, len(rates) - 1):
        return float(rates[i]), True
    x, y = np.log(rates[i - 1 : i + 2]), losses[i - 1 : i + 2]
    if not np.isfinite(y).all():
        return float(rates[i]), False
    bend, slope, _ = np.polyfit(x - x[1], y, 2)
    return float(np.exp(x[1] - slope / (2 * bend))) if bend > 0 else float(rates[i]), False


def rate_at(tuned: pd.DataFrame, arm: str, steps: int, extend: bool = False) -> float:
    """The rate for a length: linear in the logarithms between tuned lengths.

    Beyond them it is constant, or with ``extend`` goes on along the line.
    """
    own = tuned[tuned["arm"] == arm].sort_values("steps")
    if own.empty:
        raise RunError(f"The arm {arm!r} has not been tuned; run its tuning first.")
    x, y = np.log(own["steps"].to_numpy(float)), np.log(own["rate"].to_numpy())
    value = np.interp(np.log(steps), x, y)
    if extend and len(x) > 1:
        slope, level = np.polyfit(x, y, 1)
        value = slope * np.log(steps) + level
    return float(f"{np.exp(value):.4g}")


def _sizes(corpus: str, widths: tuple[int, ...], **options) -> dict[str, Config]:
    vocab = {"sotu": 88, "zipf": 64}[corpus]
    common = {"corpus": corpus, "vocab": vocab, "layers": 2, "batch": 16} | options
    return {f"d{d}": Config(d=d, heads=max(1, d // 8), **common) for d in widths}


def _isoflop(name: str, budget: str, arms: dict, flops: tuple, tuned: tuple, **options) -> Plan:
    lengths = {
        key: {arm: tuple(with_flop(c, f).steps for f in wanted) for arm, c in arms.items()}
        for key, wanted in (("steps", flops), ("tuned", tuned))
    }
    return Plan(name, budget, arms, **lengths, **options)


def _expert_arms(**options) -> dict[str, Config]:
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


def _experts(budget: str) -> Plan:
    if budget == "gpu":
        options = {"d": 256, "layers": 4, "heads": 8, "context": 256, "batch": 32, "precision": "bfloat16"}
        lengths, tuned = (160, 320, 640, 1280), (160, 640)
    else:
        options, lengths, tuned = {"batch": 16}, (150, 300, 600), (150, 600)
    arms = _expert_arms(**options)
    if budget == "smoke":
        chosen = {name: arms[name] for name in ("dense", "bias")}
        return Plan("experts", budget, chosen, {n: (40, 80) for n in chosen}, borrow="cpu", order=1)
    steps = {name: lengths for name in arms}
    # The baseline needs a curve that brackets the losses of the others.
    steps["dense"] = (lengths[0] // 2, *lengths, 2 * lengths[-1])
    return Plan("experts", budget, arms, steps, {n: tuned for n in arms}, extend=True, order=1)


def _optimiser(budget: str) -> Plan:
    """Muon beside Adam on the dense model of `_experts`, and on its experts: do two gains add up?"""
    base = _experts(budget)
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


def _experts_step(budget: str) -> Plan:
    """One step up: a larger model on longer contexts, tuned anew, the longest runs first.

    The grid is shorter than elsewhere and is run at half the length: these runs are slow on a
    CPU.  Both arms have the same one.
    """
    arms = _expert_arms(d=96, layers=3, heads=6, context=128, batch=16)
    arms = {name: arms[name] for name in ("dense", "bias")}
    options = {"rates": (3.5e-3, 7e-3, 1.4e-2), "order": -1}
    if budget == "smoke":
        return Plan("experts-step", budget, arms, {n: (4,) for n in arms}, borrow="cpu", **options)
    lengths = (200, 400, 800) if budget == "cpu" else (400, 800, 1600, 3200)
    # The dense curve gives the slope by which a gain becomes a multiplier.
    steps = {"dense": lengths, "bias": lengths[-1:]}
    return Plan("experts-step", budget, arms, steps, {n: (lengths[-2],) for n in arms}, **options)


def _experts_sizes(budget: str) -> Plan:
    """Experts at several widths, on the budgets of the dense sweep: each has its best size."""
    dense = _sotu(budget)
    widths = {"smoke": ("d32",), "cpu": ("d32", "d48", "d16"), "gpu": ("d128", "d192", "d256", "d384")}
    arms = {
        name: dense.arms[name].replace(experts=15, active=3, shared=1, expert_width=dense.arms[name].d)
        for name in widths[budget]
    }
    if budget == "smoke":
        return _isoflop("experts-sizes", budget, arms, (1e10, 2e10), (), seeds=(0,), borrow="cpu")
    if budget == "gpu":
        return _isoflop("experts-sizes", budget, arms, (3e13, 1e14), (3e13,), order=1)
    made = _isoflop("experts-sizes", budget, arms, (1e11, 2e11, 4e11), (5e10, 2e11), extend=True)
    # The smallest is best at small budgets only, if at all.
    made.steps["d16"] = made.steps["d16"][:-1]
    return made


def _zipf(budget: str) -> Plan:
    if budget == "smoke":
        arms = _sizes("zipf", (8, 16, 32))
        return _isoflop("isoflop-zipf", budget, arms, (3e9, 6e9, 1.2e10), (), seeds=(0,), borrow="cpu")
    if budget == "cpu":
        arms = _sizes("zipf", (8, 12, 16, 24, 32, 48))
        flops, tuned = tuple(1.25e10 * 2**k for k in range(5)), (2.5e10, 1e11)
        return _isoflop("isoflop-zipf", budget, arms, flops, tuned, seeds=(0, 1))
    arms = _large("zipf", 128)
    return _isoflop("isoflop-zipf", budget, arms, (3e13, 1e14, 3e14, 1e15), (3e13, 1e14), order=1)


def _sotu(budget: str) -> Plan:
    if budget == "smoke":
        arms = _sizes("sotu", (16, 32, 64))
        return _isoflop("isoflop-sotu", budget, arms, (1e10, 2e10), (), seeds=(0,), borrow="cpu")
    if budget == "cpu":
        # The smallest model last: it is far from the best at most budgets, and the slowest to run.
        arms = _sizes("sotu", (32, 48, 64, 96, 16))
        flops = tuple(5e10 * 2**k for k in range(4))
        made = _isoflop("isoflop-sotu", budget, arms, flops, (5e10, 2e11), seeds=(0, 1), extend=True)
        # One budget more for the sizes that may be best there: the baseline of other chapters.
        for name in ("d32", "d48"):
            made.steps[name] += (with_flop(arms[name], 8e11).steps,)
        return made
    # At most four passes: the smallest model would exceed them at the largest budget.
    arms = {name: config for name, config in _large("sotu", 88).items() if name != "d96"}
    return _isoflop("isoflop-sotu", budget, arms, (3e13, 1e14), (3e13,), order=1)


def _large(corpus: str, vocab: int) -> dict[str, Config]:
    common = {"corpus": corpus, "vocab": vocab, "context": 256, "batch": 32, "precision": "bfloat16"}
    shapes = {96: 2, 128: 2, 192: 3, 256: 4, 384: 5, 512: 6, 768: 8}
    return {f"d{d}": Config(d=d, layers=n, heads=d // 32, **common) for d, n in shapes.items()}


EXPERIMENTS: Mapping = {
    "isoflop-zipf": _zipf,
    "isoflop-sotu": _sotu,
    "experts": _experts,
    "experts-sizes": _experts_sizes,
    "experts-step": _experts_step,
    "optimiser": _optimiser,
}


def plan(experiment: str, budget: str) -> Plan:
    """Raises `RunError` for an experiment or a budget that does not exist."""
    if experiment not in EXPERIMENTS:
        raise RunError(f"There is no experiment {experiment!r}; there are {', '.join(EXPERIMENTS)}.")
    if budget not in BUDGETS:
        raise RunError(f"There is no budget {budget!r}; use one of {', '.join(BUDGETS)}.")
    return EXPERIMENTS[experiment](budget)

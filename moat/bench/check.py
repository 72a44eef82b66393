"""The first minute on a new machine: ceilings, step times, and whether it computes the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from moat.bench import ceilings
from moat.bench.config import Config, Job, Member
from moat.bench.design import Plan
from moat.bench.flop import run_flop
from moat.bench.train import train

#: Twenty steps of a toy: enough to show a wrong product, too few to amplify rounding.
TOY = Config(d=32, heads=4, context=16, batch=4, steps=20, expert_width=32)
VARIANTS = {
    "dense": TOY,
    "experts": TOY.replace(experts=6, active=2),
    "latent": TOY.replace(attention="latent"),
    "muon": TOY.replace(optimiser="muon"),
    "taught": TOY.replace(target="teacher", teacher=Job(TOY, (Member(700, 1e-2),))),
    "bfloat16": TOY.replace(precision="bfloat16"),
    "float8": TOY.replace(precision="float8"),
}


def toy(made: Plan) -> Plan:
    """The same plan with tiny models, two seeds and some twenty steps: a rehearsal on a CPU.

    Widths keep their order, lengths their number; everything else stays as it is.
    """
    widths = sorted({c.d for c in made.arms.values()})
    arms = {name: _tiny(config, 32 + 8 * widths.index(config.d)) for name, config in made.arms.items()}
    steps = {arm: tuple(range(20, 20 + len(n))) for arm, n in made.steps.items()}
    tuned = {arm: tuple(range(20, 20 + len(n))) for arm, n in made.tuned.items()}
    return replace(made, arms=arms, steps=steps, tuned=tuned, seeds=made.seeds[:2], more=())


def _tiny(config: Config, d: int) -> Config:
    width = d if config.experts else config.expert_width
    vocab = 64 if config.corpus == "zipf" else config.vocab
    return config.replace(d=d, heads=d // 8, layers=1, context=16, batch=4, expert_width=width, vocab=vocab)


def agreement(device: str) -> pd.DataFrame:
    """Columns variant, alone (ensemble against single) and cpu (device against CPU), in nats."""
    one, two = Member(0, 1e-2), Member(1, 5e-3)
    rows = []
    for name, config in VARIANTS.items():
        both = _losses(Job(config, (one, two)), device)
        alone = [_losses(Job(config, (m,)), device)[0] for m in (one, two)]
        home = _losses(Job(config, (one, two)), "cpu")
        rows.append((name, _apart(both, alone), _apart(both, home)))
    return pd.DataFrame(rows, columns=["variant", "alone", "cpu"])


def speeds(made: Plan, device: str, steps: int = 10) -> pd.DataFrame:
    """Columns arm, ms a step of all seeds, tokens_s, flop_s and utilisation, for each arm of a plan."""
    rows = []
    for name, config in made.arms.items():
        short = config.replace(steps=steps)
        job = Job(short, tuple(Member(seed, 1e-3) for seed in made.seeds))
        *_, seconds = train(job, device=device)
        peak = ceilings.measure(device, config.precision)["matmul_flop_s"]
        members = len(job.members)
        speed = members * run_flop(short) / seconds
        rows.append((name, 1e3 * seconds / steps, members * short.tokens / seconds, speed, speed / peak))
    return pd.DataFrame(rows, columns=["arm", "ms", "tokens_s", "flop_s", "utilisation"])


def _losses(job: Job, device: str) -> list[float]:
    outcomes, *_ = train(job, device=device)
    return [o.loss if o.loss is not None else float("inf") for o in outcomes]


def _apart(a: Iterable[float], b: Iterable[float]) -> float:
    return max(abs(x - y) for x, y in zip(a, b, strict=True))

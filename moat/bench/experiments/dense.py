"""Dense models over sizes and budgets: loss of N and D, and the baseline of the other chapters."""

from __future__ import annotations

from moat.bench.config import Config
from moat.bench.design import Plan
from moat.bench.flop import with_flop


def at_flops(name: str, budget: str, arms: dict, flops: tuple, tuned: tuple, **options) -> Plan:
    """A plan whose lengths are those that come closest to ``flops``, and tuning to ``tuned``."""
    lengths = {
        key: {arm: tuple(with_flop(c, f).steps for f in wanted) for arm, c in arms.items()}
        for key, wanted in (("steps", flops), ("tuned", tuned))
    }
    return Plan(name, budget, arms, **lengths, **options)


def sizes(corpus: str, widths: tuple[int, ...], **options) -> dict[str, Config]:
    """Two-layer models for a CPU, by width."""
    vocab = {"sotu": 88, "zipf": 64}[corpus]
    common = {"corpus": corpus, "vocab": vocab, "layers": 2, "batch": 16} | options
    return {f"d{d}": Config(d=d, heads=max(1, d // 8), **common) for d in widths}


def zipf(budget: str) -> Plan:
    if budget == "smoke":
        arms = sizes("zipf", (8, 16, 32))
        return at_flops("isoflop-zipf", budget, arms, (3e9, 6e9, 1.2e10), (), seeds=(0,), borrow="cpu")
    if budget == "cpu":
        arms = sizes("zipf", (8, 12, 16, 24, 32, 48))
        flops, tuned = tuple(1.25e10 * 2**k for k in range(5)), (2.5e10, 1e11)
        return at_flops("isoflop-zipf", budget, arms, flops, tuned, seeds=(0, 1))
    arms = large("zipf", 128)
    return at_flops("isoflop-zipf", budget, arms, (3e13, 1e14, 3e14, 1e15), (3e13, 1e14), order=1)


def sotu(budget: str) -> Plan:
    if budget == "smoke":
        arms = sizes("sotu", (16, 32, 64))
        return at_flops("isoflop-sotu", budget, arms, (1e10, 2e10), (), seeds=(0,), borrow="cpu")
    if budget == "cpu":
        # The smallest model last: it is far from the best at most budgets, and the slowest to run.
        arms = sizes("sotu", (32, 48, 64, 96, 16))
        flops = tuple(5e10 * 2**k for k in range(4))
        made = at_flops("isoflop-sotu", budget, arms, flops, (5e10, 2e11), seeds=(0, 1), extend=True)
        # One budget more for the sizes that may be best there: the baseline of other chapters.
        for name in ("d32", "d48"):
            made.steps[name] += (with_flop(arms[name], 8e11).steps,)
        return made
    # At most four passes: the smallest model would exceed them at the largest budget.
    arms = {name: config for name, config in large("sotu", 88).items() if name != "d96"}
    return at_flops("isoflop-sotu", budget, arms, (3e13, 1e14), (3e13,), order=1)


def large(corpus: str, vocab: int) -> dict[str, Config]:
    """Models for a GPU, by width."""
    common = {"corpus": corpus, "vocab": vocab, "context": 256, "batch": 32, "precision": "bfloat16"}
    shapes = {96: 2, 128: 2, 192: 3, 256: 4, 384: 5, 512: 6, 768: 8}
    return {f"d{d}": Config(d=d, layers=n, heads=d // 32, **common) for d, n in shapes.items()}

"""FLOP of a run, counted from shapes.

A multiplication and an addition are two.  Training is three forward passes (arXiv:2001.08361,
section 2.1).  Counted: every matrix that a token goes through, the head and the router among
them, causal attention at its average length, and the Newton-Schulz steps of Muon.  The
embedding is a look-up.  Softmax, norms and the optimiser's element-wise work are left out.
"""

from __future__ import annotations

import math

from moat.bench.config import Config
from moat.bench.model import shapes

#: Newton-Schulz iterations of ``torch.optim.Muon`` as it is used here.
NEWTON_SCHULZ = 5


def matrix_params(config: Config) -> int:
    """Parameters of the matrices that one token goes through."""
    sizes = {name: math.prod(shape) for name, shape in shapes(config).items() if name != "embed"}
    routed = sum(size for name, size in sizes.items() if ".experts_" in name)
    # Of the routed experts a token sees ``active``.
    return sum(sizes.values()) - routed + (routed * config.active // config.experts if routed else 0)


def total_params(config: Config) -> int:
    """All parameters of one member."""
    return sum(math.prod(shape) for shape in shapes(config).values())


def attention_flop(config: Config) -> float:
    """Forward FLOP a token of scores and mixing: on average (T + 1) / 2 keys are looked at."""
    score = config.head_width + (config.rotary if config.attention == "latent" else 0)
    per_key = 2 * config.heads * (score + config.head_width)
    return config.layers * per_key * (config.context + 1) / 2


def muon_flop(config: Config) -> float:
    """FLOP of one step's orthogonalisations, over all matrices that Muon trains.

    One iteration on an m by n matrix, m <= n, takes A = X X', B = b A + c A A and B X.
    """
    total = 0.0
    for name, shape in shapes(config).items():
        if name not in ("embed", "head"):
            m, n = sorted(shape[-2:])
            total += math.prod(shape[:-2]) * NEWTON_SCHULZ * (4 * m * m * n + 2 * m**3)
    return total


def run_flop(config: Config) -> float:
    """Training FLOP of one member."""
    training = 3 * (2 * matrix_params(config) + attention_flop(config)) * config.tokens
    return training + (muon_flop(config) * config.steps if config.optimiser == "muon" else 0.0)


def lesson_flop(config: Config) -> float:
    """FLOP of a teacher's passes over what one member learns from it, 0 without a teacher.

    One forward pass for each position.  Text that the teacher writes costs the same: with all
    keys and values kept, a token is decoded in one pass.
    """
    if config.teacher is None:
        return 0.0
    own = config.teacher.config
    return (2 * matrix_params(own) + attention_flop(own)) * config.tokens


def cache_bytes(config: Config, bytes_each: int = 2) -> int:
    """Bytes that decoding keeps for each token: keys and values, or the latent vector."""
    if config.attention == "latent":
        return config.layers * (config.latent + config.rotary) * bytes_each
    return config.layers * 2 * config.kv_heads * config.head_width * bytes_each


def step_flop(config: Config) -> float:
    """Training FLOP of one step of one member."""
    return run_flop(config.replace(steps=1))


def with_flop(config: Config, flop: float) -> Config:
    """The same run with as many steps as come closest to ``flop``.

    >>> round(run_flop(with_flop(Config(), 1e11)) / 1e11, 2)
    0.99
    """
    return config.replace(steps=max(1, round(flop / step_flop(config))))

"""Forms of attention, from all that a cache can keep to very little: equal parameters and tokens."""

from __future__ import annotations

from moat.bench.config import Config
from moat.bench.design import Plan
from moat.bench.flop import matrix_params

#: Heads of keys and values in the grouped arms, each with a latent arm whose cache is as large.
GROUPS = (1, 2, 4)


def forms(base: Config) -> dict[str, Config]:
    """Multi-head attention, and grouped and latent attention at each of the same three caches.

    A latent cache is a latent vector and a turned part of half a head width, as in DeepSeek-V2
    (arXiv:2405.04434, section 2.1); its latent width makes the two equal.  What a form saves in
    its own matrices it gets back in the feed-forward layer, and the other way round, so that all
    have the parameters of ``base``.

    >>> made = forms(Config(heads=8))
    >>> made["latent 2"].latent + made["latent 2"].rotary, 2 * 2 * made["grouped 2"].head_width
    (32, 32)
    """
    w = base.head_width
    made = {"multi-head": base}
    for groups in GROUPS:
        kind = {"attention": "grouped", "groups": groups} if groups > 1 else {"attention": "multi-query"}
        made[f"grouped {groups}"] = base.replace(**kind)
        turned = w // 2
        options = {"attention": "latent", "latent": 2 * groups * w - turned, "rotary": turned}
        made[f"latent {groups}"] = base.replace(**options)
    return {name: levelled(config, matrix_params(base)) for name, config in made.items()}


def levelled(config: Config, params: int) -> Config:
    """The same with the feed-forward width that comes closest to ``params`` matrix parameters."""
    missing = params - matrix_params(config)
    return config.replace(inner=config.feed_width + round(missing / (2 * config.d * config.layers)))


def attention(budget: str) -> Plan:
    """Loss against bytes of cache a token.

    Multi-head attention at half and at twice the length too: the curve by which a difference
    becomes a multiplier.  Each length of each arm is tuned on the same grid, three rates around
    the best of earlier sweeps; a grid whose end is best is widened, as everywhere.
    """
    if budget == "gpu":
        base = Config(d=256, layers=4, heads=16, context=256, batch=16, precision="bfloat16")
        options = {"seeds": (0, 1, 2, 3), "rates": (2.5e-3, 5e-3, 1e-2), "order": 1}
        length = 640
    else:
        base, length = Config(heads=8, context=256, batch=4), 300
        # The longest first, so that several processes end together.
        options = {"seeds": (0, 1, 2), "more": (3, 4), "rates": (1e-2, 2e-2, 4e-2), "order": -1}
    arms = forms(base)
    if budget == "smoke":
        chosen = {name: arms[name] for name in ("multi-head", "grouped 2", "latent 2")}
        return Plan("attention", budget, chosen, {n: (10,) for n in chosen}, borrow="cpu", seeds=(0, 1))
    steps = {name: (length,) for name in arms} | {"multi-head": (length // 2, length, 2 * length)}
    return Plan("attention", budget, arms, steps, steps, **options)

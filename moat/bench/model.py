"""A small GPT whose every tensor has a leading axis of members.

Members are copies of one shape that differ in seed and learning rate.  They train in one batch,
which is what keeps a processor busy when models are tiny; each equals the run it would be alone
(``tests/bench/test_train.py``).  Pre-norm, RMSNorm without gain, rotary positions, squared-ReLU
of width 4d, no biases, an untied head.

Axes: E members, B sequences, T tokens, d width, h heads, w head width, G experts.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from moat.bench.config import Config
from moat.bench.precision import half, matmul

Weights = dict[str, Tensor]


def shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """The shape of every parameter of one member.

    Matrices are stored input by output; routed experts are stacked along a first axis.
    """
    d, h, w, kv = config.d, config.heads, config.head_width, config.kv_heads
    sizes: dict[str, tuple[int, ...]] = {"embed": (config.vocab, d)}
    for i in range(config.layers):
        if config.attention == "latent":
            part = {
                "query": (d, h * (w + config.rotary)), "down": (d, config.latent), "turn": (d, config.rotary),
                "key": (config.latent, h * w), "value": (config.latent, h * w),
            }  # fmt: skip
        else:
            part = {"query": (d, h * w), "key": (d, kv * w), "value": (d, kv * w)}
        part["out"] = (h * w, d)
        if config.experts:
            g, wide, both = config.experts, config.expert_width, config.shared * config.expert_width
            part |= {"router": (d, g), "experts_up": (g, d, wide), "experts_back": (g, wide, d)}
            # Shared experts are one feed-forward layer: side by side they compute the same sum.
            part |= {"up": (d, both), "back": (both, d)} if both else {}
        else:
            part |= {"up": (d, config.feed_width), "back": (config.feed_width, d)}
        sizes |= {f"{i}.{name}": shape for name, shape in part.items()}
    return sizes | {"head": (d, config.vocab)}


def initial(config: Config, seed: int) -> Weights:
    """One member's weights.  The same seed gives the same start wherever shapes agree.

    Normal with standard deviation 1 / sqrt(inputs), half for the embedding, and matrices that
    write into the residual stream smaller by sqrt(2 layers).
    """
    weights = {}
    for name, shape in shapes(config).items():
        own = torch.Generator().manual_seed(
            seed * 1_000_003 + sum(ord(c) * 31**i for i, c in enumerate(name)) % 999_983
        )
        spread = 0.5 if name == "embed" else shape[-2] ** -0.5
        if name.endswith((".out", "back")):
            spread /= math.sqrt(2 * config.layers)
        weights[name] = torch.randn(shape, generator=own) * spread
    return weights


def rotated(x: Tensor, start: int = 0, base: float = 10_000.0) -> Tensor:
    """Rotary positions (arXiv:2104.09864) on x (..., T, w), w even; the first is at ``start``."""
    t, w = x.shape[-2:]
    rate = base ** (-torch.arange(0, w, 2, device=x.device) / w)
    angle = torch.arange(start, start + t, device=x.device)[:, None] * rate
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    a, b = x[..., : w // 2], x[..., w // 2 :]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class GPT:
    """Stacked members.

    After a forward pass with experts, ``loads`` holds the tokens that each routed expert saw,
    one tensor (E, G) a layer, and ``imbalance`` the auxiliary loss of each member (E,).
    """

    def __init__(self, config: Config, members: list[Weights]):
        self.config = config
        self.stacked = {name: torch.stack([m[name] for m in members]) for name in members[0]}
        self.members = len(members)
        self.loads: list[Tensor] = []
        self.imbalance: Tensor | float = 0.0

    def __call__(self, tokens: Tensor, bias: list[Tensor] | None = None) -> Tensor:
        """Logits (E, B, T, vocab) of ``tokens`` (E, B, T).

        ``bias`` holds one tensor (E, experts) a layer: it chooses experts and weighs none.
        """
        member = torch.arange(self.members, device=tokens.device)[:, None, None]
        x = self.stacked["embed"][member, tokens]
        self.loads, self.imbalance = [], 0.0
        for i in range(self.config.layers):
            x = x + self._attention(i, self._norm(x))
            y = self._norm(x)
            x = x + (self._experts(i, y, bias) if self.config.experts else self._dense(i, y))
        return self._linear(self._norm(x), "head")

    def _norm(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, x.shape[-1:])

    def _linear(self, x: Tensor, name: str) -> Tensor:
        flat = x.flatten(1, -2)
        # The head stays in full precision, as it does in DeepSeek-V3.
        precision = "float32" if name == "head" else self.config.precision
        return matmul(flat, self.stacked[name], precision).unflatten(1, x.shape[1:-1])

    def _dense(self, i: int, x: Tensor) -> Tensor:
        return self._linear(F.relu(self._linear(x, f"{i}.up")).square(), f"{i}.back")

    def _heads(self, x: Tensor, heads: int) -> Tensor:
        """(E, B, T, h w) to (E B, h, T, w)."""
        return x.unflatten(-1, (heads, -1)).transpose(2, 3).flatten(0, 1)

    def _merged(self, mixed: Tensor, x: Tensor) -> Tensor:
        """(E B, h, T, w) back to (E, B, T, h w)."""
        return mixed.transpose(1, 2).flatten(2).unflatten(0, x.shape[:2])

    def _attention(self, i: int, x: Tensor) -> Tensor:
        c = self.config
        query = self._heads(self._linear(x, f"{i}.query"), c.heads)
        if c.attention == "latent":
            return self._linear(self._latent(i, x, query), f"{i}.out")
        query = rotated(query)
        key = rotated(self._heads(self._linear(x, f"{i}.key"), c.kv_heads))
        value = self._heads(self._linear(x, f"{i}.value"), c.kv_heads)
        mixed = self._mix(query, key, value, enable_gqa=True)
        return self._linear(self._merged(mixed, x), f"{i}.out")

    def _mix(self, query: Tensor, key: Tensor, value: Tensor, **options) -> Tensor:
        """Causal attention, in bfloat16 where the matrix products are in that or less."""
        if self.config.precision != "float32":
            query, key, value = half(query), half(key), half(value)
        return F.scaled_dot_product_attention(query, key, value, is_causal=True, **options).float()

    def _latent(self, i: int, x: Tensor, query: Tensor) -> Tensor:
        """Keys and values from one small vector a token, position in a part of its own.

        arXiv:2405.04434, section 2.1.  Absorbed, the key matrix moves into the query and the
        value matrix behind the mixing: one key head, whose width is that of the cache.
        """
        c, w = self.config, self.config.head_width
        small = self._linear(x, f"{i}.down")
        turn = rotated(self._heads(self._linear(x, f"{i}.turn"), 1))
        plain, turned = query[..., :w], rotated(query[..., w:])
        if not c.absorbed:
            key = self._heads(self._linear(small, f"{i}.key"), c.heads)
            key = torch.cat([key, turn.expand(-1, c.heads, -1, -1)], dim=-1)
            value = self._heads(self._linear(small, f"{i}.value"), c.heads)
            query = torch.cat([plain, turned], dim=-1)
            return self._merged(self._mix(query, key, value), x)
        into, out = (self.stacked[f"{i}.{n}"].unflatten(-1, (c.heads, w)) for n in ("key", "value"))
        by_member = plain.unflatten(0, x.shape[:2])
        query = torch.cat([torch.einsum("ebhtw,echw->ebhtc", by_member, into).flatten(0, 1), turned], dim=-1)
        cache = self._heads(small, 1)
        mixed = self._mix(
            query, torch.cat([cache, turn], dim=-1), cache, enable_gqa=True, scale=(w + c.rotary) ** -0.5
        ).unflatten(0, x.shape[:2])
        return self._merged(torch.einsum("ebhtc,echw->ebhtw", mixed, out).flatten(0, 1), x)

    def _experts(self, i: int, x: Tensor, bias: list[Tensor] | None) -> Tensor:
        """Routed experts chosen by sigmoid affinity, weighed by it, normalised over the chosen.

        Fine-grained experts with shared ones and balancing by a bias that no gradient sees, as in
        arXiv:2412.19437, section 2.1.2.
        """
        c = self.config
        flat = x.flatten(1, 2)
        affinity = torch.bmm(flat, self.stacked[f"{i}.router"]).sigmoid()
        chooser = affinity if bias is None else affinity + bias[i][:, None]
        chosen = chooser.topk(c.active, dim=-1).indices
        gate = affinity.gather(-1, chosen)
        gate = gate / gate.sum(dim=-1, keepdim=True)
        group = chosen + c.experts * torch.arange(self.members, device=x.device)[:, None, None]
        order = group.flatten().argsort(stable=True)
        # A sum of ones, not a count of bins: that would wait for the device to know their number.
        loads = torch.zeros(self.members * c.experts, dtype=torch.int64, device=x.device)
        loads = loads.index_add(0, group.flatten(), torch.ones_like(group.flatten()))
        self._count(loads.view(self.members, c.experts), affinity)
        rows = flat.flatten(0, 1)[order // c.active]
        offsets = loads.cumsum(0).to(torch.int32)
        up, back = (self.stacked[f"{i}.experts_{n}"].flatten(0, 1) for n in ("up", "back"))
        if c.precision == "bfloat16":
            rows, up, back = rows.bfloat16(), up.bfloat16(), back.bfloat16()
        inner = F.relu(F.grouped_mm(rows, up, offs=offsets)).square()
        outer = F.grouped_mm(inner, back, offs=offsets).to(x.dtype) * gate.flatten()[order, None]
        mixed = torch.zeros_like(flat.flatten(0, 1)).index_add(0, order // c.active, outer).view_as(x)
        return mixed + self._dense(i, x) if c.shared else mixed

    def _count(self, loads: Tensor, affinity: Tensor) -> None:
        """Keep the loads, and sum f P over experts: arXiv:2412.19437, equations 17 to 20."""
        self.loads.append(loads)
        fraction = loads / loads.sum(dim=-1, keepdim=True) * self.config.experts
        share = (affinity / affinity.sum(dim=-1, keepdim=True)).mean(dim=1)
        self.imbalance = self.imbalance + (fraction * share).sum(dim=-1)

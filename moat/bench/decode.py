"""Decoding: one token after the other, from what attention keeps of the earlier ones.

Axes as in `model`: E members, B sequences, T new tokens, h heads, w head width; L is the length
that there is room for, and t <= L what has been read.  Rows are the E B sequences.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from moat.bench.config import Config
from moat.bench.model import GPT, rotated
from moat.errors import ConfigError

#: Query, key, value and scale to what is mixed, as `attend`.
Kernel = Callable[[Tensor, Tensor, Tensor, float], Tensor]


def attend(query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
    """Attention of the last T tokens to all t, each to itself and what came before.

    ``query`` is (rows, h, T, w); ``key`` and ``value`` are (rows, kept heads, t, width), their
    widths may differ.  Query heads that share a key are rows of one product, so each kept number
    is read once and never repeated in memory.  Returns (rows, h, T, width of values).
    """
    heads, new = query.shape[1:3]
    folded = query.unflatten(1, (key.shape[1], -1)).flatten(2, 3)
    scores = (folded @ key.mT).float() * scale
    if new > 1:
        later = torch.ones(new, key.shape[2], dtype=torch.bool, device=key.device)
        later = later.triu(key.shape[2] - new + 1).repeat(heads // key.shape[1], 1)
        scores = scores.masked_fill(later, -torch.inf)
    mixed = scores.softmax(-1).to(value.dtype) @ value
    return mixed.unflatten(2, (-1, new)).flatten(1, 2)


def expanded(kept: Tensor, into: Tensor, out: Tensor) -> tuple[Tensor, Tensor]:
    """All keys and values (rows, h, t, ...) made again from the cached latent vectors.

    ``kept`` (rows, 1, t, c + r) holds the latent part and the turned one; ``into`` and ``out``
    (E, c, h, w) are the key and the value matrices.
    """
    width, heads = into.shape[1:3]
    small = kept[:, 0, :, :width].unflatten(0, (len(into), -1))
    keys, values = (torch.einsum("ebtc,echw->ebhtw", small, m).flatten(0, 1) for m in (into, out))
    return torch.cat([keys, kept[..., width:].expand(-1, heads, -1, -1)], dim=-1), values


def naive(
    query: Tensor, kept: Tensor, into: Tensor, out: Tensor, scale: float, kernel: Kernel = attend
) -> Tensor:
    """Latent attention by its definition: expand every key and value, at every step.

    ``query`` is (rows, h, T, w + r); the rest as in `expanded`.  Returns (rows, h, T, w).
    """
    return kernel(query, *expanded(kept, into, out), scale)


def absorbed(
    query: Tensor, kept: Tensor, into: Tensor, out: Tensor, scale: float, kernel: Kernel = attend
) -> Tensor:
    """The same with the key matrix moved into the query and the value matrix behind the mixing.

    Nothing is expanded: the latent vectors themselves are one key head, and the values.
    """
    members, width, _, w = into.shape
    plain = query[..., :w].unflatten(0, (members, -1))
    plain = torch.einsum("ebhtw,echw->ebhtc", plain, into).flatten(0, 1)
    mixed = kernel(torch.cat([plain, query[..., w:]], dim=-1), kept, kept[..., :width], scale)
    mixed = mixed.unflatten(0, (members, -1))
    return torch.einsum("ebhtc,echw->ebhtw", mixed, out).flatten(0, 1)


def empty_cache(config: Config, rows: int, length: int, like: Tensor) -> list[list[Tensor]]:
    """Room for ``length`` tokens: for each layer keys and values, or the latent vectors alone.

    Tensors are (rows, kept heads, length, width) on the device of ``like``, in bfloat16 where
    attention is, else in the form of ``like``.
    """
    form = torch.bfloat16 if config.precision == "bfloat16" else like.dtype
    latent = config.attention == "latent"
    widths = [config.latent + config.rotary] if latent else [config.head_width] * 2
    made = {"device": like.device, "dtype": form}
    return [
        [torch.zeros(rows, config.kv_heads, length, w, **made) for w in widths] for _ in range(config.layers)
    ]


class Decoder(GPT):
    """A model that reads on where it stopped.

    Each call takes the next tokens (E, B, T), one or several, and returns their logits
    (E, B, T, vocab): those of the whole pass over everything read so far.  ``rows`` is B and
    ``length`` the most that can be read.  ``cache`` is what it keeps.
    """

    def __init__(self, model: GPT, rows: int, length: int):
        self.config, self.stacked, self.members = model.config, model.stacked, model.members
        self.length, self.read = length, 0
        self.cache = empty_cache(self.config, self.members * rows, length, self.stacked["embed"])

    def __call__(self, tokens: Tensor, bias: list[Tensor] | None = None) -> Tensor:
        if self.read + tokens.shape[-1] > self.length:
            raise ConfigError(f"There is room for {self.length} tokens, and {self.read} have been read.")
        logits = super().__call__(tokens, bias)
        self.read += tokens.shape[-1]
        return logits

    def _attention(self, i: int, x: Tensor) -> Tensor:
        c, w = self.config, self.config.head_width
        query = self._heads(self._linear(x, f"{i}.query"), c.heads)
        if c.attention == "latent":
            query = torch.cat([query[..., :w], rotated(query[..., w:], self.read)], dim=-1)
            small = self._heads(self._linear(x, f"{i}.down"), 1)
            turn = rotated(self._heads(self._linear(x, f"{i}.turn"), 1), self.read)
            (kept,) = self._keep(i, torch.cat([small, turn], dim=-1))
            form = absorbed if c.absorbed else naive
            into, out = (self.stacked[f"{i}.{n}"].unflatten(-1, (c.heads, w)) for n in ("key", "value"))
            matrices = into.to(kept.dtype), out.to(kept.dtype)
            mixed = form(query.to(kept.dtype), kept, *matrices, (w + c.rotary) ** -0.5)
        else:
            query = rotated(query, self.read)
            key = rotated(self._heads(self._linear(x, f"{i}.key"), c.kv_heads), self.read)
            value = self._heads(self._linear(x, f"{i}.value"), c.kv_heads)
            key, value = self._keep(i, key, value)
            mixed = attend(query.to(key.dtype), key, value, w**-0.5)
        return self._linear(self._merged(mixed.to(x.dtype), x), f"{i}.out")

    def _keep(self, i: int, *new: Tensor) -> list[Tensor]:
        """Write what is new behind what was kept; returns all of it."""
        end = self.read + new[0].shape[2]
        for kept, part in zip(self.cache[i], new, strict=True):
            kept[:, :, self.read : end] = part
        return [kept[:, :, :end] for kept in self.cache[i]]


@torch.no_grad()
def generate(model: GPT, prompts: Tensor, length: int, generator: torch.Generator | None = None) -> Tensor:
    """Samples of the model itself, at temperature one: (E, B, length), prompts included.

    ``prompts`` (E, B, P) has at least one token; each member continues its own rows.  The
    ``generator`` lies on the model's device; all members and rows draw from it in turn, so a
    sample depends on how many there are.  Raises `ConfigError` for prompts that are too long.
    """
    members, rows, start = prompts.shape
    if not 0 < start <= length:
        raise ConfigError(f"A prompt of {start} tokens does not fit into a length of {length}.")
    decoder = Decoder(model, rows, length)
    found = prompts.new_empty(members, rows, length)
    found[..., :start] = prompts
    new = prompts
    for t in range(start, length):
        chances = decoder(new)[..., -1, :].float().softmax(-1)
        new = torch.multinomial(chances.flatten(0, 1), 1, generator=generator).view(members, rows, 1)
        found[..., t : t + 1] = new
    return found

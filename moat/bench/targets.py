"""Lessons: what a step is trained on, from a text or from a teacher."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import torch
from torch import Tensor

from moat.bench.batches import windows
from moat.bench.config import Config
from moat.bench.corpus import Text, Zipf
from moat.bench.decode import generate
from moat.bench.model import GPT

#: Steps whose text a teacher writes at once: a GPU is idle in short rows.
WRITTEN = {"cpu": 32, "cuda": 160}
#: Symbols of real text that it goes on from.
PROMPT = 1
#: Between the seed of the order of the text and that of a teacher's draws.
APART = 500_000_003


def lessons(
    source: Text | Zipf, config: Config, seeds: list[int], device: str = "cpu", teacher: GPT | None = None
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """The windows (E, batch, T + 1) and targets of each step, for members with ``seeds``.

    Targets are those of `moat.bench.step.token_losses`: None where they are the next tokens of the
    windows, as for text, whoever wrote it; else the teacher's laws, or one draw from each.
    Members of one seed share a lesson, which the teacher gives once.
    """
    distinct = list(dict.fromkeys(seeds))
    place = torch.tensor([distinct.index(s) for s in seeds], device=device)
    draws = [torch.Generator(device).manual_seed(s + APART) for s in distinct]
    texts = [windows(source, config, s, device) for s in distinct]
    if config.target == "samples":
        ahead = min(config.steps, WRITTEN[device.partition(":")[0]])
        texts = [written(teacher, own, draw, ahead) for own, draw in zip(texts, draws, strict=True)]
    while True:
        read = torch.stack([next(own) for own in texts])
        answers = None
        if config.target in ("teacher", "hard"):
            answers = laws(teacher, read[..., :-1])
        if config.target == "hard":
            answers = torch.stack([drawn(law, draw) for law, draw in zip(answers, draws, strict=True)])
        yield read[place], None if answers is None else answers[place]


@torch.no_grad()
def laws(teacher: GPT, tokens: Tensor) -> Tensor:
    """The teacher's distribution (S, B, T, vocab) of what follows each of ``tokens`` (S, B, T)."""
    logits = teacher(tokens.flatten(0, 1)[None])
    return logits[0].float().softmax(-1).unflatten(0, tokens.shape[:2])


def drawn(law: Tensor, draw: torch.Generator) -> Tensor:
    """One symbol from each distribution of ``law`` (..., vocab)."""
    return torch.multinomial(law.flatten(0, -2), 1, generator=draw).view(law.shape[:-1])


def written(teacher: GPT, texts: Iterator[Tensor], draw: torch.Generator, ahead: int = 1) -> Iterator[Tensor]:
    """Windows of the shape of ``texts`` (batch, T + 1) in which only the first `PROMPT` are real.

    The rest is the teacher's, at temperature one, ``ahead`` windows at once: each symbol is
    written once, and used once.
    """
    while True:
        real = torch.stack(list(islice(texts, ahead)))
        rows = generate(teacher, real[None, ..., :PROMPT].flatten(1, 2), real.shape[-1], draw)
        yield from rows.view_as(real)

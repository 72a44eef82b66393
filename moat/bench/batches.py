"""Training windows, step after step, where they are needed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from moat.bench.config import Config
from moat.bench.corpus import Text, Zipf

#: Steps whose batches are drawn at once.
DRAWN = 16


def windows(source: Text | Zipf, config: Config, seed: int, device: str = "cpu") -> Iterator[Tensor]:
    """The windows (batch, T + 1) of each step, in an order that the seed alone decides.

    Text comes in the same order on every device, and lies on it.  A known source is sampled
    where the model is: another stream of the same law on a GPU.
    """
    if device != "cpu":
        yield from (_sampled if isinstance(source, Zipf) else _gathered)(source, config, seed, device)
    rng = np.random.default_rng(seed)
    while True:
        several = source.batch(rng, DRAWN * config.batch, config.context + 1)
        several = torch.from_numpy(several).to(device)
        yield from several.unflatten(0, (DRAWN, config.batch))


def _gathered(source: Text, config: Config, seed: int, device: str) -> Iterator[Tensor]:
    """`Text.batch` from a copy on the device: only the places of the windows travel."""
    rng = np.random.default_rng(seed)
    text = torch.from_numpy(source.train.astype(np.uint8)).to(device)
    within = torch.arange(config.context + 1, device=device)
    while True:
        starts = rng.integers(0, len(text) - len(within), DRAWN * config.batch)
        places = torch.from_numpy(starts).to(device)[:, None] + within
        yield from text[places].long().unflatten(0, (DRAWN, config.batch))


def _sampled(source: Zipf, config: Config, seed: int, device: str) -> Iterator[Tensor]:
    """`Zipf.batch` in torch."""
    generator = torch.Generator(device).manual_seed(seed)
    law = torch.as_tensor(source.next.cumsum(-1), dtype=torch.float32, device=device)
    first = torch.as_tensor(source.pairs.ravel().cumsum(), dtype=torch.float32, device=device)
    rows = DRAWN * config.batch
    draw = {"generator": generator, "device": device}
    while True:
        pair = torch.searchsorted(first, torch.rand(rows, **draw) * first[-1])
        tokens = [pair // source.vocab, pair % source.vocab]
        for _ in range(config.context - 1):
            given = law[tokens[-2], tokens[-1]]
            tokens.append((given < torch.rand(rows, 1, **draw) * given[:, -1:]).sum(-1))
        yield from torch.stack(tokens, dim=-1).unflatten(0, (DRAWN, config.batch))

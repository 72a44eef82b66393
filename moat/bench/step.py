"""The gradient of one step: operation by operation, or on a GPU replayed as one graph.

Tiny models leave a GPU waiting for its next launch.  A captured graph is launched once a step,
whatever is in it.  The optimisers, few launches for all members, stay outside of it, so that
rates may change from step to step.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from moat.bench.config import Config
from moat.bench.model import GPT
from moat.bench.optimizers import clip

#: Steps that are tried before a capture, as libraries set themselves up in their first calls.
TRIED = 3


def may_capture(config: Config, device: str) -> bool:
    """Whether a step of such a model is one that a graph can hold.

    Routed experts need the grouped product that finds its offsets on the device: bfloat16 on
    compute capability 9.
    """
    if not device.startswith("cuda"):
        return False
    grouped = config.precision == "bfloat16" and torch.cuda.get_device_capability(device)[0] == 9
    return not config.experts or grouped


class Gradient:
    """Called with windows (E, batch, T + 1), leaves the clipped gradient in the model's tensors.

    ``targets`` are as in `token_losses`; without them the windows' own next tokens.
    Balances experts too: ``bias`` moves by one step.
    """

    def __init__(self, model: GPT, bias: list[Tensor], device: str):
        self.model, self.bias = model, bias
        self.capture = may_capture(model.config, device)
        self.graph, self.windows, self.targets = None, None, None

    def __call__(self, windows: Tensor, targets: Tensor | None = None) -> None:
        if not self.capture:
            gradient(self.model, windows, self.bias, targets)
            return
        if self.graph is None:
            self._record(windows, targets)
        self.windows.copy_(windows)
        if targets is not None:
            self.targets.copy_(targets)
        self.graph.replay()

    def _record(self, windows: Tensor, targets: Tensor | None) -> None:
        """Try on a stream of its own, then capture; what the tries moved is put back."""
        kept = [b.clone() for b in self.bias]
        self.windows = windows.clone()
        self.targets = None if targets is None else targets.clone()
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(TRIED):
                gradient(self.model, self.windows, self.bias, self.targets)
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            gradient(self.model, self.windows, self.bias, self.targets)
        for bias, before in zip(self.bias, kept, strict=True):
            bias.copy_(before)


def gradient(model: GPT, windows: Tensor, bias: list[Tensor], targets: Tensor | None = None) -> None:
    """What `Gradient` leaves, operation by operation."""
    config = model.config
    for tensor in model.stacked.values():
        tensor.grad.zero_()
    logits = model(windows[..., :-1], used(config, bias))
    loss = token_losses(logits, windows[..., 1:] if targets is None else targets).mean((1, 2)).sum()
    if config.experts and config.balance == "auxiliary":
        loss = loss + config.balance_weight * model.imbalance.sum()
    loss.backward()
    clip(model, config.clip)
    if config.experts and config.balance == "bias":
        for kept, load in zip(bias, model.loads, strict=True):
            # arXiv:2408.15664, algorithm 1: a fixed step towards the mean load.
            kept += config.balance_step * (load.float().mean(-1, keepdim=True) - load).sign()


def used(config: Config, bias: list[Tensor]) -> list[Tensor] | None:
    """The bias where it chooses experts, else None."""
    return bias if config.experts and config.balance == "bias" else None


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Nats of every token (E, B, T).

    ``targets`` are tokens (E, B, T), or laws of the next one (E, B, T, vocab): the cross-entropy
    with a teacher's law is its divergence from the student and a constant, the teacher's entropy.
    """
    flat = F.cross_entropy(logits.flatten(0, -2), targets.flatten(0, 2), reduction="none")
    return flat.view(logits.shape[:-1])

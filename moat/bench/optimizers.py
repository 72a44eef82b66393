"""torch's own optimisers, one group of parameters a member, so that each has its own rate.

The stacked tensors are what autograd sees; the optimisers see views of one member each, with
views of its gradient.  So an update touches one member, and is torch's to the last operation.
"""

from __future__ import annotations

import torch
from torch import Tensor

from moat.bench.config import Config, Member
from moat.bench.model import GPT

#: Adam's averages, for every arm.
BETAS = (0.9, 0.95)
#: Never decayed: look-up, output and the choice of experts.
UNDECAYED = ("embed", "head", "router")


def prepare(model: GPT) -> None:
    """Give every stacked tensor a gradient that stays in place."""
    for tensor in model.stacked.values():
        tensor.requires_grad_()
        tensor.grad = torch.zeros_like(tensor)


def optimisers(config: Config, model: GPT, members: tuple[Member, ...]) -> list[torch.optim.Optimizer]:
    """AdamW on everything, or Muon on the matrices inside blocks and AdamW on the rest.

    Every group has the key "rate", its member's peak rate, from which `set_rates` sets "lr".
    Muon's update is scaled to the size of Adam's (arXiv:2502.16982, equation 4), so the same
    grid of rates serves both.
    """
    adam, muon = [], []
    for e, member in enumerate(members):
        decayed, rest, matrices = [], [], []
        for name, tensor in model.stacked.items():
            leaf = name.rsplit(".", 1)[-1]
            view = _view(tensor, e)
            if config.optimiser == "muon" and leaf not in UNDECAYED:
                matrices += _matrices(view)
            else:
                (rest if leaf in UNDECAYED else decayed).append(view)
        group = {"rate": member.rate, "lr": member.rate}
        adam.append(group | {"params": rest, "weight_decay": 0.0})
        if decayed:
            adam.append(group | {"params": decayed, "weight_decay": config.decay})
        if matrices:
            muon.append(group | {"params": matrices, "weight_decay": config.decay})
    made: list[torch.optim.Optimizer] = [torch.optim.AdamW(adam, betas=BETAS, fused=True)]
    if muon:
        made.append(torch.optim.Muon(muon, adjust_lr_fn="match_rms_adamw"))
    return made


def _view(tensor: Tensor, member: int) -> Tensor:
    view = tensor.detach()[member]
    view.grad = tensor.grad[member]
    return view


def _matrices(view: Tensor) -> list[Tensor]:
    """A matrix, or the matrices of a stack of experts."""
    return [view] if view.ndim == 2 else [_view(view, g) for g in range(len(view))]


def set_rates(made: list[torch.optim.Optimizer], config: Config, step: int) -> None:
    """Warm up linearly, then fall linearly to zero; ``step`` counts from 0."""
    rising = max(1, round(config.warmup * config.steps))
    share = (step + 1) / rising if step < rising else (config.steps - step) / (config.steps - rising + 1)
    for optimiser in made:
        for group in optimiser.param_groups:
            group["lr"] = group["rate"] * share


def clip(model: GPT, largest: float) -> None:
    """Scale each member's gradient to a norm of at most ``largest``."""
    grads = [tensor.grad for tensor in model.stacked.values()]
    norm = sum(g.flatten(1).square().sum(1) for g in grads).sqrt()
    scale = (largest / norm.clamp(min=1e-12)).clamp(max=1.0)
    for g in grads:
        g.mul_(scale.view(-1, *[1] * (g.ndim - 1)))

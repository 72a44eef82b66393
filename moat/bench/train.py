"""One training loop: a job goes in, its outcome comes out."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from moat import project
from moat.bench import corpus as corpora
from moat.bench import runs
from moat.bench.config import Config, Job
from moat.bench.model import GPT, initial
from moat.bench.optimizers import optimisers, prepare, set_rates
from moat.bench.step import Gradient, token_losses, used
from moat.bench.targets import lessons
from moat.errors import ConfigError

#: Scored tokens of a held-out half.
SCORED = 98_304
#: Passes over a text beyond which repetition changes what is learnt (arXiv:2305.16264).
MAX_PASSES = 4.0


@dataclass(frozen=True)
class Outcome:
    """What one member reached.

    ``loss`` is in nats per token on the job's held-out half, None when it is not finite;
    ``status`` is "finished" or "diverged" (not finite, or worse than guessing by frequency-blind
    chance).  ``busiest`` is the load of the busiest routed expert over the mean, averaged over
    layers, NaN for dense models.
    """

    loss: float | None
    status: str
    busiest: float | None


@dataclass(frozen=True)
class Fitted:
    """Members that have been trained, the bias of their experts, and the seconds that it took."""

    model: GPT
    bias: list[Tensor]
    seconds: float


def train(
    job: Job,
    *,
    device: str = "cpu",
    text: str = "",
    tick: Callable[[int], None] = lambda step: None,
    keep: bool = False,
) -> tuple[list[Outcome], float, float]:
    """Train all members of ``job`` in one batch.

    Returns their outcomes, the oracle's loss on the same tokens (0 where it is not known) and
    the seconds of training alone.  On a CPU one thread is used: it is as fast for such sizes,
    and gives the same loss to the last digit every time.  Raises `ConfigError` for a corpus of
    another size than ``vocab`` or too small for so many tokens.  With ``keep`` the model is put
    where `taught` looks for it.
    """
    fitted = fit(job, device=device, text=text, tick=tick)
    outcomes, oracle = score(fitted, job, device=device, text=text)
    if keep:
        _keep(fitted, job, device, outcomes[0])
    return outcomes, oracle, fitted.seconds


def fit(
    job: Job, *, device: str = "cpu", text: str = "", tick: Callable[[int], None] = lambda step: None
) -> Fitted:
    """The training in `train`."""
    config = job.config
    if device == "cpu":
        torch.set_num_threads(1)
    source = corpora.load(config.corpus, config.vocab, text)
    _check(config, source)
    model = GPT(config, [initial(config, m.seed) for m in job.members])
    model.stacked = {name: tensor.to(device) for name, tensor in model.stacked.items()}
    prepare(model)
    made = optimisers(config, model, job.members)
    bias = [torch.zeros(model.members, config.experts, device=device) for _ in range(config.layers)]
    teacher = taught(config.teacher, device=device, text=text)[0] if config.teacher else None
    feed = lessons(source, config, [m.seed for m in job.members], device, teacher)
    gradient = Gradient(model, bias, device)
    started = time.perf_counter()
    for step in range(config.steps):
        gradient(*next(feed))
        set_rates(made, config, step)
        for optimiser in made:
            optimiser.step()
        tick(step)
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return Fitted(model, bias, time.perf_counter() - started)


def score(fitted: Fitted, job: Job, *, device: str = "cpu", text: str = "") -> tuple[list[Outcome], float]:
    """What the members of ``job`` reached on its held-out half, and the oracle's loss there."""
    config = job.config
    source = corpora.load(config.corpus, config.vocab, text)
    held = source.held_out(job.split, max(1, SCORED // config.context), config.context + 1)
    losses, busiest = evaluate(fitted.model, torch.from_numpy(held).to(device), fitted.bias, source.skip)
    guess = math.log(config.vocab)
    return [_outcome(a, b, guess) for a, b in zip(losses, busiest, strict=True)], source.oracle(held)


def taught(job: Job, *, device: str = "cpu", text: str = "") -> tuple[GPT, float]:
    """The model of a teacher's run and its loss, as they are kept under ``_build``, or trained now.

    What is kept carries the run's name, which the same job and code have everywhere.  Raises
    `ConfigError` for a teacher that has diverged.
    """
    if not _place(job, device).is_file():
        train(job, device=device, text=text, keep=True)
    found = torch.load(_place(job, device), map_location=device, weights_only=True)
    if found["status"] != "finished":
        raise ConfigError("The teacher has diverged; give it a lower rate.")
    return GPT(job.config, [found["weights"]]), found["loss"]


def _place(job: Job, device: str) -> Path:
    return project.build() / "teachers" / f"{runs.run_id(job)}-{device.partition(':')[0]}.pt"


def _keep(fitted: Fitted, job: Job, device: str, outcome: Outcome) -> None:
    """Weights and loss of the first member, written whole or not at all."""
    weights = {name: tensor.detach()[0].cpu() for name, tensor in fitted.model.stacked.items()}
    data = io.BytesIO()
    torch.save({"weights": weights, "loss": outcome.loss, "status": outcome.status}, data)
    project.write(_place(job, device), data.getvalue())


def _check(config: Config, source) -> None:
    if source.vocab != config.vocab:
        raise ConfigError(f"The corpus has {source.vocab} symbols; set vocab to that, not {config.vocab}.")
    size = len(getattr(source, "train", ())) or math.inf
    if config.tokens > MAX_PASSES * size:
        raise ConfigError(f"{config.tokens:,} tokens are more than {MAX_PASSES:g} passes over {size:,}.")


@torch.no_grad()
def evaluate(model: GPT, windows: Tensor, bias: list[Tensor], skip: int) -> tuple[list[float], list[float]]:
    """Mean loss of each member over the scored positions, and `Outcome.busiest`.

    ``windows`` is (rows, T + 1), the same for all; positions before ``skip`` are not scored.
    """
    total, loads = torch.zeros(model.members, dtype=torch.float64), 0
    for part in windows.split(256):
        same = part.expand(model.members, -1, -1)
        logits = model(same[..., :-1], used(model.config, bias))
        total += token_losses(logits, same[..., 1:])[..., skip:].double().sum((1, 2)).cpu()
        loads = loads + torch.stack(model.loads).cpu() if model.loads else 0
    count = len(windows) * (windows.shape[1] - 1 - skip)
    if not model.loads:
        return (total / count).tolist(), [math.nan] * model.members
    ratio = (loads.amax(-1) / loads.double().mean(-1)).mean(0)
    return (total / count).tolist(), ratio.tolist()


def _outcome(loss: float, busiest: float, guess: float) -> Outcome:
    finite = math.isfinite(loss)
    status = "finished" if finite and loss < guess else "diverged"
    return Outcome(loss if finite else None, status, busiest if math.isfinite(busiest) else None)

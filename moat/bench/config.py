"""What a bench run is: one frozen description, from which everything else follows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from moat.errors import ConfigError

CHOICES = {
    "attention": ("multi-head", "grouped", "multi-query", "latent"),
    "precision": ("float32", "bfloat16", "float8", "float8-tensor", "float8-unscaled", "int4"),
    "optimiser": ("adam", "muon"),
    "balance": ("bias", "auxiliary", "none"),
    "corpus": ("sotu", "zipf"),
    "target": ("text", "teacher", "hard", "samples"),
}

COUNTS = ("vocab", "d", "layers", "heads", "context", "hidden", "batch", "steps")


@dataclass(frozen=True)
class Config:
    """Model, data and training of one run.  Seeds and rates are not here: members have them.

    Widths and counts are in units; ``batch`` is sequences of ``context`` tokens.  ``hidden`` is
    the width of the dense feed-forward layer as a multiple of ``d``; ``inner``, where not 0, is that
    width itself, with which arms are made equal in parameters.  ``experts`` 0 is a dense model;
    otherwise ``active`` of ``experts`` routed ones, each ``expert_width`` wide, and ``shared`` ones
    see every token.  ``balance`` keeps experts busy: by a bias that moves by
    ``balance_step`` each step, by an auxiliary loss of weight ``balance_weight``, or not at all.
    ``latent`` and ``rotary`` are the widths of the cached vector and of the key part that
    carries position, for latent attention alone; ``absorbed`` computes the same function
    without ever expanding keys and values.  ``target`` is what is learnt: the next token of the
    text, or from ``teacher``, a run of one member, its whole distribution there ("teacher"), one
    draw from it ("hard"), or text that the teacher has written ("samples").  ``warmup`` is a
    share of ``steps``; the rate then falls linearly to zero.

    >>> Config(d=64, layers=2).replace(heads=8).head_width
    8
    """

    vocab: int = 88
    d: int = 64
    layers: int = 2
    heads: int = 4
    context: int = 64
    hidden: int = 4
    inner: int = 0
    attention: str = "multi-head"
    groups: int = 2
    latent: int = 16
    rotary: int = 8
    absorbed: bool = False
    experts: int = 0
    active: int = 3
    shared: int = 1
    expert_width: int = 64
    balance: str = "bias"
    balance_step: float = 1e-3
    balance_weight: float = 1e-2
    precision: str = "float32"
    optimiser: str = "adam"
    corpus: str = "sotu"
    target: str = "text"
    teacher: Job | None = None
    batch: int = 32
    steps: int = 300
    warmup: float = 0.4
    decay: float = 0.1
    clip: float = 1.0

    def __post_init__(self):
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ConfigError(f"{name} is {getattr(self, name)!r}; use one of {', '.join(allowed)}.")
        bad = [n for n in COUNTS if not (isinstance(getattr(self, n), int) and getattr(self, n) > 0)]
        if bad:
            raise ConfigError(f"{', '.join(bad)} must be a positive whole number.")
        if self.d % self.heads or self.head_width % 2:
            raise ConfigError(f"d {self.d} must be an even multiple of heads {self.heads}.")
        if self.attention == "grouped" and self.heads % self.groups:
            raise ConfigError(f"groups {self.groups} must divide heads {self.heads}.")
        if self.experts and not 0 < self.active <= self.experts:
            raise ConfigError(f"active {self.active} must be between 1 and experts {self.experts}.")
        if self.inner < 0:
            raise ConfigError(f"inner is {self.inner}; use a width, or 0 for hidden times d.")
        self._check_teacher()
        if not 0 <= self.warmup < 1:
            raise ConfigError(f"warmup {self.warmup} is a share of the steps: from 0 to below 1.")

    def _check_teacher(self) -> None:
        if (self.target == "text") != (self.teacher is None):
            raise ConfigError(f"The target {self.target!r} does not go with teacher {self.teacher}.")
        if self.teacher is None:
            return
        own = self.teacher.config
        if len(self.teacher.members) != 1 or own.experts:
            raise ConfigError("A teacher is one dense member.")
        same = [n for n in ("corpus", "vocab", "context") if getattr(self, n) != getattr(own, n)]
        if same:
            raise ConfigError(f"Teacher and student differ in {', '.join(same)}.")

    @property
    def head_width(self) -> int:
        return self.d // self.heads

    @property
    def feed_width(self) -> int:
        """Width of the dense feed-forward layer."""
        return self.inner or self.hidden * self.d

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values that are kept."""
        return {"multi-head": self.heads, "grouped": self.groups, "multi-query": 1, "latent": 1}[
            self.attention
        ]

    @property
    def tokens(self) -> int:
        """Training tokens of one member."""
        return self.batch * self.context * self.steps

    def replace(self, **changes: Any) -> Config:
        unknown = sorted(set(changes) - {f.name for f in fields(self)})
        if unknown:
            raise ConfigError(
                f"There is no setting {', '.join(unknown)}; there are {', '.join(asdict(self))}."
            )
        return replace(self, **changes)


@dataclass(frozen=True)
class Member:
    """One copy of a shape: ``seed`` fixes its start and its data order, ``rate`` its learning rate."""

    seed: int
    rate: float

    def __post_init__(self):
        if not self.rate > 0:
            raise ConfigError(f"A learning rate must be positive, not {self.rate}.")


@dataclass(frozen=True)
class Job:
    """Members of one shape that train together, and the held-out half that scores them.

    ``split`` is "tune" or "report": rates are chosen on the first and never seen by the second.
    """

    config: Config
    members: tuple[Member, ...]
    split: str = "report"

    def __post_init__(self):
        if not self.members:
            raise ConfigError("A job needs at least one member.")
        if self.split not in ("tune", "report"):
            raise ConfigError(f"split is {self.split!r}; use tune or report.")

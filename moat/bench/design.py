"""How an experiment is laid out: arms, lengths, seeds, and how rates are chosen.

All arms of an experiment get the same grid of rates and the same number of trials, on a seed
and a held-out half that the reported runs never see.  The grid doubles from rate to rate; the
vertex of a parabola through the best three is used, which resolves it finer than the grid.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from moat.bench.config import Config, Job, Member
from moat.bench.flop import run_flop
from moat.errors import RunError

RATES = (2.5e-3, 5e-3, 1e-2, 2e-2, 4e-2)
TUNING_SEED = 900
#: Teachers have a seed of their own: what they know is not owed to the start of a student.
TEACHER_SEED = 700


class Lesson(NamedTuple):
    """What an arm learns (`Config.target`), and the arm whose longest run teaches it."""

    target: str
    teacher: str


@dataclass(frozen=True)
class Task:
    """A job with the labels that its record carries.  Labels do not enter the run's identity.

    ``keep`` says that the model is wanted later, by those whom it teaches.
    """

    job: Job
    experiment: str
    budget: str
    arm: str
    stage: str
    keep: bool = False


@dataclass(frozen=True)
class Plan:
    """One experiment at one budget.

    ``arms`` maps a name to its model; ``steps`` to the lengths it is run for, ``tuned`` to
    those at which its rate is tuned.  ``borrow`` names the budget whose tuning is used.
    ``more`` are seeds that were added later, in jobs of their own, so that those of ``seeds``
    stay finished; ``few`` says how many of ``seeds`` an arm has that needs less than all, and
    ``together`` how many train in one job.  With ``extend`` the line through the tuned lengths
    goes on beyond them: the best rate falls with length, and a rate held constant would hurt the
    longest runs.
    ``order`` says which runs are reported first, should time run out: those of least FLOP (1),
    of most (-1), or each arm in turn (0).

    Arms in ``lessons`` wait for a teacher, whose rate is tuned first: `tuning` and `reporting`
    leave them out, and `taught` is the plan of them alone.  An arm in ``like`` takes the rates
    of another one, which is the same model.
    """

    experiment: str
    budget: str
    arms: dict[str, Config]
    steps: dict[str, tuple[int, ...]]
    tuned: dict[str, tuple[int, ...]] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0, 1, 2)
    more: tuple[int, ...] = ()
    few: dict[str, int] = field(default_factory=dict)
    together: int | None = None
    rates: tuple[float, ...] = RATES
    borrow: str = ""
    extend: bool = False
    order: int = 0
    lessons: dict[str, Lesson] = field(default_factory=dict)
    like: dict[str, str] = field(default_factory=dict)

    @property
    def ready(self) -> dict[str, Config]:
        """The arms that wait for nobody."""
        return {arm: config for arm, config in self.arms.items() if arm not in self.lessons}

    @property
    def tasks(self) -> list[Task]:
        """All of them, at rates of no meaning: what a plan takes before anything has been tuned."""
        rates = pd.DataFrame([(arm, 1, 1.0) for arm in self.arms], columns=["arm", "steps", "rate"])
        own = self.tuning() + self.reporting(rates)
        return own + self.taught(rates).tasks if self.lessons else own

    def taught(self, tuned: pd.DataFrame) -> Plan:
        """The arms in ``lessons`` with their teachers, at the rates in ``tuned``."""
        arms = {}
        for arm, (target, teacher) in self.lessons.items():
            steps = max(self.steps[teacher])
            job = Job(self.arms[teacher].replace(steps=steps), self._members(tuned, teacher, steps)[0])
            arms[arm] = self.arms[arm].replace(target=target, teacher=job)
        return replace(self, arms=arms, lessons={})

    def _members(self, tuned: pd.DataFrame, arm: str, steps: int) -> list[tuple[Member, ...]]:
        """The seeds of an arm at the rate for a length, one tuple a job: for a teacher its own one."""
        rate = rate_at(tuned, self.like.get(arm, arm), steps, self.extend)
        teaches = any(arm == lesson.teacher for lesson in self.lessons.values())
        groups = [(TEACHER_SEED,)] if teaches else self.groups(arm)
        return [tuple(Member(seed, rate) for seed in seeds) for seeds in groups]

    def tuning(self) -> list[Task]:
        """One task for each arm and length, all rates as members."""
        members = tuple(Member(TUNING_SEED, rate) for rate in self.rates)
        return [
            Task(Job(config.replace(steps=n), members, "tune"), self.experiment, self.budget, arm, "tune")
            for arm, config in self.ready.items()
            for n in self.tuned.get(arm, ())
        ]

    def widening(self, tuned: pd.DataFrame) -> list[Task]:
        """One more rate beyond each best one that lies at an end of what was tried."""
        tasks = []
        for row in tuned[tuned["edge"] & tuned["arm"].isin(self.ready)].itertuples():
            config = self.arms[row.arm].replace(steps=int(row.steps))
            members = (Member(TUNING_SEED, row.rate * (2.0 if row.upper else 0.5)),)
            job = Job(config, members, "tune")
            tasks.append(Task(job, self.experiment, self.budget, row.arm, "tune"))
        return tasks

    def groups(self, arm: str) -> list[tuple[int, ...]]:
        """The seeds of an arm, job by job."""
        own = self.seeds[: self.few.get(arm)]
        size = self.together or len(own)
        groups = [own[i : i + size] for i in range(0, len(own), size)]
        return [*groups, self.more] if self.more and arm not in self.few else groups

    def reporting(self, tuned: pd.DataFrame) -> list[Task]:
        """One task for each arm and length, all seeds as members, in ``order``.

        ``tuned`` has columns arm, steps, rate, as `best_rates` gives them.  Raises `RunError`
        for an arm that has not been tuned.
        """
        tasks = []
        teachers = {lesson.teacher for lesson in self.lessons.values()}
        for arm, config in self.ready.items():
            for n in self.steps[arm]:
                for members in self._members(tuned, arm, n):
                    job = Job(config.replace(steps=n), members)
                    tasks.append(Task(job, self.experiment, self.budget, arm, "report", arm in teachers))
        return sorted(tasks, key=lambda t: self.order * run_flop(t.job.config))


def best_rates(runs: pd.DataFrame) -> pd.DataFrame:
    """The best rate of each arm and length, from tuning runs (columns arm, steps, rate, loss).

    ``edge`` marks a best rate at an end of the grid, ``upper`` its upper one; diverged runs
    count as worst.
    """
    rows = []
    for (arm, steps), group in runs.groupby(["arm", "steps"], sort=False):
        curve = group.assign(loss=group["loss"].fillna(np.inf)).sort_values("rate")
        rate, edge = vertex(curve["rate"].to_numpy(), curve["loss"].to_numpy())
        rows.append((arm, steps, rate, edge, rate == curve["rate"].max(), curve["loss"].min()))
    return pd.DataFrame(rows, columns=["arm", "steps", "rate", "edge", "upper", "loss"])


def vertex(rates: np.ndarray, losses: np.ndarray) -> tuple[float, bool]:
    """The rate of lowest loss, and whether it lies at an end of the grid.

    >>> rate, edge = vertex(np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.0, 1.0]))
    >>> round(rate, 6), edge
    (2.0, False)
    """
    i = int(np.argmin(losses))
    if i in (0, len(rates) - 1):
        return float(rates[i]), True
    x, y = np.log(rates[i - 1 : i + 2]), losses[i - 1 : i + 2]
    if not np.isfinite(y).all():
        return float(rates[i]), False
    bend, slope, _ = np.polyfit(x - x[1], y, 2)
    return float(np.exp(x[1] - slope / (2 * bend))) if bend > 0 else float(rates[i]), False


def rate_at(tuned: pd.DataFrame, arm: str, steps: int, extend: bool = False) -> float:
    """The rate for a length: linear in the logarithms between tuned lengths.

    Beyond them it is constant, or with ``extend`` goes on along the line.
    """
    own = tuned[tuned["arm"] == arm].sort_values("steps")
    if own.empty:
        raise RunError(f"The arm {arm!r} has not been tuned; run its tuning first.")
    x, y = np.log(own["steps"].to_numpy(float)), np.log(own["rate"].to_numpy())
    value = np.interp(np.log(steps), x, y)
    if extend and len(x) > 1:
        slope, level = np.polyfit(x, y, 1)
        value = slope * np.log(steps) + level
    return float(f"{np.exp(value):.4g}")

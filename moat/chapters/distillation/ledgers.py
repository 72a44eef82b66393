"""Who pays for a teacher: what its lessons are worth on three ledgers, and to how many students."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from moat.bench import compare
from moat.errors import RunError
from moat.stats.estimate import Estimate
from moat.stats.gain import Multiplier
from moat.stats.grid import as_grid

LEDGERS = ("teacher free", "passes charged", "training charged")
NAMES = {
    "scratch": "real text",
    "laws": "the teacher's distributions",
    "samples": "text the teacher wrote",
    "hard": "one draw from each distribution",
    "peer's laws": "distributions of an equal",
    "large": "large teacher",
    "peer": "equal, trained longer",
}


@dataclass(frozen=True)
class Bill:
    """FLOP of one student's own training, of its teacher's passes for it, of the teacher's training."""

    student: float
    passes: float
    teacher: float

    @property
    def ledgers(self) -> dict[str, float]:
        """What one student is charged, by ledger.

        >>> Bill(1.0, 2.0, 10.0).ledgers["training charged"]
        13.0
        """
        totals = np.cumsum([self.student, self.passes, self.teacher]).tolist()
        return dict(zip(LEDGERS, totals, strict=True))

    def fixed(self, stored: bool) -> float:
        """What is paid once for all students; with ``stored`` the passes too, whose answers are kept."""
        return self.teacher + (self.passes if stored else 0.0)

    def saved(self, multiplier: float, stored: bool) -> float:
        """What one more student saves against real text alone, its own passes paid unless ``stored``."""
        return (multiplier - 1) * self.student - (0.0 if stored else self.passes)


def bill(runs: pd.DataFrame, arm: str, steps: int) -> Bill:
    """The bill of an arm at a length.  Raises `RunError` where there are no such runs with a teacher."""
    own = runs[(runs["arm"] == arm) & (runs["steps"] == steps)]
    found = own[["flop", "passes", "teacher_flop"]].drop_duplicates()
    if len(found) != 1 or found.isna().any(axis=None):
        raise RunError(f"There is no single bill for {arm!r} at {steps} steps.")
    return Bill(*found.iloc[0])


@dataclass(frozen=True)
class Study:
    """One budget's runs, and by arm: paired gains by length, multipliers by length, the longest's bill."""

    runs: pd.DataFrame
    gains: dict[str, dict[int, Estimate]]
    multipliers: dict[str, list[Multiplier]]
    bills: dict[str, Bill]

    @property
    def ledgers(self) -> dict[str, dict[str, Estimate]]:
        """What each arm is worth at its longest runs, by ledger."""
        return {arm: by_ledger(found[-1], self.bills[arm]) for arm, found in self.multipliers.items()}

    @property
    def teachers(self) -> pd.DataFrame:
        """The teachers' own runs: index arm; columns params, tokens, flop, loss."""
        own = self.runs[self.runs["arm"].isin(("large", "peer"))]
        return own.set_index("arm")[["params", "tokens", "flop", "loss"]]

    def losses(self, arm: str, steps: int) -> pd.Series:
        """Losses of an arm at a length, by seed."""
        own = self.runs[(self.runs["arm"] == arm) & (self.runs["steps"] == steps)]
        return own.set_index("seed")["loss"].sort_index()

    def against(self, baseline: pd.DataFrame, *, draws: int, seed: int) -> dict[str, list[Multiplier]]:
        """The same multipliers over another baseline, with columns flop and loss."""
        parts = {arm: self.runs[self.runs["arm"] == arm] for arm in self.gains}
        return {a: compare.multipliers(own, baseline, draws=draws, seed=seed) for a, own in parts.items()}


def study(runs: pd.DataFrame, *, draws: int, seed: int) -> Study:
    """All arms with a teacher that have at least two seeds beside real text."""
    kept = compare.reported(runs)
    scratch = kept[kept["arm"] == "scratch"]
    arms = [arm for arm in ("laws", "samples", "hard", "peer's laws") if arm in set(kept["arm"])]
    gains = {arm: compare.gains(kept, arm, "scratch") for arm in arms}
    gains = {arm: found for arm, found in gains.items() if found}
    multipliers = {
        arm: compare.multipliers(kept[kept["arm"] == arm], scratch, draws=draws, seed=seed) for arm in gains
    }
    bills = {arm: bill(kept, arm, max(found)) for arm, found in gains.items()}
    return Study(kept, gains, multipliers, bills)


def scaled(estimate: Estimate, factor: float) -> Estimate:
    """An estimate times a known number."""
    ends = (factor * x for x in (estimate.value, estimate.low, estimate.high))
    return Estimate(*ends, estimate.n, estimate.method, estimate.level)


def by_ledger(multiplier: Multiplier, charged: Bill) -> dict[str, Estimate]:
    """The multiplier over what each ledger charges; FLOP are counted, so only losses are uncertain."""
    free = multiplier.interpolated
    return {name: scaled(free, charged.student / total) for name, total in charged.ledgers.items()}


def needed(multiplier: Multiplier, charged: Bill, *, stored: bool) -> Estimate | str:
    """How many students pay for the teacher, or words where the interval holds no such number.

    Students save nothing at a multiplier of one or below; without ``stored`` each has to save
    the passes made for it first.
    """
    own = multiplier.interpolated
    fixed = charged.fixed(stored)
    low, value, high = (charged.saved(m, stored) for m in (own.low, own.value, own.high))
    if low > 0:
        method = f"fixed cost over saving; {own.method}"
        return Estimate(fixed / value, fixed / high, fixed / low, own.n, method, own.level)
    return f"at least {fixed / high:,.0f}, if any" if high > 0 else "no number"


def worth(multiplier: Multiplier, charged: Bill, students: np.ndarray, *, stored: bool) -> pd.DataFrame:
    """The multiplier of ``students`` together, their teacher charged: columns students, value, low, high."""
    own = multiplier.interpolated
    passes = charged.passes * (1.0 if stored else students)
    factor = students * charged.student / (students * charged.student + passes + charged.teacher)
    ends = {name: getattr(own, name) * factor for name in ("value", "low", "high")}
    return pd.DataFrame({"students": students, **ends})


def rough(runs: pd.DataFrame) -> pd.DataFrame:
    """What each lesson is worth by its tuning runs alone: one seed, so numbers without interval.

    The gain is that of the best rate of the grid over the best one of real text; the reported
    curve of real text turns it into compute, NaN where that curve ends.  Columns arm, steps,
    gain, and one a ledger.
    """
    trials = runs[(runs["stage"] == "tune") & (runs["status"] == "finished")]
    best = trials.groupby(["steps", "arm"])["loss"].min().unstack()
    scratch = compare.reported(runs).query("arm == 'scratch'")
    curve = scratch.groupby("steps")[["flop", "loss"]].mean()
    rows = []
    for arm in best.columns.intersection(list(NAMES)[1:5]):
        for steps, gain in (best["scratch"] - best[arm]).dropna().items():
            wanted = curve.loc[steps, "loss"] - gain
            log_flop = np.interp(-wanted, -curve["loss"], np.log(curve["flop"]), left=np.nan, right=np.nan)
            totals = bill(trials, arm, steps).ledgers.values()
            rows.append((arm, steps, gain, *(float(np.exp(log_flop)) / total for total in totals)))
    return pd.DataFrame(rows, columns=["arm", "steps", "gain", *LEDGERS])


def specifications(
    study: Study, best: Mapping[str, list[Multiplier]], rough: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Every reading of what a lesson is worth: by lesson, length, ledger, baseline, inversion and bench.

    ``best`` are multipliers over real text at its best width (`Study.against`); ``rough`` maps a
    bench to its tuning runs, as `rough` reads them.  Columns lesson, steps, ledger, reading, value,
    low, high; readings without an interval have none.
    """
    rows = []
    for name, multipliers in {"one width": study.multipliers, "best width": best}.items():
        for arm, found in multipliers.items():
            for steps, m in zip(study.gains[arm], found, strict=True):
                charged = bill(study.runs, arm, steps)
                for ledger, e in by_ledger(m, charged).items():
                    bare = m.fitted * charged.student / charged.ledgers[ledger]
                    rows.append((arm, steps, ledger, f"{name}, lines", e))
                    rows.append((arm, steps, ledger, f"{name}, fitted curve", bare))
    for bench, table in rough.items():
        long = table.melt(["arm", "steps"], list(LEDGERS), "ledger")
        rows += [(*r, f"{bench} tuning runs", v) for *r, v in long.itertuples(index=False)]
    grid = as_grid(rows, ["lesson", "steps", "ledger", "reading"])
    return grid.dropna(subset="value").reset_index(drop=True)


def above_text(grid: pd.DataFrame, lessons: tuple[str, ...], ledger: str) -> str:
    """How many readings on a ledger put ``lessons`` above real text, as words."""
    own = grid[grid["lesson"].isin(lessons) & (grid["ledger"] == ledger)]
    return f"{int((own['value'] > 1).sum())} of {len(own)}"


def same_side(a: pd.DataFrame, b: pd.DataFrame) -> str:
    """How many of the longest comparisons of ``a`` fall on the side of one that they have in ``b``.

    Both are tables of `rough`; a comparison is a lesson on a ledger.
    """
    ends = [t.sort_values("steps").groupby("arm").last()[list(LEDGERS)].stack() for t in (a, b)]
    both = pd.concat(ends, axis=1, join="inner")
    return f"{int(((both[0] > 1) == (both[1] > 1)).sum())} of {len(both)}"


def as_table(groups: Mapping[str, Mapping[str, Estimate]]) -> pd.DataFrame:
    """One row an arm and ledger: group, ledger, value, low, high."""
    rows = ((name, ledger, e) for name, found in groups.items() for ledger, e in found.items())
    return as_grid(rows, ["group", "ledger"])


def cost(multiplier: Estimate) -> Estimate:
    """Compute over what real text takes to the same loss, in per cent.

    >>> cost(Estimate(2.0, 1.0, 4.0, 3, "demo")).high
    100.0
    """
    ends = (100 / x for x in (multiplier.value, multiplier.high, multiplier.low))
    return Estimate(*ends, multiplier.n, f"inverse of: {multiplier.method}", multiplier.level)


def saved(multiplier: Estimate) -> Estimate:
    """What is left of the per cent."""
    own = cost(multiplier)
    return Estimate(100 - own.value, 100 - own.high, 100 - own.low, own.n, own.method, own.level)


def share_of(multiplier: Estimate, factor: float) -> Estimate:
    """How much of a larger ``factor`` a multiplier carries, in per cent of its logarithm.

    >>> round(share_of(Estimate(2.0, 1.0, 4.0, 3, ""), 4.0).value, 6)
    50.0
    """
    ends = (100 * np.log(x) / np.log(factor) for x in (multiplier.value, multiplier.low, multiplier.high))
    return Estimate(*(float(x) for x in ends), multiplier.n, multiplier.method, multiplier.level)


def verdict(gain: Estimate) -> str:
    """Refuted if a student of a free teacher's distributions does not beat real text.

    Fixed beforehand, on the paired gain of the longest runs: the whole interval must lie on one
    side of zero to settle it.

    >>> verdict(Estimate(0.1, 0.05, 0.15, 3, ""))
    'not refuted'
    """
    if gain.low > 0:
        return "not refuted"
    return "refuted" if gain.high <= 0 else "undecided"

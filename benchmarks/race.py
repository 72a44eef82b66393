"""Race the fit engine against the optimisers of scipy, on the same draws of the same runs.

    .venv/bin/python benchmarks/race.py [--draws 4000] [--rounds 9]

Two races: bootstrap draws (for this engine the base fit counts too), where every fitter may start
at the minimum on all runs, and one fit of all runs, where none knows that minimum.

The fitters take turns in every round and a ratio is taken within its round, so a busy machine slows
all alike: read the ratios.  A time counts only beside the minimum it reached.  The gap is the
objective reached over the lowest known for that draw, less one; the lowest known is that of all
fitters and of a referee, scipy's robust least squares from two starts on every draw, untimed.
``benchmarks/peers.py`` adds the fitters of other packages.
"""

from __future__ import annotations

import os

# One thread, before numpy is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import platform
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize
from tqdm import tqdm

from moat import laws, project, sources
from moat.chapters.chinchilla_refit.scipy_baselines import grid_of_starts
from moat.laws.resample import bootstrap_counts

Array = NDArray[np.float64]
#: E, A, B, alpha, beta of one sample of runs from a start of the same shape.
Descent = Callable[["Runs", Array], Array]

DELTA = 1e-3
SEED = 0
NAMES = ["E", "A", "B", "alpha", "beta"]
#: Unrounded constants of Hoffmann et al. 2022, where Besiroglu et al. 2024 start their bootstrap.
HOFFMANN = np.array([*np.exp([0.5267228, 6.0073404, 6.0179186]), 0.33917084, 0.2849083])
#: A gap below `EXACT` is rounding; a fitter whose typical gap exceeds `CLOSE` misses the minimum.
EXACT, CLOSE = 1e-9, 1e-6
OURS = "this engine"


def predicted(theta, n, d, xp=np):
    """E + A / N^alpha + B / D^beta from theta = (log E, log A, log B, alpha, beta) and log N, log D."""
    return xp.exp(theta[0]) + xp.exp(theta[1] - theta[3] * n) + xp.exp(theta[2] - theta[4] * d)


def huber(resid, xp=np):
    size = xp.abs(resid)
    return xp.where(size <= DELTA, 0.5 * resid * resid, DELTA * (size - 0.5 * DELTA))


@dataclass(frozen=True)
class Runs:
    """Some of the kept Chinchilla runs, with the centred logarithms that an optimiser likes."""

    scale: str
    params: Array
    tokens: Array
    loss: Array
    centre: tuple[float, float] = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "centre", (np.log(self.params).mean(), np.log(self.tokens).mean()))

    @classmethod
    def load(cls, scale: str) -> Runs:
        """All but the five of highest loss, as Besiroglu et al. 2024 have them."""
        table = sources.load("chinchilla-epoch").sort_values("loss", ascending=False).iloc[5:]
        tokens = table["flop"] / (laws.FLOP_PER_PARAM_TOKEN * table["params"])
        return cls(scale, *(column.to_numpy(float) for column in (table["params"], tokens, table["loss"])))

    def take(self, count: NDArray) -> Runs:
        """A draw: each run as often as it was drawn."""
        rows = np.repeat(np.arange(len(count)), count)
        return replace(self, params=self.params[rows], tokens=self.tokens[rows], loss=self.loss[rows])

    @property
    def frame(self) -> pd.DataFrame:
        return pd.DataFrame({"params": self.params, "tokens": self.tokens, "loss": self.loss})

    @property
    def logs(self) -> tuple[Array, Array, Array]:
        """Centred log params and log tokens, and the target on the scale of the fit."""
        n, d = np.log(self.params) - self.centre[0], np.log(self.tokens) - self.centre[1]
        return n, d, np.log(self.loss) if self.scale == "log" else self.loss

    def fitted(self, theta, n, d, xp=np):
        """The prediction on the scale of the fit."""
        total = predicted(theta, n, d, xp)
        return xp.log(total) if self.scale == "log" else total

    def theta(self, constants: Array) -> Array:
        """Coordinates of E, A, B, alpha, beta for the centred logarithms."""
        E, A, B, alpha, beta = constants
        n, d = self.centre
        return np.array([np.log(E), np.log(A) - alpha * n, np.log(B) - beta * d, alpha, beta])

    def constants(self, theta: Array) -> Array:
        """The inverse of `theta`, also for an array (draws, 5)."""
        e, a, b, alpha, beta = np.asarray(theta, float).T
        n, d = self.centre
        return np.array([np.exp(e), np.exp(a + alpha * n), np.exp(b + beta * d), alpha, beta]).T

    def objective(self, constants: Array, count: NDArray) -> float:
        """The sum of the Huber function over a draw; infinite where there is no fit."""
        E, A, B, alpha, beta = constants
        with np.errstate(all="ignore"):
            total = E + A * self.params**-alpha + B * self.tokens**-beta
            resid = np.log(self.loss) - np.log(total) if self.scale == "log" else self.loss - total
        value = float((count * huber(resid)).sum())
        return value if np.isfinite(value) else np.inf


@dataclass(frozen=True)
class Fitter:
    """``fit(counts, start)`` takes draws (k, n) and a start (5,) to constants (k, 5).

    ``race`` is "draws" or "single"; ``draws`` are timed in a round, all where it is None;
    ``rounds`` says in how many rounds it runs at most.
    """

    race: str
    name: str
    package: str
    scale: str
    fit: Callable[[NDArray, Array], Array]
    draws: int | None = 1
    rounds: int | None = None


def one_by_one(runs: Runs, descend: Descent) -> Callable[[NDArray, Array], Array]:
    """Fit many draws with a function that fits one."""
    return lambda counts, start: np.array([descend(runs.take(count), start) for count in counts])


def both(name: str, package: str, runs: Runs, descend: Descent, draws: int) -> list[Fitter]:
    """A fitter of one sample from one start, for both races."""
    fit = one_by_one(runs, descend)
    return [
        Fitter("draws", name, package, runs.scale, fit, draws),
        Fitter("single", f"{name}, one start", package, runs.scale, fit),
    ]


# ---------------------------------------------------------------- fitters


def engine(runs: Runs) -> list[Fitter]:
    """The base fit and all draws; it draws them itself, from the same seed as the race."""
    law, frame = laws.Chinchilla(), runs.frame
    options = {"seed": SEED, "scale": runs.scale, "delta": DELTA}

    def bootstrap(counts: NDArray, start: Array) -> Array:
        draws = law.fit(frame, draws=len(counts), **options).replicates
        return draws.reindex(range(len(counts)))[NAMES].to_numpy(float)  # a missing draw is a gap

    def single(counts: NDArray, start: Array) -> Array:
        return law.fit(frame, draws=0, **options).params[NAMES].to_numpy(float)[None]

    return [
        Fitter("draws", OURS, "moat", runs.scale, bootstrap, draws=None),
        Fitter("single", OURS, "moat", runs.scale, single),
    ]


def terms(theta: Array, n: Array, d: Array) -> Array:
    """The three terms (3, n) of the law."""
    return np.exp([np.broadcast_to(theta[0], n.shape), theta[1] - theta[3] * n, theta[2] - theta[4] * d])


def least_squares(runs: Runs, start: Array) -> Array:
    """scipy's trust region for robust least squares with the exact Jacobian."""
    n, d, target = runs.logs

    def jacobian(theta):
        each = terms(theta, n, d)
        slope = np.stack([*each, -n * each[1], -d * each[2]], axis=1)
        return slope / each.sum(axis=0)[:, None] if runs.scale == "log" else slope

    end = optimize.least_squares(
        lambda theta: runs.fitted(theta, n, d) - target, runs.theta(start), jacobian,
        loss="huber", f_scale=DELTA, x_scale="jac", xtol=1e-12, ftol=1e-12, gtol=1e-12, max_nfev=1000,
    )  # fmt: skip
    return runs.constants(end.x)


def value_and_gradient(runs: Runs) -> Callable[[Array], tuple[float, Array]]:
    """The objective times a million, so that stopping rules with absolute tolerances do not bite."""
    n, d, target = runs.logs

    def value(theta):
        each = terms(theta, n, d)
        total = each.sum(axis=0)
        resid = target - (np.log(total) if runs.scale == "log" else total)
        pull = -np.clip(resid, -DELTA, DELTA) * each / (total if runs.scale == "log" else 1.0)
        gradient = [*pull.sum(axis=1), -(pull[1] @ n), -(pull[2] @ d)]
        return 1e6 * huber(resid).sum(), 1e6 * np.array(gradient)

    return value


def bfgs(runs: Runs, start: Array) -> Array:
    """scipy's BFGS with the exact gradient."""
    end = optimize.minimize(value_and_gradient(runs), runs.theta(start), jac=True, method="BFGS")
    return runs.constants(end.x)


def published_search(runs: Runs, start: Array) -> Array:
    """L-BFGS-B from all 4,500 starts of Hoffmann et al. 2022, with the exact gradient."""
    value, n, d = value_and_gradient(runs), *runs.centre
    ends = []
    with np.errstate(all="ignore"):
        for a, b, e, alpha, beta in grid_of_starts():
            theta = [e, a - alpha * n, b - beta * d, alpha, beta]
            ends.append(optimize.minimize(value, theta, jac=True, method="L-BFGS-B"))
    return runs.constants(min(ends, key=lambda end: end.fun).x)


def scipy_fitters(samples: dict[str, Runs]) -> list[Fitter]:
    search = one_by_one(samples["log"], published_search)
    fitters = [Fitter("single", "scipy L-BFGS-B, 4,500 starts", "scipy", "log", search, rounds=1)]
    for runs in samples.values():
        fitters += both("scipy least_squares", "scipy", runs, least_squares, draws=20)
        fitters += both("scipy BFGS", "scipy", runs, bfgs, draws=20)
    return fitters


# ---------------------------------------------------------------- the race


class Course:
    """The draws that all fit, the best objective known for each, and what every fitter took."""

    def __init__(self, samples: dict[str, Runs], counts: NDArray, start: dict[str, Array]):
        self.samples, self.counts, self.start = samples, counts, start
        self.best = {scale: np.full(len(counts), np.inf) for scale in samples}
        self.records: list[dict] = []

    def objectives(self, scale: str, ends: Array, which: NDArray) -> Array:
        """The objective (k,) of each end on its draw, remembered where it is the lowest so far."""
        pairs = zip(ends, self.counts[which], strict=True)
        reached = np.array([self.samples[scale].objective(*pair) for pair in pairs])
        np.minimum.at(self.best[scale], which, reached)
        return reached

    def turn(self, fitter: Fitter, turn: int) -> Array:
        """One round of one fitter, timed; its ends."""
        size = min(fitter.draws or len(self.counts), len(self.counts))
        which = (turn * size + np.arange(size)) % len(self.counts)
        wall, cpu = time.perf_counter(), cpu_seconds()
        ends = fitter.fit(self.counts[which], self.start[fitter.scale])
        wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
        reached = self.objectives(fitter.scale, ends, which)
        label = {"fitter": fitter.name, "scale": fitter.scale, "package": fitter.package, "round": turn}
        cost = {"ms": 1e3 * wall / size, "cpu_ms": 1e3 * cpu / size, "load": os.getloadavg()[0]}
        self.records.append({**label, **cost, "which": which, "reached": reached})
        return ends

    def run(self, fitters: Sequence[Fitter], rounds: int, label: str) -> None:
        """Every fitter once without the clock, for what is compiled or cached, then the rounds."""
        for fitter in fitters:
            if fitter.rounds is None:
                self.turn(fitter, 0)
        self.first = {(r["fitter"], r["scale"]): r["ms"] * len(r["which"]) for r in self.records}
        self.records.clear()
        for turn in tqdm(range(rounds), desc=label, disable=None):
            # Every other round runs backwards: nobody is always behind the same rival.
            for fitter in fitters[:: 1 if turn % 2 == 0 else -1]:
                if fitter.rounds is None or turn < fitter.rounds:
                    ends = self.turn(fitter, turn)
                    if fitter.name == OURS and turn == 0 and len(ends) > 1:
                        self.referee(fitter.scale, ends)

    def referee(self, scale: str, ends: Array) -> None:
        """Fit every draw from the base minimum, and from the minimum of the draw before it."""
        runs = self.samples[scale]
        before = np.where(np.isfinite(np.roll(ends, 1, axis=0)), np.roll(ends, 1, axis=0), self.start[scale])
        for i, count in enumerate(tqdm(self.counts, desc=f"referee, {scale}", leave=False, disable=None)):
            sample = runs.take(count)
            for start in (self.start[scale], before[i]):
                self.objectives(scale, least_squares(sample, start)[None], np.array([i]))

    def table(self) -> pd.DataFrame:
        """One row a fitter: cost of a fit, ratio to this engine in the same round, gaps."""
        turns = pd.DataFrame(self.records)
        ours = turns.loc[turns["fitter"] == OURS, ["scale", "round", "ms", "cpu_ms"]]
        turns = turns.merge(ours, on=["scale", "round"], suffixes=("", "_ours"))
        turns["ratio"] = turns["ms"] / turns["ms_ours"]
        turns["cpu_ratio"] = turns["cpu_ms"] / turns["cpu_ms_ours"]
        rows = []
        for key, group in turns.groupby(["fitter", "scale", "package"], sort=False):
            which, reached = (np.concatenate(group[column].to_list()) for column in ("which", "reached"))
            gaps = pd.Series(reached / self.best[key[1]][which] - 1).groupby(which).max().to_numpy()
            rows.append(
                {**dict(zip(["fitter", "scale", "package"], key, strict=True)), **summary(group, gaps)}
            )
            rows[-1]["first_call_s"] = self.first.get(key[:2], np.nan) / 1e3
        return pd.DataFrame(rows)


def summary(turns: pd.DataFrame, gaps: Array) -> dict[str, object]:
    """Medians over rounds, with the range of the ratio; gaps over the different draws."""
    return {
        "rounds": len(turns),
        "different_draws": len(gaps),
        "ms": turns["ms"].median(),
        "cpu_ms": turns["cpu_ms"].median(),
        "times_ours": turns["ratio"].median(),
        "times_ours_low": turns["ratio"].min(),
        "times_ours_high": turns["ratio"].max(),
        "times_ours_cpu": turns["cpu_ratio"].median(),
        "gap_median": np.median(gaps),
        "gap_max": gaps.max(),
        "exact": int((gaps <= EXACT).sum()),
        "misses": bool(np.median(gaps) > CLOSE),
    }


def cpu_seconds() -> float:
    """Processor time of this process and of the children it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(table: pd.DataFrame, title: str) -> None:
    low, high = table["times_ours_low"].map(number), table["times_ours_high"].map(number)
    text = {
        "fitter": table["fitter"],
        "scale": table["scale"],
        "ms a fit": table["ms"].map(number),
        "CPU ms": table["cpu_ms"].map(number),
        "times ours": table["times_ours"].map(number) + np.where(table["misses"], " misses", ""),
        "range": low + " - " + high,
        "by CPU": table["times_ours_cpu"].map(number),
        "gap median": table["gap_median"].map("{:.0e}".format),
        "gap max": table["gap_max"].map("{:.0e}".format),
        "exact": table["exact"].map("{:,}".format) + "/" + table["different_draws"].map("{:,}".format),
        "first call s": table["first_call_s"].map(number),
    }
    print(f"\n{title}\n{pd.DataFrame(text).to_string(index=False)}")


def race(extra: Callable[[dict[str, Runs]], list[Fitter]], name: str, options: argparse.Namespace) -> None:
    """Both races of this engine, scipy and ``extra`` fitters; saves _build/benchmarks/NAME.csv."""
    samples = {scale: Runs.load(scale) for scale in ("log", "raw")}
    ours = [fitter for runs in samples.values() for fitter in engine(runs)]
    others = [*scipy_fitters(samples), *extra(samples)]
    fitters = ours + [f for f in others if any(part in f.name for part in options.only)]
    every = np.ones((1, len(samples["log"].loss)), int)
    minimum = {f.scale: f.fit(every, HOFFMANN)[0] for f in ours if f.race == "single"}
    counts = bootstrap_counts(np.arange(every.size), options.draws, SEED)
    courses = {
        "draws": Course(samples, counts, minimum),
        "single": Course(samples, every, dict.fromkeys(samples, HOFFMANN)),
    }

    load = [os.getloadavg()]
    for kind, course in courses.items():
        course.run([f for f in fitters if f.race == kind], options.rounds, kind)
        load.append(os.getloadavg())
    tables = {kind: course.table() for kind, course in courses.items()}
    print(f"{every.size} runs, {options.rounds} rounds, one thread of {os.cpu_count()}, {platform.machine()}")
    text = ["{:.2f} {:.2f} {:.2f}".format(*averages) for averages in load]
    print(f"load average over 1, 5 and 15 minutes: {', then '.join(text)}")
    show(
        tables["draws"], f"{options.draws:,} bootstrap draws, base fit included; others start at its minimum"
    )
    show(tables["single"], "One fit of all runs; one start is at the constants of Hoffmann et al. 2022")
    print(f'"misses": typical gap above {CLOSE:g}; exact: gap at most {EXACT:g}; times ours: wall, by round')
    result = pd.concat(tables, names=["race"]).reset_index("race")
    result["version"] = result["package"].map(version)
    result = result.assign(draws=options.draws, load_start=load[0][0], load_end=load[-1][0])
    path = project.write(project.build() / "benchmarks" / f"{name}.csv", result.to_csv(index=False))
    print(f"saved {path.relative_to(project.root())}")


def arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description.split("\n\n")[0])
    parser.add_argument("--draws", type=int, default=4000, help="bootstrap draws of this engine")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="*", default=[""], help="parts of the names of fitters")
    return parser.parse_args()


if __name__ == "__main__":
    race(lambda samples: [], "race", arguments(__doc__))

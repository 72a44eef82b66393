"""Item-response models by the hundred: all bootstrap draws are fitted at once.

A few alternations, abilities given benchmarks and benchmarks given abilities, bring every draw
near its minimum; Newton steps in all unknowns together end the search.  Abilities meet only
benchmarks, so their block of the normal equations is diagonal and is eliminated (the Schur
complement), which leaves two unknowns a benchmark.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit

from moat.errors import FrontierError

#: Slopes stay in this range, as upstream.
SLOPES = (0.1, 10.0)
#: Alternations before the joint steps, and at most so many of these.
ALTERNATIONS, ROUNDS = 8, 100
#: A draw has ended when a step that was taken nearly undamped lowers its objective by no more
#: than this share; its abilities are then within a thousandth of their standard errors.
FREE, SETTLED = 1e-5, 1e-9
#: Draws solved together: their normal equations then stay in a processor's cache.
TOGETHER = 16

Array = NDArray[np.float64]


class Solution(NamedTuple):
    """Raw abilities (draws, models), difficulties and slopes (draws, benchmarks); which draws ended."""

    ability: Array
    difficulty: Array
    slope: Array
    finished: NDArray[np.bool_]

    def take(self, rows: NDArray | list[int]) -> Solution:
        return Solution(self.ability[rows], self.difficulty[rows], self.slope[rows], self.finished[rows])

    def put(self, rows: NDArray, new: Solution) -> None:
        for part, values in zip(self[:3], new[:3], strict=True):
            part[rows] = values


class Local(NamedTuple):
    """What the objective looks like at one point, score by score, each (draws, n)."""

    slope: Array  # of the benchmark
    above: Array  # ability less difficulty
    pull: Array  # first derivative in the logit
    gauss: Array  # second derivative without the curvature of the response, never negative
    bend: Array  # second derivative


@dataclass(frozen=True)
class Responses:
    """Scores as codes: ``share[i]`` is what model ``model[i]`` got on benchmark ``benchmark[i]``."""

    models: pd.Index
    benchmarks: pd.Index
    model: NDArray[np.int64]
    benchmark: NDArray[np.int64]
    share: Array
    unit: int
    ridge: float

    @classmethod
    def of(cls, scores: pd.DataFrame, clip: float, unit: str, ridge: float) -> Responses:
        """Codes of a table with columns model, benchmark, performance; ``ridge`` is shared out evenly."""
        model, models = pd.factorize(scores["model"], sort=True)
        benchmark, benchmarks = pd.factorize(scores["benchmark"], sort=True)
        if unit not in benchmarks:
            raise FrontierError(f"The benchmark {unit!r} sets the unit of slopes and is not in the table.")
        share = scores["performance"].to_numpy(float).clip(clip, 1 - clip)
        each = ridge / (len(models) + 2 * len(benchmarks) - 1)
        models, benchmarks = pd.Index(models, name="model"), pd.Index(benchmarks, name="benchmark")
        return cls(models, benchmarks, model, benchmark, share, benchmarks.get_loc(unit), each)

    @property
    def nobs(self) -> int:
        return len(self.share)

    @cached_property
    def gather(self) -> tuple[sparse.csr_array, sparse.csr_array]:
        """What sums scores over models and over benchmarks, made once for thousands of sums."""
        codes = ((self.model, len(self.models)), (self.benchmark, len(self.benchmarks)))
        ones, score = np.ones(self.nobs), np.arange(self.nobs)
        return tuple(sparse.csr_array((ones, (code, score)), (size, self.nobs)) for code, size in codes)

    def by_model(self, values: Array) -> Array:
        """Sums of (draws, n) over the scores of each model, shape (draws, models)."""
        return (self.gather[0] @ values.T).T

    def by_benchmark(self, values: Array) -> Array:
        return (self.gather[1] @ values.T).T

    def residuals(self, at: Solution) -> Array:
        """Fitted minus observed shares, shape (draws, n)."""
        above = at.ability[:, self.model] - at.difficulty[:, self.benchmark]
        return expit(at.slope[:, self.benchmark] * above) - self.share

    def objective(self, at: Solution, weights: Array) -> Array:
        """Half the weighted squares plus half the ridge on all but the fixed slope, shape (draws,)."""
        squares = sum((part**2).sum(axis=1) for part in at[:3]) - at.slope[:, self.unit] ** 2
        return (weights * self.residuals(at) ** 2).sum(axis=1) / 2 + self.ridge * squares / 2

    def local(self, at: Solution, weights: Array) -> Local:
        slope = at.slope[:, self.benchmark]
        above = at.ability[:, self.model] - at.difficulty[:, self.benchmark]
        fitted = expit(slope * above)
        steep = fitted * (1 - fitted)
        pull, gauss = weights * (fitted - self.share) * steep, weights * steep**2
        return Local(slope, above, pull, gauss, gauss + pull * (1 - 2 * fitted))


def solve(responses: Responses, weights: Array, start: Solution | None = None) -> Solution:
    """The penalised least-squares fit for each row of ``weights`` (draws, n).

    ``start`` is one solution that all draws begin from.  Draws that do not settle are marked as not
    finished.
    """
    if start is None:
        rough = responses.by_model(responses.share[None]) / np.bincount(responses.model)
        ones = np.ones((1, len(responses.benchmarks)))
        start = Solution(2 * rough - 1, 0 * ones, ones, np.zeros(1, bool))
    parts = [
        _search(responses, block, start.take([0] * len(block)))
        for block in np.array_split(weights, max(1, -(-len(weights) // TOGETHER)))
    ]
    return Solution(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _search(responses: Responses, weights: Array, start: Solution) -> Solution:
    """Alternate, then step jointly: shorter where the objective would rise, longer where it falls."""
    ability, difficulty, slope = (part.copy() for part in start[:3])
    at = Solution(ability, difficulty, slope, np.zeros(len(weights), bool))
    near = _alternate(responses, weights, start)
    lowest, height = responses.objective(start, weights), responses.objective(near, weights)
    at.put(height < lowest, near.take(height < lowest))
    lowest, damping = np.fmin(height, lowest), np.full(len(weights), 1e-2)
    going = np.arange(len(weights))
    for _ in range(ROUNDS):
        there = _step(responses, weights[going], at.take(going), damping[going])
        height = responses.objective(there, weights[going])
        fall = 1 - height / lowest[going]
        lower = fall >= -1e-13  # rounding is no rise
        at.put(going[lower], there.take(lower))
        lowest[going[lower]] = height[lower]
        ended = lower & (fall <= SETTLED) & (damping[going] <= FREE)
        at.finished[going[ended]] = True
        damping[going] = np.clip(damping[going] * np.where(lower, 0.1, 10.0), 1e-9, 1e9)
        going = going[~ended]
        if not len(going):
            break
    return at


def _alternate(responses: Responses, weights: Array, at: Solution) -> Solution:
    """Abilities given benchmarks, then benchmarks given abilities, one Gauss-Newton step each time."""
    models, tests, ridge = responses.by_model, responses.by_benchmark, responses.ridge
    for _ in range(ALTERNATIONS):
        here = responses.local(at, weights)
        pull = models(here.pull * here.slope) + ridge * at.ability
        at = at._replace(ability=at.ability - pull / (models(here.gauss * here.slope**2) + ridge))
        here = responses.local(at, weights)
        one = ridge * at.difficulty - tests(here.pull * here.slope)
        two = ridge * at.slope + tests(here.pull * here.above)
        first, second = tests(here.gauss * here.slope**2) + ridge, tests(here.gauss * here.above**2) + ridge
        both = -tests(here.gauss * here.slope * here.above)
        for fixed in (two, both):
            fixed[:, responses.unit] = 0.0
        size = first * second - both**2
        difficulty = at.difficulty - (second * one - both * two) / size
        slope = np.clip(at.slope - (first * two - both * one) / size, *SLOPES)
        at = at._replace(difficulty=difficulty, slope=slope)
    return at


def _step(responses: Responses, weights: Array, at: Solution, damping: Array) -> Solution:
    """One Newton step, damped by the Gauss-Newton diagonal, slopes kept in their range."""
    models, tests, ridge = responses.by_model, responses.by_benchmark, responses.ridge
    here = responses.local(at, weights)
    slope_pull = tests(here.pull * here.above) + ridge * at.slope
    held = _held(at.slope, slope_pull)
    held[:, responses.unit] = True
    slope_pull[held] = 0.0
    above, cross = (np.where(held[:, responses.benchmark], 0.0, x) for x in (here.above, here.pull))
    mixed = here.bend * here.slope * above + cross
    steep, more = here.slope**2, damping[:, None]
    own = here.bend * steep
    damped = (1 + more) * ridge
    diagonal = models(own) + more * models(here.gauss * steep) + damped
    corner = _corner(
        tests(own) + more * tests(here.gauss * steep) + damped,
        -tests(mixed),
        tests(here.bend * above**2) + more * tests(here.gauss * above**2) + damped,
    )
    border = _border(responses, -own, mixed)
    of_ability = models(here.pull * here.slope) + ridge * at.ability
    of_tests = np.hstack([ridge * at.difficulty - tests(here.pull * here.slope), slope_pull])
    shrunk = (border / diagonal[:, :, None]).transpose(0, 2, 1)
    right = of_tests[:, :, None] - shrunk @ of_ability[:, :, None]
    moved = np.linalg.solve(corner - shrunk @ border, right)
    ability = at.ability - (of_ability - (border @ moved)[:, :, 0]) / diagonal
    difficulty, slope = np.split(moved[:, :, 0], 2, axis=1)
    return Solution(ability, at.difficulty - difficulty, np.clip(at.slope - slope, *SLOPES), at.finished)


def _held(slope: Array, pull: Array) -> NDArray[np.bool_]:
    """Slopes at an end of their range that would leave it."""
    return ((slope <= SLOPES[0]) & (pull > 0)) | ((slope >= SLOPES[1]) & (pull < 0))


def _border(responses: Responses, difficulty: Array, slope: Array) -> Array:
    """How abilities and benchmarks share scores, shape (draws, models, 2 benchmarks)."""
    count = len(responses.benchmarks)
    border = np.zeros((len(slope), len(responses.models), 2 * count))
    border[:, responses.model, responses.benchmark] = difficulty
    border[:, responses.model, count + responses.benchmark] = slope
    return border


def _corner(difficulty: Array, both: Array, slope: Array) -> Array:
    """The benchmarks' own block, shape (draws, 2 benchmarks, 2 benchmarks)."""
    draws, count = slope.shape
    corner = np.zeros((draws, 2 * count, 2 * count))
    i = np.arange(count)
    corner[:, i, i], corner[:, count + i, count + i] = difficulty, slope
    corner[:, i, count + i] = corner[:, count + i, i] = both
    return corner

"""One scale for many benchmarks: the item-response model behind the Epoch Capabilities Index.

A model of ability c answers a share ``1 / (1 + exp(-a (c - d)))`` of a benchmark of difficulty d
and slope a.  As upstream does it (Ho et al. 2025, "A Rosetta Stone for AI Benchmarks"; Epoch AI,
eci-public), abilities, difficulties and slopes minimise the squared errors of the shares plus a
ridge, the slope of one benchmark is one, and the scale is then moved so that two models have
their agreed scores.  Every bootstrap draw is fitted and moved by itself.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.errors import FrontierError
from moat.index.solver import Responses, solve
from moat.stats.estimate import Estimate, percentile_estimate

#: What the points of the index mean (Epoch AI).
ANCHORS = {"Claude 3.5 Sonnet": 130.0, "GPT-5": 150.0}
#: Upstream leaves out models with fewer benchmarks.
MIN_BENCHMARKS = 4
COLUMNS = ("model", "benchmark", "performance")


@dataclass(frozen=True)
class Index:
    """Abilities, difficulties and slopes in index points, and the abilities of every draw.

    ``replicates`` has one row a draw and one column a model; ``unfinished`` draws did not converge
    and are left out of it.  ``rmse`` is the root mean squared error of the shares, ``seconds`` how long
    the fit took, where that was noted.
    """

    ability: pd.Series
    benchmarks: pd.DataFrame
    replicates: pd.DataFrame = field(repr=False)
    nobs: int
    rmse: float
    ridge: float
    unfinished: int
    what: str
    seconds: float = np.nan

    @classmethod
    def given(cls, ability: pd.Series) -> Index:
        """Scores that others computed, without draws."""
        none = pd.DataFrame(columns=ability.index, dtype=float)
        return cls(ability, pd.DataFrame(), none, len(ability), np.nan, np.nan, 0, "published scores")

    @property
    def method(self) -> str:
        """One line for provenance."""
        return f"item response, ridge {self.ridge:g}, {len(self.replicates):,} draws of {self.what}"

    def conf_int(self, alpha: float = 0.1) -> pd.DataFrame:
        """Columns low and high, one row a model."""
        ends = self._draws().quantile([alpha / 2, 1 - alpha / 2])
        return ends.T.set_axis(["low", "high"], axis=1)

    def difference(self, one: str, other: str, level: float = 0.9) -> Estimate:
        """How many points ``one`` is above ``other``, drawn jointly."""
        self._know(one, other)
        draws = self._draws()
        gap = self.ability[one] - self.ability[other]
        method = f"{self.method}; paired difference"
        return percentile_estimate(gap, draws[one] - draws[other], n=self.nobs, method=method, level=level)

    def abilities(self, models: Collection[str]) -> NDArray[np.float64]:
        """The estimate in row 0 and the draws below it, shape (1 + draws, models)."""
        self._know(*models)
        return np.vstack([self.ability[list(models)], self.replicates[list(models)].to_numpy()])

    def _know(self, *models: str) -> None:
        unknown = [m for m in models if m not in self.ability.index]
        if unknown:
            raise FrontierError(f"The index has no model {unknown[0]!r}; use the names of its table.")

    def _draws(self) -> pd.DataFrame:
        if self.replicates.empty:
            raise FrontierError("This index has no bootstrap draws; call fit(..., draws=500) for intervals.")
        return self.replicates


@dataclass(frozen=True)
class ItemResponse:
    """The model of the index; `fit` gives an `Index`.

    ``unit`` names the benchmark of slope one, which together with ``ridge`` sets how strongly slopes
    are held back.  ``anchors`` maps at least two models to their scores; with more than two the
    scale is moved by least squares.

    >>> ability, difficulty = np.arange(5) / 2, np.linspace(0, 2, 8)
    >>> share = 1 / (1 + np.exp(-2 * (ability[:, None] - difficulty)))
    >>> table = pd.DataFrame(share, list("abcde"), list("stuvwxyz")).rename_axis("model")
    >>> scores = table.melt(var_name="benchmark", value_name="performance", ignore_index=False).reset_index()
    >>> index = ItemResponse(ridge=1e-6, unit="s", anchors={"a": 0, "e": 2}).fit(scores, draws=0)
    >>> (1 + index.ability).round(2).to_dict()
    {'a': 1.0, 'b': 1.5, 'c': 2.0, 'd': 2.5, 'e': 3.0}
    """

    ridge: float = 0.1
    unit: str = "Winogrande"
    anchors: Mapping[str, float] = field(default_factory=lambda: dict(ANCHORS))
    clip: float = 1e-3

    def fit(self, scores: pd.DataFrame, *, draws: int = 1000, seed: int = 0) -> Index:
        """Fit to one row a model and benchmark with columns model, benchmark, performance.

        ``performance`` is a share in [0, 1], guessing taken off.  In each draw models and benchmarks
        get independent weights from the exponential distribution, and a score the product of its
        two: the Bayesian form of resampling both (Owen and Eckles 2012, Annals of Applied
        Statistics 6), in which no model is lost.

        Raises `FrontierError` for missing columns, shares outside [0, 1], a score that occurs twice,
        and anchors or a unit that are not in the table.
        """
        begun = time.perf_counter()
        responses = self._responses(scores)
        rng = np.random.default_rng(seed)
        of_model = rng.standard_exponential((draws, len(responses.models)))
        of_benchmark = rng.standard_exponential((draws, len(responses.benchmarks)))
        weights = of_model[:, responses.model] * of_benchmark[:, responses.benchmark]
        index = self._index(responses, weights, "models and benchmarks")
        return replace(index, seconds=time.perf_counter() - begun)

    def leave_one_out(self, scores: pd.DataFrame) -> Index:
        """The index whose "draws" each leave one benchmark out, labelled by it.  Raises as `fit`."""
        responses = self._responses(scores)
        rows = np.arange(len(responses.benchmarks))[:, None]
        return self._index(responses, (rows != responses.benchmark).astype(float), "one benchmark less")

    def _responses(self, scores: pd.DataFrame) -> Responses:
        missing = [c for c in COLUMNS if c not in scores]
        if missing:
            raise FrontierError(f"The table of scores has no column {missing[0]!r}.")
        share = scores["performance"].to_numpy(float)
        if not ((share >= 0) & (share <= 1)).all():
            raise FrontierError(
                "Scores are shares in [0, 1] with guessing taken off; convert or drop others."
            )
        if scores.duplicated(["model", "benchmark"]).any():
            raise FrontierError("A model has two scores on one benchmark; keep one of them.")
        responses = Responses.of(scores, self.clip, self.unit, self.ridge)
        lost = [m for m in self.anchors if m not in responses.models]
        if lost or len(self.anchors) < 2:
            raise FrontierError(f"The scale needs two anchors in the table; {', '.join(lost)} is missing.")
        return responses

    def _index(self, responses: Responses, weights: NDArray, what: str) -> Index:
        whole = solve(responses, np.ones((1, responses.nobs)))
        again = solve(responses, weights, start=whole)
        shift, scale = self._scale(responses, whole.ability)
        shifts, scales = self._scale(responses, again.ability)
        table = {"difficulty": shift + scale * whole.difficulty, "slope": whole.slope / scale}
        replicates = pd.DataFrame(shifts + scales * again.ability, columns=responses.models)
        if what == "one benchmark less":
            replicates.index = responses.benchmarks
        return Index(
            ability=pd.Series((shift + scale * whole.ability)[0], responses.models, name="ability"),
            benchmarks=pd.DataFrame({k: v[0] for k, v in table.items()}, responses.benchmarks),
            replicates=replicates[again.finished],
            nobs=responses.nobs,
            rmse=float(np.sqrt(np.mean(responses.residuals(whole) ** 2))),
            ridge=self.ridge,
            unfinished=int((~again.finished).sum()),
            what=what,
        )

    def _scale(self, responses: Responses, ability: NDArray) -> tuple[NDArray, NDArray]:
        """Shift and scale (draws, 1) that bring the anchors of each draw to their scores."""
        points = np.array(list(self.anchors.values()), float)
        columns = responses.models.get_indexer(pd.Index(list(self.anchors)))
        raw = ability[:, np.asarray(columns, np.intp)]
        centred = raw - raw.mean(axis=1, keepdims=True)
        scale = (centred @ (points - points.mean()) / (centred**2).sum(axis=1))[:, None]
        return points.mean() - scale * raw.mean(axis=1, keepdims=True), scale


def known_by(scores: pd.DataFrame, dates: pd.Series, day: str) -> pd.DataFrame:
    """The scores of models and benchmarks that were out on ``day``.

    ``dates`` is indexed by model; ``scores`` has a column benchmark_released, where empty means that
    the benchmark is recent.  Models that keep fewer than four benchmarks are left out, as upstream
    does.  The scores themselves may have been measured later: only what was measured is of its time.
    """
    until = pd.Timestamp(day)
    out = (scores["model"].map(dates) <= until) & (pd.to_datetime(scores["benchmark_released"]) <= until)
    kept = scores[out]
    enough = kept.groupby("model")["benchmark"].transform("size") >= MIN_BENCHMARKS
    return kept[enough]

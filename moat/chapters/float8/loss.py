"""Eight bits against sixteen in loss: equal by a margin fixed beforehand, with controls that must fail."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from moat.errors import RunError
from moat.stats import gain
from moat.stats.estimate import Estimate, percentile_estimate

#: Equal means within so many per cent of the loss: what DeepSeek-V3's report claims to stay below.
MARGIN = 0.25
BASELINE = "bfloat16"
NAMES = {
    "bfloat16": "bfloat16",
    "float8": "eight bits, a scale a tile",
    "float8-tensor": "eight bits, a scale a matrix",
    "float8-unscaled": "eight bits, no scale",
    "int4": "four bits, a scale a tile",
}
#: The same in a figure, where the axis says what is compared.
SHORT = {
    "float8": "scale a tile",
    "float8-tensor": "scale a matrix",
    "float8-unscaled": "no scale",
    "int4": "four bits",
}
CONTROLS = ("int4", "float8-unscaled")
#: The length at which rates were tuned and the hypothesis is judged, in steps.
MAIN = 300
PLACES = {"cpu": "small models, emulated", "gpu": "larger models, on the chip"}
UNMEASURED = "not measured"


def pairs(runs: pd.DataFrame, arm: str, steps: int) -> pd.Series:
    """Loss of ``arm`` above the baseline's in per cent of it, seed by seed (index seed)."""
    cell = runs[(runs["steps"] == steps) & runs["arm"].isin([arm, BASELINE])]
    wide = cell.pivot(index="seed", columns="arm", values="loss").dropna()
    if arm not in wide or BASELINE not in wide:
        raise RunError(f"{arm} and {BASELINE} have no common seed at {steps} steps.")
    return 100 * (wide[arm] / wide[BASELINE] - 1)


def excess(apart: ArrayLike, level: float = 0.90) -> Estimate:
    """Mean of `pairs` with the interval by which two one-sided tests at 5% decide."""
    return gain.paired(apart, np.zeros(len(apart)), level=level)


def equal(apart: ArrayLike, margin: float = MARGIN) -> str:
    """ "equal", "worse", "better" or "undecided", as `gain.equivalence` says of `pairs`.

    >>> equal([0.1, 0.0, 0.05, 0.02]), equal([3.0, 3.1, 2.9])
    ('equal', 'worse')
    """
    return gain.equivalence(np.zeros(len(apart)), apart, margin)


def power(sd: float, n: int, *, margin: float = MARGIN, draws: int = 20_000, seed: int = 0) -> float:
    """How often the test would find ``n`` seeds equal if there were no difference, by simulation.

    ``sd`` is the standard deviation of `pairs`.
    """
    rng = np.random.default_rng(seed)
    mean = rng.normal(0, sd / np.sqrt(n), draws)
    spread = sd * np.sqrt(rng.chisquare(n - 1, draws) / (n - 1))
    half = stats.t.ppf(0.95, n - 1) * spread / np.sqrt(n)
    return float((np.abs(mean) + half < margin).mean())


def cells(runs: pd.DataFrame) -> pd.DataFrame:
    """One row an arm and length: arm, steps, value, low, high (per cent of the loss), n, word."""
    rows = []
    for arm in [a for a in NAMES if a != BASELINE]:
        for steps in sorted(runs.loc[runs["arm"] == arm, "steps"].unique()):
            apart = pairs(runs, arm, steps)
            if len(apart) > 1:
                found = excess(apart)
                rows.append((arm, steps, found.value, found.low, found.high, found.n, equal(apart)))
    return pd.DataFrame(rows, columns=["arm", "steps", "value", "low", "high", "n", "word"])


def verdict(word: str, controls: list[str]) -> str:
    """Of the hypothesis that eight bits cost no more than the margin.

    A test that finds a control equal, or cannot tell, has no teeth and decides nothing.

    >>> verdict("equal", ["worse"]), verdict("equal", ["undecided"]), verdict("worse", ["worse"])
    ('supported', 'untestable', 'refuted')
    """
    if not controls or any(w != "worse" for w in controls):
        return "untestable"
    return {"equal": "supported", "better": "supported", "worse": "refuted"}.get(word, "undecided")


def tuning_shift(tried: pd.DataFrame, rates: pd.DataFrame, arm: str) -> float:
    """Per cent of the loss by which the arms' chosen rates could move their difference.

    The parabola in log rate through the baseline's best three tuning runs says what the distance
    between both chosen rates would cost the baseline.  Columns as `design.best_rates` gives.
    """
    own = tried[tried["arm"] == BASELINE].sort_values("rate")
    best = int(np.clip(own["loss"].argmin(), 1, len(own) - 2))
    part = own.iloc[best - 1 : best + 2]
    bend = np.polyfit(np.log(part["rate"]), part["loss"], 2)[0]
    chosen = rates.set_index("arm")["rate"]
    return float(100 * bend * np.log(chosen[arm] / chosen[BASELINE]) ** 2 / part["loss"].min())


def worth(runs: pd.DataFrame, arm: str, steps: int, *, draws: int, seed: int) -> Estimate:
    """Compute multiplier of ``arm``: what the baseline needs for its loss, over what it used.

    Both parts are paired by seed: the arm's relative excess, and by how much the baseline's loss
    falls with compute between the two lengths around ``steps`` (or, at its longest, the last
    two).  Their means are drawn from t distributions.  ``runs`` has columns arm, steps, seed,
    flop, loss.
    """
    apart = pairs(runs, arm, steps) / 100
    base = runs[runs["arm"] == BASELINE]
    lengths = sorted(base["steps"].unique())
    at = lengths.index(steps)
    if len(lengths) < 2:
        raise RunError("A multiplier needs the baseline at two lengths or more.")
    first, last = lengths[max(0, at - 1)], lengths[min(at + 1, len(lengths) - 1)]
    wide = np.log(base.pivot(index="seed", columns="steps", values="loss")).dropna()
    flop = np.log(base.groupby("steps")["flop"].first())
    slopes = (wide[first] - wide[last]) / (flop[last] - flop[first])
    rng = np.random.default_rng(seed)
    again = np.exp(-_drawn(np.log1p(apart), draws, rng) / _drawn(slopes, draws, rng))
    value = np.exp(-np.log1p(apart).mean() / slopes.mean())
    method = f"paired excess over the paired slope of the baseline, {draws:,} parametric draws"
    return percentile_estimate(float(value), again, n=len(apart), method=method)


def _drawn(values: pd.Series, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draws of a mean: its t distribution."""
    return values.mean() + values.std() / np.sqrt(len(values)) * rng.standard_t(len(values) - 1, draws)


def trend(runs: pd.DataFrame, arm: str) -> Estimate:
    """How the excess of ``arm`` changes when runs get twice as long, in points of a per cent.

    A line through each seed's excess against the logarithm of the length; then over seeds.
    """
    lengths = sorted(runs.loc[runs["arm"] == arm, "steps"].unique())
    wide = pd.DataFrame({n: pairs(runs, arm, n) for n in lengths}).dropna()
    slopes = np.polyfit(np.log2(lengths), wide.to_numpy().T, 1)[0]
    found = excess(slopes)
    method = f"slope over {len(lengths)} lengths, mean over seeds, t interval"
    return Estimate(found.value, found.low, found.high, found.n, method, found.level)


def finer(runs: pd.DataFrame, steps: int) -> Estimate:
    """How far one scale a matrix lies above one a tile, per cent of the baseline's loss, by seed."""
    matrix, tile = pairs(runs, "float8-tensor", steps), pairs(runs, "float8", steps)
    return excess((matrix - tile).dropna(), level=0.95)


def finer_word(found: Estimate) -> str:
    """What the finer scale does, by the sign of the interval of `finer`."""
    if found.low > 0:
        return "helps"
    return "does harm" if found.high < 0 else "makes no difference that these seeds can tell"


def by_seed(tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame) -> pd.DataFrame:
    """`pairs` behind each of ``rows`` (columns place, arm, steps, name): place, name, seed, apart."""
    parts = [
        pairs(tables[row.place], row.arm, row.steps)
        .rename("apart")
        .reset_index()
        .assign(place=row.place, name=row.name)
        for row in rows.rename_axis("at").itertuples(index=False)
    ]
    return pd.concat(parts, ignore_index=True)


def main_length(runs: pd.DataFrame) -> int:
    """`MAIN`, or where eight bits were not run so long, their longest length."""
    return int(min(MAIN, runs.loc[runs["arm"] == "float8", "steps"].max()))


def outcome(runs: pd.DataFrame, *, draws: int, seed: int) -> dict[str, tuple[object, dict]]:
    """What a chapter says of one budget: by name, a value and how to record it."""
    steps = main_length(runs)
    table = cells(runs)
    main = table[table["steps"] == steps].set_index("arm")
    apart = pairs(runs, "float8", steps)
    word = equal(apart)
    controls = [main.loc[arm, "word"] for arm in CONTROLS if arm in main.index]
    per_cent = {"unit": "%", "drift": 0.5}
    sure = {"exact": "simulation at the spread of the pairs", "unit": "%", "spec": ".0f", "drift": 0.1}
    above = excess(apart)
    costs = {True: "The cost is real, if small", False: "No cost can be told from none"}[above.low > 0]
    tokens = runs.loc[runs["steps"] == steps, "tokens"].iloc[0] / 1e6
    return {
        "excess": (above, per_cent),
        "equal": (word, {"rule": "two one-sided t tests at 5% against the margin", "n": len(apart)}),
        "costs": (costs, {"rule": "lower end of the 90% interval above zero"}),
        "hypothesis": (verdict(word, controls), {"rule": "equal by the test, whose controls are worse"}),
        "power": (100 * power(float(apart.std()), len(apart)), sure),
        "worth": (worth(runs, "float8", steps, draws=draws, seed=seed), {"drift": 0.5}),
        "seeds": (len(apart), {"exact": "count", "spec": ".0f"}),
        "steps": (steps, {"exact": "design", "spec": ".0f"}),
        "tokens": (tokens, {"exact": "design", "spec": ".2f"}),
        "params": (runs["params"].iloc[0] / 1e6, {"exact": "counted from shapes", "spec": ".2g"}),
    }

"""Two arms of repeated runs: do they differ, are they equal within a margin, what are they worth in time?

The arms are independent (no seed is shared), so differences are those of Welch (1947), equality is
shown by two one-sided tests against a margin fixed beforehand (Schuirmann 1987), and a permutation
of labels checks what Student's t assumes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from numpy.typing import ArrayLike
from scipy import stats

from moat.errors import FrontierError
from moat.stats import intervals
from moat.stats.estimate import Estimate
from moat.stats.gain import quotient

NEEDS = "An arm needs at least two runs that finished."


def arms(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs with the columns arm, steps, loss and train_time: an arm is a folder, its part and its steps.

    ``runs`` has the columns folder, file (part/name or name), final_step, val_loss and train_time.

    >>> one = pd.DataFrame({"folder": ["a"], "file": ["new/x.txt"], "final_step": [9.0], "val_loss": [3.0],
    ...                     "train_time": [1.0]})
    >>> arms(one)["arm"].tolist()
    ['a/new@9']
    """
    part = runs["file"].str.rpartition("/")[0]
    name = runs["folder"] + "/" + part + "@" + runs["final_step"].map("{:.0f}".format)
    kept = {"steps": runs["final_step"].astype(float), "loss": runs["val_loss"].astype(float)}
    return pd.DataFrame({"arm": name, **kept, "train_time": runs["train_time"].astype(float)})


def mean(values: ArrayLike, *, level: float = 0.95) -> Estimate:
    """The mean of repeats with Student's interval.

    >>> round(mean([1.0, 1.1, 0.9]).value, 6)
    1.0
    """
    method = "mean of repeats, t interval"
    return intervals.mean(values, method=method, level=level, needs=NEEDS, error=FrontierError)


def difference(baseline: ArrayLike, changed: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Mean of ``changed`` minus mean of ``baseline`` with Welch's interval.

    >>> round(difference([1.0, 1.1, 0.9], [1.2, 1.3, 1.1]).value, 6)
    0.2
    """
    method = f"difference of means, Welch interval, {len(baseline)} and {len(changed)} runs"
    return intervals.difference(
        baseline, changed, method=method, level=level, needs=NEEDS, error=FrontierError
    )


def p_value(baseline: ArrayLike, changed: ArrayLike, *, draws: int, seed: int) -> tuple[float, float]:
    """Two-sided p of no difference: Welch's, and that of ``draws`` permutations of the labels."""
    one, two = _arm(baseline), _arm(changed)
    welch = stats.ttest_ind(two, one, equal_var=False).pvalue
    options = {"n_resamples": draws, "rng": np.random.default_rng(seed), "vectorized": True}
    shuffled = stats.permutation_test((two, one), _apart, permutation_type="independent", **options)
    return float(welch), float(shuffled.pvalue)


def equivalent(baseline: ArrayLike, changed: ArrayLike, margin: float, *, alpha: float = 0.05) -> str:
    """`intervals.equivalence` of a loss, of which less is better, at a ``margin`` fixed beforehand."""
    return intervals.equivalence(-difference(baseline, changed, level=1 - 2 * alpha), margin)


def slope(arms: pd.DataFrame, *, level: float = 0.95) -> Estimate:
    """Loss lost per log of steps saved, pooled over ``arms``: pair, steps, loss, one row a run.

    Each pair is one recipe run for two numbers of steps; a common slope is fitted with an intercept a
    pair, by least squares, and heteroscedasticity-robust errors (MacKinnon and White 1985).
    """
    counts = arms.groupby("pair")["steps"].nunique()
    if not len(counts) or (counts < 2).any():
        raise FrontierError("A slope in steps needs each recipe at two numbers of steps at least.")
    fitted = smf.ols("loss ~ np.log(steps) + C(pair)", arms).fit(cov_type="HC3", use_t=True)
    low, high = -fitted.conf_int(1 - level).loc["np.log(steps)"][::-1]
    method = f"least squares with an intercept for each of {len(counts)} recipes, HC3 errors"
    return Estimate(-fitted.params["np.log(steps)"], low, high, n=len(arms), method=method, level=level)


def seed_spread(runs: pd.DataFrame, *, least: int = 5, level: float = 0.95) -> Estimate:
    """Standard deviation of loss between repeats of one recipe, pooled over recipes with enough runs.

    ``runs`` has the columns arm and loss; arms with fewer than ``least`` runs are left out.  The
    interval is that of a variance of normal losses.
    """
    arms = runs.groupby("arm")["loss"].agg(["var", "size"])
    arms = arms[arms["size"] >= least]
    freedom = int((arms["size"] - 1).sum())
    if not freedom:
        raise FrontierError(f"No recipe has {least} runs.")
    squares = float((arms["var"] * (arms["size"] - 1)).sum())
    ends = stats.chi2.ppf([(1 + level) / 2, (1 - level) / 2], freedom)
    value, low, high = np.sqrt([squares / freedom, *(squares / ends)])
    method = f"pooled over {len(arms)} recipes, interval of a normal variance"
    return Estimate(value, low, high, n=int(arms["size"].sum()), method=method, level=level)


def in_time(loss: Estimate, per_log: Estimate) -> Estimate:
    """A difference in loss as a share of the time, in per cent: what training on would cost to undo it.

    >>> one, two = (Estimate(v, v / 2, v * 2, n=9, method="") for v in (0.002, 0.2))
    >>> round(in_time(one, two).value, 3)
    1.0
    """
    found = quotient(loss, per_log)
    ends = (100 * x for x in (found.value, found.low, found.high))
    return Estimate(*ends, n=found.n, method=found.method, level=found.level)


def worth(
    baseline: pd.DataFrame, changed: pd.DataFrame, per_log: Estimate, *, draws: int, seed: int
) -> tuple[Estimate, Estimate]:
    """Speed-up in per cent as timed, and at equal loss, of arms with the columns loss and train_time.

    A loss is turned into time by ``per_log``, the loss lost per log of steps saved.  Parametric draws:
    means of both arms from Student's t, the slope from its normal interval.
    """
    rng = np.random.default_rng(seed)
    time = np.log(_means(baseline["train_time"], rng, draws) / _means(changed["train_time"], rng, draws))
    loss = _means(changed["loss"], rng, draws) - _means(baseline["loss"], rng, draws)
    error = per_log.half_width / stats.norm.ppf((1 + per_log.level) / 2)
    rate = np.concatenate([[per_log.value], rng.normal(per_log.value, error, draws)])
    n, method = len(baseline) + len(changed), f"log ratio of mean times, {draws:,} parametric draws"
    found = []
    for log, more in ((time, ""), (time - loss / rate, ", less the time that the loss would cost")):
        value, low, high = 100 * np.expm1([log[0], *np.quantile(log[1:], [0.025, 0.975])])
        found.append(Estimate(value, low, high, n=n, method=method + more))
    return found[0], found[1]


def _apart(one: np.ndarray, two: np.ndarray, axis: int) -> np.ndarray:
    return one.mean(axis=axis) - two.mean(axis=axis)


def _means(values: ArrayLike, rng: np.random.Generator, draws: int) -> np.ndarray:
    """The mean, and draws of what it could have been."""
    values = _arm(values)
    n = len(values)
    noise = rng.standard_t(n - 1, draws) * values.std(ddof=1) / np.sqrt(n)
    return np.concatenate([[values.mean()], values.mean() + noise])


def _arm(values: ArrayLike) -> np.ndarray:
    return intervals.checked(values, NEEDS, FrontierError)

"""What a smaller cache costs in loss, and what it saves in memory and time."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from moat.bench.config import Config
from moat.bench.experiments import plan
from moat.bench.experiments.attention import GROUPS
from moat.bench.flop import cache_bytes
from moat.bench.timing.attention import flop_token
from moat.errors import RunError
from moat.stats import gain
from moat.stats.estimate import Estimate
from moat.stats.intervals import half_width

NAMES = {
    "multi-head": "a key and value a head",
    "grouped 4": "four shared by groups",
    "grouped 2": "two shared by groups",
    "grouped 1": "one shared by all",
    "latent 4": "latent, cache of four",
    "latent 2": "latent, cache of two",
    "latent 1": "latent, cache of one",
}
#: Three pairs are looked at, so each interval is wider: together they miss one time in twenty.
PAIR_LEVEL = 1 - 0.05 / len(GROUPS)
#: What counts as no price at all: within a quarter of a per cent of the loss.
MARGIN = 0.0025
#: Models whose cache is a plain product of their shape; others look back in chunks or windows.
MODELS = ("Llama 3.1-405B", "DeepSeek LLM 67B", "Llama 3.1-70B", "Llama 3.1-8B", "DeepSeek-V3", "DeepSeek-V2")


def at_length(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of the one length that all arms have; multi-head attention has others too."""
    return runs[runs["steps"] == runs.loc[runs["arm"] != "multi-head", "steps"].max()]


def frontier(runs: pd.DataFrame, budget: str, spread: tuple[float, int] | None = None) -> pd.DataFrame:
    """One row an arm: arm, family, bytes_token (16 bits a number), loss, low, high, n, flop.

    The interval is that of the mean over seeds.  Where there is one run an arm it comes from
    ``spread``, the standard deviation of runs that differ in their seed and its degrees of freedom.
    """
    arms, rows = plan("attention", budget).arms, []
    for arm, part in at_length(runs).groupby("arm"):
        if spread is None:
            mean = gain.paired(part["loss"], np.zeros(len(part)))
            ends = mean.value, mean.low, mean.high
        else:
            loss, half = float(part["loss"].item()), half_width(*spread)
            ends = loss, loss - half, loss + half
        family = "latent" if arm.startswith("latent") else "grouped"
        rows.append((arm, family, cache_bytes(arms[arm]), *ends, len(part), part["flop"].iloc[0]))
    columns = ["arm", "family", "bytes_token", "loss", "low", "high", "n", "flop"]
    return pd.DataFrame(rows, columns=columns).sort_values(["family", "bytes_token"], ignore_index=True)


def tried(runs: pd.DataFrame) -> pd.DataFrame:
    """The best tuning run of each arm at the one length that all have, as if it were a reported one.

    One seed: what there is where the reported runs were not finished.  All arms had the same
    rates, so each is the best of as many and all are too good alike.
    """
    trials = at_length(runs[(runs["stage"] == "tune") & (runs["status"] == "finished")])
    if trials.groupby("arm")["rate"].apply(frozenset).nunique() > 1:
        raise RunError("The arms were not tuned on the same rates; their best runs do not compare.")
    return trials.loc[trials.groupby("arm")["loss"].idxmin()].reset_index(drop=True)


def apart(
    trials: pd.DataFrame,
    arms: str | list[str],
    baselines: str | list[str],
    spread: tuple[float, int],
    level: float = 0.95,
) -> Estimate:
    """Mean gain of ``arms`` over ``baselines`` from one run each, with the spread between seeds of others.

    ``spread`` is the standard deviation (nats) of runs that differ in their seed alone and its
    degrees of freedom, as `gain.pooled` gives them.  Pairing is not counted on, so the interval is wide.
    """
    loss = trials.set_index("arm")["loss"]
    ours, theirs = loss[np.atleast_1d(arms)], loss[np.atleast_1d(baselines)]
    gained, (sd, freedom) = float(theirs.mean() - ours.mean()), spread
    half = half_width(sd * math.sqrt(1 / len(ours) + 1 / len(theirs)), freedom, level)
    method = f"one run an arm; spread between seeds of other runs, {freedom} degrees of freedom"
    return Estimate(gained, gained - half, gained + half, 1, method, level)


def paired(runs: pd.DataFrame, arm: str, baseline: str, level: float = 0.95) -> Estimate:
    """Gain of ``arm`` over ``baseline`` (nats; positive is better), paired by seed."""
    wide = at_length(runs).pivot(index="seed", columns="arm", values="loss")[[baseline, arm]].dropna()
    return gain.paired(wide[baseline], wide[arm], level=level)


def pairs(runs: pd.DataFrame) -> dict[int, Estimate]:
    """Gain of latent over grouped attention at each of the equal caches, at `PAIR_LEVEL`."""
    return {g: paired(runs, f"latent {g}", f"grouped {g}", PAIR_LEVEL) for g in GROUPS}


def learning(runs: pd.DataFrame, arm: str = "multi-head") -> float:
    """Nats that ``arm`` loses with each doubling of its training, from its best tuning runs."""
    trials = runs[(runs["stage"] == "tune") & (runs["arm"] == arm) & (runs["status"] == "finished")]
    best = trials.groupby("steps")["loss"].min()
    if len(best) < 2:
        raise RunError(f"The arm {arm!r} has been tuned at fewer than two lengths: there is no slope.")
    return -float(np.polyfit(np.log2(best.index.to_numpy(float)), best, 1)[0])


def worth(found: Estimate, halved: float, cost: float = 1.0) -> Estimate:
    """A gain in nats as a multiple of compute, where a doubling of training is worth ``halved`` nats.

    ``cost`` is the arm's FLOP over the baseline's.  The interval is that of the gain; the slope, of
    one seed, is taken as it is.

    >>> worth(Estimate(0.1, 0.0, 0.2, 5, "t"), 0.2, 2.0).high
    1.0
    """
    ends = (2 ** (gained / halved) / cost for gained in (found.value, found.low, found.high))
    return Estimate(*ends, found.n, f"{found.method}; by the slope of tuning runs", found.level)


def comparisons(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a comparison: comparison, cache (in pairs of keys and values), value, low, high, n."""
    rows = [("latent over shared", groups, found) for groups, found in pairs(runs).items()]
    rows.append(("one pair over one a head", 1, paired(runs, "grouped 1", "multi-head")))
    numbers = [(*labels, e.value, e.low, e.high, e.n) for *labels, e in rows]
    return pd.DataFrame(numbers, columns=["comparison", "cache", "value", "low", "high", "n"])


def difference(one: Estimate, other: Estimate) -> Estimate:
    """``one`` minus ``other``, independent and of one level; distances to the ends combine in squares.

    (Zou and Donner 2008, Statistics in Medicine 27.)

    >>> a, b = Estimate(0.3, 0.0, 0.6, 4, ""), Estimate(0.1, -0.3, 0.5, 5, "")
    >>> change = difference(a, b)
    >>> round(change.value, 3), round(change.low, 3), round(change.high, 3), change.n
    (0.2, -0.3, 0.7, 4)
    """
    value = one.value - other.value
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    method = "difference of two independent paired means, ends combined in squares"
    return Estimate(value, value - below, value + above, min(one.n, other.n), method, one.level)


def overall(runs: pd.DataFrame) -> Estimate:
    """Gain of latent over grouped attention, averaged over the caches within each seed."""
    wide = at_length(runs).pivot(index="seed", columns="arm", values="loss")
    means = [
        wide[[f"{form} {g}" for g in GROUPS]].mean(axis=1, skipna=False) for form in ("grouped", "latent")
    ]
    both = pd.concat(means, axis=1).dropna()
    return gain.paired(both[0], both[1])


def verdict(gains: Mapping[int, Estimate]) -> str:
    """Latent attention reaches a lower loss than grouped attention with an equal cache.

    Fixed beforehand: refuted at this scale where it is worse at one cache at least and better at
    none; "not refuted" where it is the other way round; "mixed" where both; else "undecided".

    >>> worse, unclear = (Estimate(-0.1, low, high, 5, "") for low, high in ((-0.2, -0.05), (-0.3, 0.1)))
    >>> verdict({1: worse, 2: unclear}), verdict({1: unclear})
    ('refuted', 'undecided')
    """
    better = any(g.low > 0 for g in gains.values())
    worse = any(g.high < 0 for g in gains.values())
    return {
        (True, True): "mixed", (False, True): "refuted", (True, False): "not refuted",
        (False, False): "undecided",
    }[better, worse]  # fmt: skip


def price(runs: pd.DataFrame, arm: str = "grouped 1") -> str:
    """Whether ``arm`` costs anything against multi-head attention: `gain.equivalence` at `MARGIN`."""
    wide = at_length(runs).pivot(index="seed", columns="arm", values="loss")[["multi-head", arm]].dropna()
    return gain.equivalence(wide["multi-head"], wide[arm], MARGIN * wide["multi-head"].mean())


def caches(shapes: pd.DataFrame, context: int) -> pd.DataFrame:
    """Memory of what published models keep, one row a model of `MODELS`.

    ``shapes`` is the facts table ``architectures``.  Columns model, bits, bytes_token, gigabytes (of
    ``context`` tokens), full (bytes a token if each head of queries had its own keys and values of
    the same width in as many bits), groups (heads of keys and values with an equal cache).
    """
    own = shapes.set_index("model").loc[list(MODELS)].reset_index()
    each = own["layers"] * own["cache_bits"] / 8
    found = own[["model"]].assign(bits=own["cache_bits"], bytes_token=each * own["cache_per_layer"])
    found["gigabytes"] = found["bytes_token"] * context / 1e9
    found["full"] = each * 2 * own["heads"] * own["value_width"]
    found["groups"] = own["cache_per_layer"] / (2 * own["value_width"])
    return found.sort_values("bytes_token", ascending=False, ignore_index=True)


def bound(config: Config, flop_s: float, byte_s: float) -> tuple[float, str]:
    """Seconds for each token in the cache at best, and which ceiling binds: "memory" or "arithmetic".

    The numbers kept are read once, in 16 bits; the work is that of one step of decoding.

    >>> seconds, binds = bound(Config(heads=8, context=256), 1e12, 1e12)
    >>> seconds * 1e12, binds
    (512.0, 'memory')
    """
    times = {
        "memory": cache_bytes(config) / byte_s,
        "arithmetic": flop_token(config) * config.layers / flop_s,
    }
    binds = max(times, key=times.get)
    return times[binds], binds


def ceilings(forms: Mapping[str, Config], chips: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """`bound` of each form on each chip: chip, form, nanoseconds, binds, intensity (FLOP a byte)."""
    rows = []
    for chip, (flop_s, byte_s) in chips.items():
        for form, config in forms.items():
            seconds, binds = bound(config, flop_s, byte_s)
            intensity = flop_token(config) * config.layers / cache_bytes(config)
            rows.append((chip, form, 1e9 * seconds, binds, intensity))
    return pd.DataFrame(rows, columns=["chip", "form", "nanoseconds", "binds", "intensity"])

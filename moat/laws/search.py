"""From many starts to the global minimum, and from there to the minimum of every bootstrap draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from moat.laws import engine
from moat.laws.coordinates import Coordinates

if TYPE_CHECKING:
    from moat.laws.law import Law

#: Ends of the starts whose objectives differ by less than this share are one minimum.
SAME = 1e-9
#: Minima within this factor of the best, and at most so many, are started from in every draw.
RIVAL, RIVALS = 2.0, 4
#: So many starts are followed; more are first thinned out by their objectives.
FOLLOWED = 16
#: Steps in zones that are wide against usual residuals: near the valley's floor is enough there.
WIDE, ON_THE_WAY = 3e-3, 10
#: Draws whose objectives at all starts are held in memory together.
TOGETHER = 100


def tabulate(
    law: Law, coordinates: Coordinates, base: engine.Problem, starts: np.ndarray, frame: pd.DataFrame
) -> np.ndarray:
    """The objective of each row at each start, shape (starts, n): a draw is a weighted sum of it."""
    natural = pd.DataFrame(coordinates.natural(starts), columns=list(law.names))
    fitted = law.predict(natural, frame)
    with np.errstate(all="ignore"):
        resid = base.target - (fitted if base.raw else np.log(fitted))
    return np.nan_to_num(engine.huber(resid, base.delta), nan=np.inf)


def best_starts(table: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The start of lowest objective for each row of ``weights`` (draws, n)."""
    parts = (weights[i : i + TOGETHER] @ table.T for i in range(0, len(weights), TOGETHER))
    return np.concatenate([part.argmin(axis=1) for part in parts] or [np.empty(0, int)])


def spread_of_best(objective: np.ndarray) -> np.ndarray:
    """The best start, then the best of the rest in parts of the grid: not all in one valley."""
    parts = np.array_split(np.arange(len(objective)), FOLLOWED)
    best = [part[objective[part].argmin()] for part in parts]
    return np.unique([*best, *np.argsort(objective)[:FOLLOWED]])


def descend(base: engine.Problem, starts: np.ndarray, zones: tuple[float, ...]) -> engine.Minimum:
    """Where every start ends, by way of ever narrower zones of the Huber function."""
    every = np.broadcast_to(base.weights, (len(starts), base.weights.shape[-1]))
    # Far starts begin in a wide zone, where every direction has curvature of the order of one.
    damping = np.eye(base.model.size) if len(zones) > 1 else damping_at(base, starts[0])
    for zone in zones[:-1]:
        problem = replace(base, weights=every, delta=zone)
        steps = ON_THE_WAY if zone > WIDE else engine.MAX_STEPS
        starts = engine.minimise(problem, starts, damping, steps=steps).theta
    return engine.minimise(replace(base, weights=every, delta=zones[-1]), starts, damping)


def distinct_minima(ends: engine.Minimum, bounded: np.ndarray) -> list[int]:
    """One end for each different minimum near the best, the best first.

    Ends at a bound are no rivals of one inside.  A best end at a bound keeps the best one inside
    as its rival, finished or not: where a term has vanished, a draw could not bring it back.
    """
    order = np.argsort(ends.objective)
    best = int(order[0])
    chosen = [best]
    inside = [int(i) for i in order[1:] if not bounded[i]]
    for i in inside[:1] if bounded[best] else inside:
        value = ends.objective[i]
        known = [ends.objective[c] for c in chosen]
        near = ends.finished[i] and value <= RIVAL * known[0]
        if (near and value > known[-1] * (1 + 1e3 * SAME) and len(chosen) < RIVALS) or bounded[best]:
            chosen.append(i)
    return chosen


def damping_at(base: engine.Problem, theta: np.ndarray) -> np.ndarray:
    return engine.damping_matrix(base.model, theta, base.target, base.delta, base.raw)


def refit_draws(
    law: Law,
    coordinates: Coordinates,
    base: engine.Problem,
    theta: np.ndarray,
    starts: Sequence[np.ndarray],
    counts: np.ndarray,
) -> pd.DataFrame:
    """Natural parameters of the draws that finished, indexed by the number of the draw.

    Every draw runs from each of ``starts``, (p,) for all or (draws, p), and keeps its best end;
    ``theta`` is the minimum of the base fit.
    """
    draws = len(counts)
    if not draws:
        return pd.DataFrame(columns=list(law.names), dtype=float, index=pd.RangeIndex(0))
    problem = replace(base, weights=counts * base.weights)
    damping = damping_at(base, theta)
    ends = [engine.minimise(problem, start, damping) for start in starts]
    best = np.argmin([np.where(end.finished, end.objective, np.inf) for end in ends], axis=0)
    theta, finished = (
        np.array([getattr(end, name) for end in ends])[best, np.arange(draws)]
        for name in ("theta", "finished")
    )
    natural = coordinates.natural(theta[finished])
    return pd.DataFrame(natural, columns=list(law.names), index=np.flatnonzero(finished))

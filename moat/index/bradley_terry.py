"""An index that knows only who beats whom, for those who distrust the size of a difference.

On each benchmark every pair of models is one game, and a tie is half a win for both.  Abilities
are those under which the games are most likely (Bradley and Terry 1952): a model of ability c
beats one of ability d with odds exp(c - d).  No score enters, only order, so it does not matter how
far apart two scores are, nor whether a benchmark is nearly solved.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moat.errors import FrontierError
from moat.index.item_response import COLUMNS, Index

Array = NDArray[np.float64]

#: Ridge on abilities: keeps a model that always wins finite.
RIDGE = 0.1
ROUNDS, SETTLED = 60, 1e-6


def by_rank(scores: pd.DataFrame, *, draws: int = 100, seed: int = 0) -> Index:
    """An `Index` in log odds from one row a model and benchmark: model, benchmark, performance.

    Draws weigh models and benchmarks as those of `ItemResponse` do; a game weighs what its benchmark
    and both of its models weigh.  Raises `FrontierError` for a missing column or a repeated score.

    >>> table = pd.DataFrame({"model": [*"abc"] * 2, "benchmark": [*"xxxyyy"],
    ...                       "performance": [0.1, 0.2, 0.9, 0.3, 0.3, 0.4]})
    >>> by_rank(table, draws=0).ability.rank().to_dict()
    {'a': 1.0, 'b': 2.0, 'c': 3.0}
    """
    missing = [c for c in COLUMNS if c not in scores]
    if missing:
        raise FrontierError(f"The table of scores has no column {missing[0]!r}.")
    if scores.duplicated(["model", "benchmark"]).any():
        raise FrontierError("A model has two scores on one benchmark; keep one of them.")
    table = scores.pivot(index="model", columns="benchmark", values="performance")
    score = table.to_numpy(float).T
    with np.errstate(invalid="ignore"):
        won = (score[:, :, None] > score[:, None, :]) + 0.5 * (score[:, :, None] == score[:, None, :])
    rng = np.random.default_rng(seed)
    of_model = np.vstack([np.ones(len(table)), rng.standard_exponential((draws, len(table)))])
    of_benchmark = np.vstack([np.ones(len(score)), rng.standard_exponential((draws, len(score)))])
    ability = np.array([_fit(won, m, b) for m, b in zip(of_model, of_benchmark, strict=True)])
    finished = np.isfinite(ability[1:]).all(axis=1)
    return Index(
        ability=pd.Series(ability[0], table.index, name="ability"),
        benchmarks=pd.DataFrame(index=table.columns),
        replicates=pd.DataFrame(ability[1:], columns=table.index)[finished],
        nobs=len(scores),
        rmse=np.nan,
        ridge=RIDGE,
        unfinished=int((~finished).sum()),
        what="models and benchmarks, ranks only",
    )


def _fit(won: Array, of_model: Array, of_benchmark: Array) -> Array:
    """Abilities (models,) by Newton's method; missing where it did not settle."""
    wins = np.einsum("b,bij->ij", of_benchmark, won) * np.outer(of_model, of_model)
    np.fill_diagonal(wins, 0.0)
    games = wins + wins.T
    ability = np.zeros(len(wins))
    for _ in range(ROUNDS):
        odds = 1 / (1 + np.exp(ability[None, :] - ability[:, None]))
        pull = wins.sum(axis=1) - (games * odds).sum(axis=1) - RIDGE * ability
        bend = games * odds * (1 - odds)
        curve = np.diag(bend.sum(axis=1) + RIDGE) - bend
        move = np.clip(np.linalg.solve(curve, pull), -2, 2)
        ability = ability + move
        if np.abs(move).max() < SETTLED:
            return ability - ability.mean()
    return np.full(len(wins), np.nan)

"""A change taken apart when its causes work on each other: Shapley values over all orders.

Let a quantity depend on several causes, and let each go from its state before to its state after, one at
a time.  What a cause adds depends on what went before it, unless the causes simply add up.  The Shapley
value is the mean over all orders (Shapley 1953, "A value for n-person games"), and the shares of all
causes sum to the whole change.  How far an order matters is shown by the extremes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import ArrayLike

from moat.errors import FrontierError

State = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Shares:
    """What each cause adds, by name; every array has one value a draw.

    ``mean`` over all orders; ``first`` and ``last`` when the cause goes first and last; ``low`` and
    ``high`` over all orders.
    """

    mean: dict[str, np.ndarray]
    first: dict[str, np.ndarray]
    last: dict[str, np.ndarray]
    low: dict[str, np.ndarray]
    high: dict[str, np.ndarray]


def shares(quantity: Callable[[State], np.ndarray], before: State, after: State) -> Shares:
    """Take the change of ``quantity`` from ``before`` to ``after`` apart by cause.

    Raises `FrontierError` unless both states name the same causes.

    >>> area = lambda side: side["width"] * side["height"]
    >>> found = shares(area, {"width": np.array([1.0]), "height": np.array([2.0])},
    ...                {"width": np.array([2.0]), "height": np.array([6.0])})
    >>> [(k, float(v[0])) for k, v in found.mean.items()]
    [('width', 4.0), ('height', 6.0)]
    >>> float(found.first["width"][0]), float(found.last["width"][0])
    (2.0, 6.0)
    """  # fmt: skip
    if set(before) != set(after) or not before:
        raise FrontierError("Name the same causes before and after a change.")
    causes = list(before)
    worth = lambda moved: quantity({c: (after if c in moved else before)[c] for c in causes})  # noqa: E731
    parts: dict[str, dict[str, np.ndarray]] = {k: {} for k in ("mean", "first", "last", "low", "high")}
    for cause, (mean, added) in values(worth, causes).items():
        parts["mean"][cause] = mean
        parts["first"][cause], parts["last"][cause] = added[0], added[-1]
        parts["low"][cause], parts["high"][cause] = added.min(axis=0), added.max(axis=0)
    return Shares(**parts)


def values(
    worth: Callable[[tuple[str, ...]], ArrayLike], causes: Sequence[str]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By cause, its Shapley value and what it adds to each set of the others, the smallest set first.

    ``worth`` takes the causes that are in, in the order of ``causes``, and returns a number or an array.

    >>> {k: float(v[0]) for k, v in values(lambda inside: len(inside) ** 2, ["a", "b"]).items()}
    {'a': 2.0, 'b': 2.0}
    """
    known = {
        frozenset(inside): np.asarray(worth(inside))
        for size in range(len(causes) + 1)
        for inside in combinations(causes, size)
    }
    found = {}
    for cause in causes:
        sets = [s for s in known if cause not in s]
        added = np.array([known[s | {cause}] - known[s] for s in sets])
        weight = [factorial(len(s)) * factorial(len(causes) - 1 - len(s)) for s in sets]
        found[cause] = np.average(added, axis=0, weights=weight), added
    return found

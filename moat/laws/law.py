"""What every law of this book has in common: parameters, columns, a prediction, a fit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

import numpy as np
import pandas as pd

from moat.errors import BadValues
from moat.laws.engine import Array, huber
from moat.laws.fit import Fit, fit_law

if TYPE_CHECKING:
    from moat.laws.coordinates import Coordinates

#: The coordinates in which a kind of law is fitted.
C = TypeVar("C", bound="Coordinates")


class Law(ABC, Generic[C]):
    """A positive quantity (a loss, an error, a learning rate) as a function of columns.

    Two kinds exist: sums of powers (`moat.laws.powers`), whose terms are log-linear, and any
    other smooth formula (`moat.laws.smooth`).  Both are fitted,
    bootstrapped and profiled by the same engine and answer with the same `Fit`.
    """

    #: The column that is fitted unless ``fit(target=...)`` names another.
    target: ClassVar[str] = "loss"
    #: "log": residuals of the logarithm; "raw": residuals on the target's own scale.
    scale: ClassVar[str] = "log"
    #: Where the Huber function turns from quadratic to linear; infinity is least squares.
    delta: ClassVar[float] = 1e-3

    @property
    def name(self) -> str:
        return type(self).__name__

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """All parameters, in the order of every table."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns that the law reads."""

    @property
    def signed_columns(self) -> tuple[str, ...]:
        """Those of `columns` that need not be positive."""
        return ()

    @abstractmethod
    def predict(self, params: pd.Series | pd.DataFrame, frame: pd.DataFrame) -> Array:
        """The target at each row: (n,) for a Series of parameters, (draws, n) for a frame."""

    @abstractmethod
    def coordinates(self, frame: pd.DataFrame, *, uncentred: str | None = None) -> C:
        """The law on the rows of ``frame``, in the coordinates in which it is fitted.

        The parameter ``uncentred`` must be a coordinate by itself, as a profile needs.
        """

    @abstractmethod
    def starts(self, coordinates: C, target: Array, scale: str) -> Array:
        """Points (starts, p) from which the global minimum is looked for, in coordinates."""

    def zones(self, delta: float) -> tuple[float, ...]:
        """The zones of the Huber function through which the search narrows down to ``delta``."""
        return (delta,)

    @abstractmethod
    def at_bound(self, coordinates: C, theta: Array) -> tuple[str, ...]:
        """The parameters that ran to an end of their range at ``theta`` (p,)."""

    def objective(self, params: pd.Series, data: pd.DataFrame) -> float:
        """The summed Huber objective of given parameters, at the law's own scale and zone."""
        observed, fitted = data[self.target].to_numpy(float), self.predict(params, data)
        resid = np.log(observed / fitted) if self.scale == "log" else observed - fitted
        return float(huber(resid, self.delta).sum())

    def fit(
        self,
        data: pd.DataFrame | dict,
        *,
        target: str | None = None,
        scale: str | None = None,
        delta: float | None = None,
        weights: str | None = None,
        draws: int = 1000,
        seed: int = 0,
        cluster: str | None = None,
        start: pd.Series | None = None,
    ) -> Fit:
        """Minimise the sum of Huber(residual) globally and bootstrap the result.

        ``data`` needs the law's columns and ``target``, which is the law's own unless named.  ``scale`` is
        "log" or "raw", ``delta`` the zone of the Huber function that is quadratic, on that
        scale; infinity gives least squares.  ``weights`` names a column of non-negative weights.
        ``cluster`` names the column of the independent unit; without it every row is one.
        ``start`` adds a starting point to those that the law proposes.

        Raises `MissingColumns`, `LengthMismatch`, `BadValues` or `TooFewPoints`.
        """
        scale = self.scale if scale is None else scale
        delta = self.delta if delta is None else float(delta)
        if scale not in ("log", "raw"):
            raise BadValues(f'Unknown scale {scale!r}; use "log" or "raw".')
        if not delta > 0:
            raise BadValues(f"delta must be positive, not {delta!r}; infinity gives least squares.")
        if draws < 0:
            raise BadValues(f"draws must not be negative, as {draws} is; 0 gives a fit without intervals.")
        return fit_law(
            self, data, target=target or self.target, scale=scale, delta=delta, weights=weights,
            draws=draws, seed=seed, cluster=cluster, start=start,
        )  # fmt: skip

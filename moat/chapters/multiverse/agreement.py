"""Every stored grid held against the claim it bears on: which side do its specifications take?

``data/grids.csv`` says which grid bears on which claim and between which values it agrees, as the
rules of the claims have it.  A grid that no claim rests on is listed there too, so that none is
forgotten and none is chosen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.errors
import pandera.pandas as pa

from moat import project
from moat.errors import EvidenceError
from moat.evidence import grids
from moat.evidence.claims import load_claims
from moat.evidence.findings import Chapter
from moat.evidence.rules import AGREE, LEVEL
from moat.stats.estimate import Estimate

#: The questions of the book that grids belong to; the first three are those of the moat itself.
QUESTIONS = ("width", "premium", "scissors", "bill", "chips", "market", "prices", "openness", "laws", "bench")
MOAT = QUESTIONS[:3]
#: A chapter's row for all of its grids that have none of their own.
REST = "*"
_TEXT = ("chapter", "grid", "where", "part", "quantity", "note")

SCHEMA = pa.DataFrameSchema(
    {name: pa.Column(str) for name in _TEXT}
    | {
        "question": pa.Column(str, pa.Check.isin(QUESTIONS)),
        "claim": pa.Column(str, pa.Check.str_matches(r"^(C\d\d)?$")),
        "low": pa.Column(float, nullable=True, coerce=True),
        "high": pa.Column(float, nullable=True, coerce=True),
        "scale": pa.Column(str, pa.Check.isin(["linear", "log"])),
    },
    checks=[
        pa.Check(lambda t: (t["claim"] == "") == (t["low"].isna() & t["high"].isna()), name="claim and side"),
        pa.Check(lambda t: ~(t["low"] >= t["high"]), name="low below high"),
        pa.Check(lambda t: (t["claim"] == "") | ~t.duplicated(["claim", "part"]), name="one row a part"),
    ],
    unique=["chapter", "grid", "where"],
    strict=True,
)


@dataclass(frozen=True)
class Grid:
    """One grid with what it is asked: ``table`` has its choices and value, low, high.

    The claim's side is ``low < value < high``; without a claim there is none, and both are infinite.
    """

    chapter: str
    name: str
    question: str
    claim: str
    part: str
    low: float
    high: float
    scale: str
    quantity: str
    note: str
    table: pd.DataFrame

    @property
    def key(self) -> str:
        """The claim and its part as a name for findings, such as c21-width."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.claim} {self.part}".lower()).strip("-")

    @property
    def choices(self) -> list[str]:
        """Choices that vary within the grid."""
        return [c for c in self.table if c not in grids.NUMBERS and self.table[c].nunique() > 1]

    @property
    def agrees(self) -> np.ndarray:
        """(n,): the specifications whose value lies on the claim's side."""
        value = self.table["value"].to_numpy()
        return (value > self.low) & (value < self.high)

    def scaled(self, column: str = "value") -> np.ndarray:
        """(n,): a column on the grid's scale; a logarithm to base ten for ratios."""
        values = self.table[column].to_numpy(float)
        return np.log10(values) if self.scale == "log" else values


def load_registry(path: Path | None = None) -> pd.DataFrame:
    """The list, checked against the schema and the claims.  Raises `EvidenceError`."""
    path = path or project.root() / "data" / "grids.csv"
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values={"low": [""], "high": [""]})
        table = SCHEMA.validate(table)
    except pandera.errors.SchemaError as error:
        raise EvidenceError(f"{path.name} is malformed: {error}") from None
    unknown = set(table["claim"]) - {"", *(c.id for c in load_claims())}
    if unknown:
        raise EvidenceError(f"{path.name} names claims that do not exist: {', '.join(sorted(unknown))}.")
    return table


def bind(chapters: Mapping[str, Chapter], registry: pd.DataFrame | None = None) -> list[Grid]:
    """All grids of ``chapters`` with their rows of the list, in its order.

    Raises `EvidenceError` for a grid without a row and for a row without a grid, unless its chapter is
    not among ``chapters``.
    """
    registry = load_registry() if registry is None else registry
    stored = {(c, g): rows for c, chapter in chapters.items() for g, rows in chapter.grids.items()}
    named = set(registry[["chapter", "grid"]].itertuples(index=False, name=None))
    bound, seen = [], set()
    for row in registry[registry["chapter"].isin(list(chapters))].to_dict("records"):
        here = (row["chapter"], row["grid"])
        keys = [here] if here[1] != REST else [k for k in stored if k[0] == here[0] and k not in named]
        for key in keys:
            if key not in stored:
                raise EvidenceError(f"grids.csv lists {key[0]}.{key[1]}, which the chapter does not record.")
            bound.append(_grid(row | {"grid": key[1]}, grids.as_table(stored[key])))
        seen |= set(keys)
    missing = [f"{c}.{g}" for c, g in stored if (c, g) not in seen]
    if missing:
        raise EvidenceError(
            f"data/grids.csv has no row for {', '.join(missing)}; say which claim it bears on."
        )
    return bound


def _grid(row: dict, table: pd.DataFrame) -> Grid:
    full = f"{row['chapter']}.{row['grid']}"
    for part in filter(None, row["where"].split("; ")):
        choice, _, option = part.partition("=")
        if choice not in table or option not in set(table[choice]):
            raise EvidenceError(f"grids.csv asks {full} for {part!r}, which it does not have.")
        table = table[table[choice] == option].reset_index(drop=True)
    scale = row["scale"]
    if row["claim"] and scale == "log" and (table["value"] <= 0).any():
        raise EvidenceError(f"{full} has values that are not above zero; list it as linear.")
    low, high = (np.inf * sign if np.isnan(x) else x for x, sign in ((row["low"], -1), (row["high"], 1)))
    about = {k: row[k] for k in ("chapter", "question", "claim", "part", "scale", "quantity", "note")}
    return Grid(**about, name=row["grid"], low=low, high=high, table=table)


def agreement(grid: Grid, *, draws: int, seed: int) -> Estimate:
    """Share of specifications on the claim's side, in per cent, with every specification equal.

    Specifications are no sample, so the interval is not a sampling error.  It says how the share moves
    when a reader trusts options unequally: in each of ``draws`` every option of every choice gets a
    weight, uniform over all ways of dividing one among the options of its choice; a specification
    weighs the product of its options.
    """
    weights = option_weights(grid.table[grid.choices], draws=draws, seed=seed)
    # Rounded where sums of weights are off in the last digit.
    shares = np.round(100 * weights @ grid.agrees, 9)
    low, high = np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = float(100 * grid.agrees.mean())
    ends = float(min(low, value)), float(max(high, value))
    method = f"share of specifications; {draws:,} random weightings of the options"
    return Estimate(value, *ends, n=len(grid.table), method=method, level=LEVEL)


def option_weights(choices: pd.DataFrame, *, draws: int, seed: int) -> np.ndarray:
    """(draws, n): a weight for each row, the product of Dirichlet(1) weights of its options; rows sum to 1.

    >>> w = option_weights(pd.DataFrame({"form": ["a", "a", "b"]}), draws=5, seed=0)
    >>> w.shape, bool(np.allclose(w.sum(axis=1), 1))
    ((5, 3), True)
    """  # fmt: skip
    rng = np.random.default_rng(seed)
    weights = np.ones((draws, len(choices)))
    for name in choices:
        codes, options = pd.factorize(choices[name])
        # An option's rows share its weight, so that many rows do not make it heavier.
        weights *= (rng.dirichlet(np.ones(len(options)), draws) / np.bincount(codes))[:, codes]
    return weights / weights.sum(axis=1, keepdims=True)


def weakest(grid: Grid) -> tuple[str, str, float]:
    """The option under which the fewest specifications agree: choice, option, share in per cent.

    Where all agree, or none does, no option is weaker than another, and both names are empty.
    """
    if grid.agrees.all() or not grid.agrees.any():
        return "", "", 100 * float(grid.agrees[0])
    shares = {
        (c, o): 100 * float(grid.agrees[rows].mean())
        for c in grid.choices
        for o, rows in grid.table.groupby(c, sort=False).indices.items()
    }
    (choice, option), share = min(shares.items(), key=lambda item: item[1])
    return choice, option, share


def stand(share: float) -> str:
    """Where a share in per cent puts a grid, by the rule of the claims: for, against or unsettled."""
    return "for" if share >= 100 * AGREE else "against" if share <= 100 - 100 * AGREE else "unsettled"


def settled(grid: Grid) -> tuple[float, float]:
    """Of the specifications with an interval, per cent wholly on the claim's side and wholly off it."""
    rows = grid.table.dropna(subset=["low", "high"])
    if rows.empty:
        return np.nan, np.nan
    inside = (rows["low"] > grid.low) & (rows["high"] < grid.high)
    outside = (rows["high"] < grid.low) | (rows["low"] > grid.high)
    return 100 * float(inside.mean()), 100 * float(outside.mean())


def shares(bound: list[Grid], *, draws: int, seed: int) -> dict[str, Estimate]:
    """The `agreement` of every grid that a claim rests on, by its key."""
    return {g.key: agreement(g, draws=draws, seed=seed) for g in bound if g.claim}


def summary(bound: list[Grid], shares: Mapping[str, Estimate]) -> pd.DataFrame:
    """One row a grid that a claim rests on: its share of agreement, the weakest option, its intervals."""
    rows = []
    for grid in (g for g in bound if g.claim):
        share, (choice, option, least) = shares[grid.key], weakest(grid)
        inside, outside = settled(grid)
        about = {k: getattr(grid, k) for k in ("key", "claim", "part", "question", "chapter", "name")}
        about |= {"n": len(grid.table), "value": share.value, "low": share.low, "high": share.high}
        about |= {"weakest": f"{choice}: {option}" if choice else "", "least": least}
        rows.append(about | {"inside": inside, "outside": outside})
    return pd.DataFrame(rows).sort_values(["claim", "part"], ignore_index=True)

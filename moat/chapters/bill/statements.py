"""What a report says, held against its own numbers, and how much of it could be checked when.

The workings are text in a table (``180 * 14.8 / 1000``) and are computed here, by a reader of
arithmetic that knows numbers, brackets and four operations and nothing else.
"""

from __future__ import annotations

import ast
import operator

import pandas as pd

from moat.errors import FrontierError
from moat.stats.estimate import Estimate, share_estimate

OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
UNCHECKED = "not checkable"


def compute(working: str) -> float:
    """The value of an expression of numbers, brackets and + - * /.

    >>> round(compute("(1 - 172.8 / 300.6) * 100"), 2)
    42.51
    """
    try:
        return _value(ast.parse(working, mode="eval").body)
    except (SyntaxError, ZeroDivisionError, KeyError, TypeError) as error:
        raise FrontierError(
            f"{working!r} is not arithmetic; use numbers, brackets, + - * / ({error})."
        ) from None


def _value(node: ast.AST) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.BinOp):
        return OPERATIONS[type(node.op)](_value(node.left), _value(node.right))
    raise TypeError(type(node).__name__)


def checked(statements: pd.DataFrame) -> pd.DataFrame:
    """The statements that have a working, with its result: columns id, computed, holds.

    ``statements`` has the columns id, value, working, compare and tolerance.  Equal means within the
    tolerance, at most means not above the value.
    """
    rows = statements[statements["working"].notna()]
    computed = rows["working"].map(compute)
    off = (computed - rows["value"]).abs()
    equal = off <= rows["tolerance"] * (1 + 1e-9)
    holds = equal.where(rows["compare"] == "equal", computed <= rows["value"])
    return pd.DataFrame({"id": rows["id"], "computed": computed, "holds": holds.astype(bool)})


def graded(statements: pd.DataFrame) -> pd.DataFrame:
    """All statements with ``computed`` and ``holds``; one that fails its own arithmetic is contradicted.

    A statement called arithmetic must have a working: raises `FrontierError` for one without.
    """
    by_hand = statements["working"].isna()
    claimed = (statements["status_now"] == "arithmetic") | (statements["status_then"] == "arithmetic")
    if (by_hand & claimed).any():
        missing = statements.loc[by_hand & claimed, "id"].iloc[0]
        raise FrontierError(f"Statement {missing} is graded by arithmetic and shows none; add its working.")
    table = statements.merge(checked(statements), on="id", how="left")
    wrong = table["holds"].eq(False)
    for column in ("status_then", "status_now"):
        table[column] = table[column].mask(wrong & table[column].notna(), "contradicted")
    return table


def unchecked_share(status: pd.Series, clock: str) -> Estimate:
    """The share in per cent that could not be checked, with its 90% Wilson interval.

    The statements are a list and not a sample; the interval says what another list of this length
    from the same reports might have given.
    """
    status = status.dropna()
    if status.empty:
        raise FrontierError(f"No statement is graded at the clock {clock!r}.")
    return share_estimate(status == UNCHECKED, method=f"share of statements, {clock}", level=0.9)

"""How far each assumption moves each answer, alone and with all others moved at random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from moat.chapters.explorer import answers
from moat.chapters.explorer.settings import SETTINGS, drawn
from moat.errors import EvidenceError

Board = Mapping[str, Any]
#: Assumptions that the bills rest on.
PRICED = ("price", "research", "use")


def paths(board: Board, fixed: Mapping[str, Any] | None = None, only: tuple[str, ...] = ()) -> pd.DataFrame:
    """Every assumption (or ``only`` those named) moved alone over all values of the page.

    ``fixed`` are the other assumptions.  One row a value and answer: setting, value (None where it stays
    open), answer, and either word or number.
    """
    fixed = dict(fixed or {})
    still, rows = answers.priced(board, fixed), []
    for setting in [s for s in SETTINGS if not only or s.name in only]:
        for value in setting.steps():
            bill = None if setting.name in PRICED else still
            found = answers.answer(board, fixed | {setting.name: value}, bill)
            rows += [(setting.name, value, k, word, None) for k, word in found["verdicts"].items()]
            rows += [(setting.name, value, k, None, row[0]) for k, row in found["numbers"].items()]
    return pd.DataFrame(rows, columns=["setting", "value", "answer", "word", "number"]).astype(
        {"value": object}
    )


def flips(path: pd.DataFrame) -> pd.DataFrame:
    """Stretches of one word along each assumption that has a scale: setting, answer, word, low, high.

    ``path`` comes from `paths`; only answers whose word changes somewhere are kept.
    """
    scales = {s.name for s in SETTINGS if not s.options}
    told = path[path["word"].notna() & path["setting"].isin(scales) & path["value"].notna()]
    rows = []
    for (setting, answer), group in told.groupby(["setting", "answer"], sort=False):
        if group["word"].nunique() > 1:
            stretch = (group["word"] != group["word"].shift()).cumsum()
            for _, part in group.groupby(stretch):
                rows.append((setting, answer, part["word"].iloc[0], part["value"].min(), part["value"].max()))
    return pd.DataFrame(rows, columns=["setting", "answer", "word", "low", "high"])


def moved(path: pd.DataFrame, board: Board) -> pd.DataFrame:
    """One row an assumption and answer that it moves: setting, answer, low, high, words.

    ``low`` and ``high`` are the ends of a number over the whole range; ``words`` are those that a verdict
    takes, the chapter's own first.
    """
    still = answers.answer(board)
    rows = []
    for (setting, answer), group in path.groupby(["setting", "answer"], sort=False):
        if group["word"].notna().all():
            words = [w for w in group["word"].unique() if w != still["verdicts"][answer]]
            if words:
                rows.append((setting, answer, None, None, ", ".join([still["verdicts"][answer], *words])))
        elif group["number"].max() - group["number"].min() > 1e-9 * abs(group["number"].max()):
            rows.append((setting, answer, group["number"].min(), group["number"].max(), None))
    return pd.DataFrame(rows, columns=["setting", "answer", "low", "high", "words"])


def turn(stretches: pd.DataFrame, setting: str, answer: str) -> float:
    """Where the first word along an assumption ends, from `flips`.

    Raises `EvidenceError` where the word never changes.
    """
    mine = stretches[(stretches["setting"] == setting) & (stretches["answer"] == answer)]
    if len(mine) < 2:
        raise EvidenceError(f"The word on {answer} is the same at every value of {setting}.")
    return float(mine["low"].iloc[1])


def together(board: Board, draws: int, seed: int) -> pd.DataFrame:
    """The words under ``draws`` settings at random: one row a setting, one column an answer."""
    return pd.DataFrame([answers.answer(board, s)["verdicts"] for s in drawn(draws, seed)])

"""The explorer as a display: tables of the answers, and the board for the script that moves them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

import pandas as pd

from moat.evidence import numbers
from moat.evidence.claims import SIGNS, VERDICTS
from moat.evidence.explorer import CLAIMS, answer
from moat.frontier.bill import SCOPES
from moat.show.figure import to_csv
from moat.show.palette import COLOURS

#: The rows of the first table: the triple, and the share of chips that the controls are about.
TRIPLE = {
    "width-china": "Width: China behind, months",
    "width-open": "Width: open weights behind, months",
    "hazard": "Depth: hazard of being matched, times for each later year of a step",
    "price": "Price of crossing: times less compute for each year of waiting",
    "share": "China's share of the world's AI chips, %",
}
HALVES = {"C07 bill": "C07, the bill alone", "C07 quality": "C07, quality for its compute"}


class Explorer:
    """The answers under the chapters' own assumptions, ready to be moved where scripts run."""

    def __init__(self, board: Mapping[str, Any], claims: Mapping[str, str]):
        self.board, self.claims, self.found = board, claims, answer(board)

    def table(self) -> pd.DataFrame:
        """One row an answer: name, what it is, and its text."""
        rows = [(k, TRIPLE.get(k, k), _text(row)) for k, row in self.found["numbers"].items()]
        rows += [(k, self._claim(k), word) for k, word in self.found["verdicts"].items()]
        return pd.DataFrame(rows, columns=["name", "answer", "default"])

    def _claim(self, key: str) -> str:
        if key in HALVES:
            return HALVES[key]
        part = f", {CLAIMS[key]}" if CLAIMS[key] else ""
        return f"{key}{part}. {self.claims[key]}"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        bundle = {"text/html": self.html(), "text/plain": self.table().to_string(index=False)}
        return bundle | {"text/csv": to_csv(self.table())}

    def html(self) -> str:
        """Tables that stand without scripts; cells that move have the name of their answer."""
        # Inside a script element only "</" could end it early.
        data = json.dumps({"board": self.board, "signs": SIGNS}, sort_keys=True).replace("</", "<\\/")
        colours = ";".join(f"--{word}:{COLOURS[word]}" for word in VERDICTS)
        return (
            f'<div class="moat-explorer" style="{colours}"><p class="explorer-said" role="status"></p>'
            '<div class="explorer-form"><p class="explorer-still">Without scripts: the answers under the '
            "chapters' own assumptions.</p></div>"
            f'<div class="explorer-answers">{self._triple()}{self._bills()}{self._words()}</div>'
            f'<script type="application/json">{data}</script></div>'
        )

    def _triple(self) -> str:
        rows = "".join(
            f'<tr><th scope="row">{escape(v)}</th>{self._number(k)}</tr>' for k, v in TRIPLE.items()
        )
        return f"<table><caption>How wide, how deep, at what price</caption><tbody>{rows}</tbody></table>"

    def _bills(self) -> str:
        rival = escape(self.board["bill"]["llama"])
        head = (
            f'<th scope="col">scope</th><th scope="col">DeepSeek-V3, million USD</th>'
            f'<th scope="col">% of <span class="explorer-rival">{rival}</span></th>'
        )
        rows = "".join(
            f'<tr><th scope="row">({k}) {v}</th>{self._number(f"bill-{k}")}{self._number(f"ratio-{k}")}</tr>'
            for k, v in SCOPES.items()
        )
        return (
            f"<table><caption>The bill</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )

    def _words(self) -> str:
        rows = "".join(
            f'<tr><th scope="row">{escape(self._claim(key))}</th>'
            f'<td class="verdict {word}" data-answer="{escape(key)}">{SIGNS[word]} {word}</td></tr>'
            for key, word in self.found["verdicts"].items()
        )
        return f"<table><caption>Verdicts on the newest snapshot</caption><tbody>{rows}</tbody></table>"

    def _number(self, key: str) -> str:
        return f'<td class="number" data-answer="{key}">{_text(self.found["numbers"][key])}</td>'


def _text(row: list[float]) -> str:
    value, interval = numbers.with_interval(*row)
    return value if row[1] == row[2] else f"{value} {interval}"


def explorer(board: Mapping[str, Any], claims: Mapping[str, str]) -> Explorer:
    """Show the explorer of a ``board``; ``claims`` says in words what each claim says, by id."""
    return Explorer(board, claims)

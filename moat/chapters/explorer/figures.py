"""The explorer as a display: tables of the answers, and the board for the script that moves them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from moat import numbers
from moat.chapters.bill.cost import SCOPES
from moat.chapters.explorer.answers import CLAIMS, answer
from moat.chapters.explorer.settings import BY_NAME
from moat.evidence.claims import SIGNS, VERDICTS
from moat.plot.figure import WIDTH, to_csv
from moat.plot.marks import label
from moat.plot.palette import COLOURS

#: The rows of the first table: the triple, the quality of V3, and the share of chips that controls are about.
TRIPLE = {
    "width-china": "Width: China behind, months",
    "width-open": "Width: open weights behind, months",
    "hazard": "Depth: hazard of being matched, times for each later year of a step",
    "price": "Price of crossing: times less compute for each year of waiting",
    "quality": "DeepSeek-V3: as able as a typical model with how many times its compute",
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


def moves(moved: pd.DataFrame) -> pd.DataFrame:
    """Assumptions, what they move and the words they change, as text; ``moved`` comes from the package.

    Assumptions that move nothing are kept: that is an answer too.
    """
    rows = []
    for name, setting in BY_NAME.items():
        mine = moved[moved["setting"] == name]
        figures = mine[mine["words"].isna()]
        ends = (f"{numbers.compact(r.low, 3)} to {numbers.compact(r.high, 3)}" for r in figures.itertuples())
        told = "; ".join(f"{_short(a)} {e}" for a, e in zip(figures["answer"], ends, strict=True))
        words = mine[mine["words"].notna() & ~mine["answer"].isin(list(HALVES))]
        changed = "; ".join(f"{r.answer}: {r.words}" for r in words.itertuples())
        span = f"{setting.low:g} to {setting.high:g}"
        span = f"{len(setting.options)} choices" if setting.options else span
        rows.append((setting.label, span, told or "no number", changed or "none"))
    return pd.DataFrame(rows, columns=["assumption", "range here", "moves", "changes the word of"])


def _short(name: str) -> str:
    kind, _, scope = name.partition("-")
    shorts = {
        "width": f"width of {'China' if scope == 'china' else 'open weights'}", "hazard": "depth",
        "price": "price of crossing", "quality": "quality of V3", "share": "share of chips, %",
        "bill": f"bill ({scope})", "ratio": f"V3 over rival, %, ({scope})",
    }  # fmt: skip
    return shorts[kind]


def turns(stretches: pd.DataFrame) -> Figure:
    """One bar an assumption and claim: the words along its range, and where one ends and the next begins.

    ``stretches`` comes from `moat.chapters.explorer.moves.flips`, with a column note for what is held.
    A wedge marks where the chapters stand.
    """
    bars = list(stretches.groupby(["setting", "answer"], sort=False))
    fig, ax = plt.subplots(figsize=(WIDTH, 0.95 * len(bars) + 0.2))
    for y, ((name, told), rows) in enumerate(bars):
        setting, written = BY_NAME[name], {"va": "center", "in_layout": False}
        said = f"{told[:3]}{rows['note'].iloc[0]}: {setting.label}"
        ax.text(0, y - 0.4, said + (f", {setting.unit}" if setting.unit else ""), fontsize=9.5, **written)
        starts = ((rows["low"] - setting.low) / (setting.high - setting.low)).astype(float).tolist()
        for word, at, end, low in zip(rows["word"], starts, [*starts[1:], 1.0], rows["low"], strict=True):
            ax.barh(y, end - at, left=at, height=0.36, color=COLOURS[word], alpha=0.45, edgecolor="white")
            shown = f"{SIGNS[word]} {word}" if end - at > 0.14 else SIGNS[word]
            ax.text((at + end) / 2, y, shown, ha="center", fontsize=9.5, **written)
            ax.text(at, y + 0.29, f"{low:g}", ha="center" if at else "left", fontsize=8.5, **written)
        ax.text(1, y + 0.29, f"{setting.high:g}", ha="right", fontsize=8.5, **written)
        if not setting.law:
            own = (setting.default - setting.low) / (setting.high - setting.low)
            ax.plot(max(own, 0.004), y - 0.22, marker="v", color=COLOURS["text"], markersize=5, clip_on=False)
    ax.set(ylim=(len(bars) - 0.55, -0.6), xlim=(0, 1), xticks=[], yticks=[])
    ax.spines[["left", "bottom"]].set_visible(False)
    return fig


def together(words: pd.DataFrame) -> Figure:
    """How often each answer has each word; ``words`` has one row a setting and one column an answer."""
    fig, ax = plt.subplots(figsize=(WIDTH, 0.36 * words.shape[1] + 0.5))
    for y, told in enumerate(words):
        left = 0.0
        for word in VERDICTS:
            share = 100 * float((words[told] == word).mean())
            if share:
                ax.barh(y, share, left=left, height=0.7, color=COLOURS[word], alpha=0.45, edgecolor="white")
                text = f"{SIGNS[word]} {word}" if share > 14 else SIGNS[word]
                label(ax, left + share / 2, y, text if share > 3 else "", ha="center")
                left += share
    names = [HALVES.get(a, a) for a in words]
    ax.set(yticks=range(len(names)), yticklabels=names, xlim=(0, 100), xlabel="settings, %")
    ax.invert_yaxis()
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return fig

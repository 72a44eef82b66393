"""The verdicts at a glance, the gauges that narrowed or not, and a change by cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from moat.chapters.verdict.claim_status import Standing, table
from moat.evidence.claims import UNTESTED, VERDICTS
from moat.plot.figure import WIDTH, to_csv
from moat.plot.marks import label
from moat.plot.palette import COLOURS, MARKERS
from moat.stats.estimate import Estimate

#: Claims beside each other in one row of a word.
WRAP = 8


def strip(claims: pd.DataFrame) -> Figure:
    """Which claims have which word, one panel a clock; with the columns of `claim_status.table`."""
    words = [w for w in (*VERDICTS, UNTESTED) if w in {*claims["then"], *claims["now"]}]
    numbers = claims["id"].str[1:].astype(int)
    sets = {(clock, w): list(numbers[claims[clock] == w]) for clock in ("then", "now") for w in words}
    heights = [max(1, *(-(-len(sets[c, w]) // WRAP) for c in ("then", "now"))) for w in words]
    fig, axes = plt.subplots(1, 2, figsize=(WIDTH, 0.6 + 0.36 * sum(heights)), sharey=True)
    clocks = {"then": "27 January 2025", "now": "newest snapshot"}
    for ax, (clock, title) in zip(axes, clocks.items(), strict=True):
        top = 0.0
        for word, height in zip(words, heights, strict=True):
            _tiles(ax, sets[clock, word], top, word)
            top -= height + 0.25
        ax.set(title=title, xlim=(-0.6, WRAP - 0.4), ylim=(top + 0.6, 0.7), xticks=[])
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.tick_params(length=0)
    tops = [-sum(heights[:i]) - 0.25 * i for i in range(len(words))]
    axes[0].set_yticks(tops, words)
    return fig


def _tiles(ax, chosen: Sequence[int], top: float, word: str) -> None:
    """Numbered tiles from ``top`` downwards; what is not tested yet is an empty tile."""
    hue = COLOURS.get(word, COLOURS["reference"])
    for i, claim in enumerate(chosen):
        x, y = i % WRAP, top - i // WRAP
        face = "white" if word == UNTESTED else hue
        ax.add_patch(plt.Rectangle((x - 0.45, y - 0.42), 0.9, 0.84, facecolor=face, edgecolor=hue))
        ink = hue if word == UNTESTED else "white"
        ax.text(x, y, str(claim), ha="center", va="center", fontsize=11, color=ink)


def gauges(changes: Mapping[str, tuple[Estimate | None, str]]) -> Figure:
    """Change of each gap with its 90% interval on its own axis, zero in the middle.

    ``changes`` maps a gauge to its change (None where it is not measured) and unit.
    """
    fig, axes = plt.subplots(len(changes), 1, figsize=(WIDTH, 1.05 * len(changes) + 0.3))
    for ax, (name, (change, unit)) in zip(axes, changes.items(), strict=True):
        ax.axvline(0, color=COLOURS["reference"], linewidth=0.9)
        ax.set(yticks=[], ylim=(-0.6, 1.0))
        ax.spines["left"].set_visible(False)
        ax.set_title(f"{name}, {unit}", fontsize=9.5, pad=3)
        if change is None:
            ax.set(xlim=(-1, 1), xticks=[])
            label(ax, 0.03, 0, "not measured yet", "reference")
            continue
        hue = "supported" if change.high < 0 else "refuted" if change.low > 0 else "untestable"
        reach = 1.15 * max(abs(change.low), abs(change.high))
        ax.plot([change.low, change.high], [0, 0], color=COLOURS[hue], linewidth=2.4)
        ax.plot(change.value, 0, MARKERS[hue], color=COLOURS[hue], markersize=8)
        ax.set_xlim(-reach, reach)
        ax.xaxis.set_major_locator(MaxNLocator(5, symmetric=True))
        word = {"supported": "narrower", "refuted": "wider", "untestable": "not settled"}[hue]
        label(ax, change.value, 0.55, word, hue, ha="center", fontsize=8.5)
    axes[-1].set_xlabel("narrower ←  change of the gap  → wider")
    return fig


def causes(parts: pd.DataFrame) -> Figure:
    """What each cause added to a gap, with intervals: mean over orders, and thin below first and last.

    ``parts`` has columns cause, order (mean, first, last), value, low, high.
    """
    names = list(dict.fromkeys(parts["cause"]))
    fig, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.6 * len(names)))
    ax.axvline(0, color=COLOURS["reference"], linewidth=0.9)
    looks = {"mean": ("ours", 0.12, 2.4, 8)}
    looks |= {"first": ("others", -0.1, 1.1, 4), "last": ("reference", -0.25, 1.1, 4)}
    for order, (hue, down, thick, size) in looks.items():
        rows = parts[parts["order"] == order].set_index("cause").loc[names]
        y = np.arange(len(names))[::-1] + down
        ax.hlines(y, rows["low"], rows["high"], color=COLOURS[hue], linewidth=thick)
        ax.plot(rows["value"], y, MARKERS[hue], color=COLOURS[hue], markersize=size)
        name = "mean over orders" if order == "mean" else f"{order} to move"
        end = {"mean": 0.16, "first": 0.0, "last": -0.16}[order]
        label(ax, parts["high"].max() * 1.06, len(names) - 1 + 1.3 * end, name, hue, fontsize=8.5)
    ax.set_yticks(range(len(names))[::-1], names)
    ax.set(xlabel="for followers ←  orders of magnitude  → for leaders", ylim=(-0.6, len(names) - 0.4))
    ax.set_xlim(right=parts["high"].max() * 1.55)
    return fig


class Board:
    """The table of verdicts: one row a claim, whose text opens to what speaks against us.

    Rows can be sorted, and the data go with it as CSV.
    """

    def __init__(self, found: Sequence[Standing]):
        self.found = found

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        data = table(self.found)
        plain = data[["id", "then", "now", "number", "against"]].to_string(index=False)
        return {"text/html": self.html(), "text/csv": to_csv(data), "text/plain": plain}

    def html(self) -> str:
        names = ("claim", "what it says (open it)", "then", "now", "number")
        head = "".join(f'<th scope="col">{name}</th>' for name in names)
        box = '<div class="table-scroll" tabindex="0" role="region" aria-label="The verdict on every claim">'
        body = "\n".join(map(_row, self.found))
        return (
            f'{box}<table class="dataframe sortable"><thead><tr>{head}</tr></thead>\n'
            f"<tbody>{body}</tbody></table></div>"
        )


def _row(s: Standing) -> str:
    number = "" if s.number is None else s.number.text()
    rows = {
        "Number": f"{s.claim.means}: {number}" if number else "",
        "Against our verdict": s.against, "What would change it": s.datum,
    }  # fmt: skip
    told = "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>" for k, v in rows.items() if v)
    links = [f'<a href="../book/claims.html#claim-{s.claim.id.lower()}">rule and reason</a>']
    if s.now != UNTESTED:
        links += [f'<a href="{c}.html">{c}</a>' for c in s.claim.chapters if c != "verdict"]
    fold = (
        f"<details><summary>{escape(s.claim.claim)}</summary>"
        f"<dl>{told}<dt>See</dt><dd>{', '.join(links)}</dd></dl></details>"
    )
    cells = (fold, s.then, f"<strong>{s.now}</strong>", escape(number))
    return f'<tr><th scope="row">{s.claim.id}</th>{"".join(f"<td>{c}</td>" for c in cells)}</tr>'

"""What the answers become when a reader moves the assumptions.

Nothing is fitted here.  A convention of dates or a choice of models is looked up in the `board`, which
holds what the chapters found; uncounted chips and margins are closed forms of its intervals; bills are
products (`moat.chapters.explorer.bills`).  The words come from the same rules as everywhere.

``moat/publish/static/explorer.js`` answers the same in a browser, from the same board.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moat.chapters.bill import rules as bill_rules
from moat.chapters.explorer import bills
from moat.chapters.explorer.settings import SETTINGS, default
from moat.chapters.lag import rules as lag_rules
from moat.chapters.premium import rules as premium_rules
from moat.chapters.scissors import rules as scissors_rules
from moat.chapters.verdict import rules as verdict_rules
from moat.errors import EvidenceError
from moat.evidence import rules
from moat.evidence.rules import Verdict
from moat.stats.estimate import Estimate

#: Claims whose word some assumption enters, as far as the board goes.
CLAIMS = {
    "C02": "", "C04": "", "C07": "", "C12": "the half on training", "C15": "", "C17": "", "C21": "",
    "C22": "", "C28": "",
}  # fmt: skip
Board = Mapping[str, Any]


def answer(
    board: Board, settings: Mapping[str, Any] | None = None, bill: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The numbers and the words under ``settings``; what is not set stays at the chapters' own.

    Returns ``numbers`` (name to [value, low, high], with the bill in million USD by scope and V3's cost
    in per cent of the rival's) and ``verdicts`` (claim to word).  ``bill`` saves pricing twice what
    `priced` gave for the same settings.  Raises `EvidenceError` for an unknown assumption or value.
    """
    chosen = default() | dict(settings or {})
    for setting in SETTINGS:
        setting.check(chosen[setting.name])
    if unknown := set(chosen) - {s.name for s in SETTINGS}:
        raise EvidenceError(f"There is no assumption {sorted(unknown)[0]!r}.")
    dated, grids = board["dates"][chosen["dates"]], board["grids"]
    at = {k: _estimate(row) for k, row in dated.items()}
    bill = bill or priced(board, chosen)
    words = {
        "C02": lag_rules.c02(at["slope"], board["counts"]["days-led-china"], grids["slope"]),
        "C04": _c04(board, chosen),
        "C12": premium_rules.c12a(at["price"], grids["price"]),
        "C15": _c15(board, at["less"], chosen["margin"]),
        "C17": _c17(board, chosen["uncounted"]),
        "C21": lag_rules.c21({k: at[f"width-{k}"] for k in ("china", "open")}, grids["width-china"]),
        "C22": lag_rules.c22(at["hazard"], grids["hazard"]),
        "C28": _c28(board, at["runs"], chosen["uncounted"]),
    } | _c07(board, bill["ratio"], at, chosen)
    numbers = {k: dated[k] for k in ("width-china", "width-open", "hazard", "price")}
    numbers["quality"] = dated[_quality(chosen)]
    numbers["share"] = [_share(x, chosen["uncounted"]) for x in board["rows"]["share-now"]]
    against = board["bill"]["llama"] if chosen["rival"] == "all" else chosen["rival"]
    for scope in _scopes(board, chosen):
        numbers[f"bill-{scope}"] = bill["bill"][str(scope)]
        numbers[f"ratio-{scope}"] = [100 * x for x in bill["ratio"][against][str(scope)]]
    return {"numbers": numbers, "verdicts": {k: words[k].word for k in sorted(words)}}


def priced(board: Board, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The bills under ``settings``, as `moat.chapters.explorer.bills.bills` returns them."""
    chosen = default() | dict(settings or {})
    return bills.bills(board["bill"], chosen["price"], chosen["research"], chosen["use"])


def _c04(board: Board, chosen: Mapping[str, Any]) -> Verdict:
    """Announced and released ask for different best systems; the chapter takes both."""
    skip = {"announced": "released", "released": "announced"}.get(chosen["dates"])
    index = {k: _estimate(v["row"]) for k, v in board["even"].items() if v["dates"] != skip}
    printed = {k: _estimate(v) for k, v in board["printed"].items()}
    margin = chosen["margin"]
    return premium_rules.c04(index, printed, (margin, margin * board["rules"]["benchmarks"]))


def _c07(board: Board, ratio: Mapping[str, Any], at: Mapping[str, Estimate], chosen) -> dict:
    """Both halves of the claim about cost, and the whole."""
    rivals = board["bill"]["rivals"] if chosen["rival"] == "all" else [chosen["rival"]]
    entries, agree = {}, {}
    for name in rivals:
        for scope in _scopes(board, chosen):
            key = f"{name}, scope ({scope})"
            entries[key] = _estimate(ratio[name][str(scope)])
            if name == board["bill"]["llama"]:
                fixed = chosen["price"], chosen["research"]
                agree[key] = bills.agreeing(board["bill"], scope, *fixed)
    halves = {
        "bill": bill_rules.c07_cost(entries, agree),
        "quality": premium_rules.c07_quality(at[_quality(chosen)], board["grids"]["quality"]),
    }
    return {"C07": rules.combine(halves)} | {f"C07 {k}": v for k, v in halves.items()}


def _quality(chosen: Mapping[str, Any]) -> str:
    return "quality" if chosen["distilled"] == "counts" else "untaught"


def _scopes(board: Board, chosen: Mapping[str, Any]) -> list[int]:
    return board["bill"]["scopes"] if chosen["scope"] == "all" else [int(chosen["scope"])]


def _c15(board: Board, less: Estimate, margin: float) -> Verdict:
    scarcity = premium_rules.c15a(less, board["grids"]["less"])
    mixtral = _estimate(board["rows"]["mixtral"])
    return premium_rules.c15(
        scarcity, board["counts"]["days-led"], mixtral, board["counts"]["mixtral-active"], margin
    )


def _c17(board: Board, uncounted: float) -> Verdict:
    """The share fell as long as there are fewer uncounted chips than would have kept it, draw for draw."""
    leaps = {k: _estimate(v) for k, v in board["leaps"].items()}
    value, low, high = board["rows"]["uncounted"]
    return scissors_rules.c17(leaps, _estimate([uncounted - value, uncounted - high, uncounted - low]))


def _c28(board: Board, runs: Estimate, uncounted: float) -> Verdict:
    """Chips: the ends of two intervals against each other, as their joint law is not kept."""
    value, low, high = board["rows"]["share-then"]
    now = [_share(x, uncounted) for x in board["rows"]["share-now"]]
    chips = [value - now[0], low - now[2], high - now[1]]
    gauges = {"lag": _estimate(board["rows"]["lag-change"]), "training runs": runs, "chips": _estimate(chips)}
    if board["rows"]["adoption"]:
        value, low, high = board["rows"]["adoption"]
        gauges["adoption"] = _estimate([-value, -high, -low])
    return verdict_rules.c28(gauges)


def _share(percent: float, uncounted: float) -> float:
    """China's share when it has ``uncounted`` times as many chips again as are counted.

    >>> _share(20.0, 1.0) == 100 * 40 / 120
    True
    """
    part = percent / 100
    return 100 * (1 + uncounted) * part / (1 + uncounted * part)


def restoring(then: float, now: float) -> float:
    """How many uncounted chips for each counted one lift a share from ``now`` to ``then``, both in per cent.

    >>> restoring(then=50.0, now=25.0)
    2.0
    """
    p, q = then / 100, now / 100
    return (p - q) / (q * (1 - p))


def _estimate(row: list[float]) -> Estimate:
    return Estimate(*map(float, row), n=0, method="kept by its chapter", level=rules.LEVEL)

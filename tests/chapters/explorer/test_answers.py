"""The explorer's answers: the chapters' own by default, and moved where closed forms say so."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from moat import sources
from moat.chapters.bill.cost import Draws, Servers, bills
from moat.chapters.explorer import answers, moves
from moat.chapters.explorer import bills as explorer_bill
from moat.chapters.explorer import board as explorer_board
from moat.chapters.explorer.settings import BY_NAME, SETTINGS, default, drawn
from moat.errors import EvidenceError
from moat.evidence.findings import Chapter, recorded_path

NAMES = ("lag", "premium", "bill", "scissors")


@pytest.fixture(scope="module")
def chapters() -> dict[str, Chapter]:
    return {name: Chapter.load(recorded_path(name)) for name in NAMES}


@pytest.fixture(scope="module")
def board(chapters) -> dict:
    return explorer_board.board(chapters, sources.load("cost-inputs"))


def words(board, **settings) -> dict[str, str]:
    return answers.answer(board, settings)["verdicts"]


def numbers(board, **settings) -> dict[str, list[float]]:
    return answers.answer(board, settings)["numbers"]


def with_rows(board, **rows) -> dict:
    return board | {"rows": board["rows"] | {k.replace("_", "-"): v for k, v in rows.items()}}


def test_the_default_is_what_the_chapters_said(board, chapters):
    found = words(board)
    own = {"C02": "lag", "C04": "premium", "C12": "premium", "C15": "premium", "C17": "scissors",
           "C21": "lag", "C22": "lag", "C07 bill": "bill", "C07 quality": "premium"}  # fmt: skip
    for claim, chapter in own.items():
        assert found[claim] == chapters[chapter].findings[f"verdict-{claim[:3].lower()}"].value, claim
    told = numbers(board)
    for key, name in {"width-china": "width-china", "hazard": "hazard-ratio"}.items():
        finding = chapters["lag"].findings[name]
        assert told[key] == [finding.value, finding.low, finding.high]


def test_the_bills_are_those_of_the_chapter_within_its_own_noise(board, chapters):
    """Scope (4) has one law for an hour on an owned server, where the chapter has the product of three."""
    found = explorer_bill.bills(board["bill"], None, None, None)
    short = dict(zip(("llama", "gpt4", "claude", "gpt45"), board["bill"]["rivals"], strict=True))
    compared = 0
    for key, rival in short.items():
        for scope, row in found["ratio"][rival].items():
            finding = chapters["bill"].findings.get(f"v3-{key}-{scope}")
            if finding is not None:
                theirs = np.array([finding.value, finding.low, finding.high]) / 100
                assert np.abs(np.array(row) / theirs - 1).max() < 0.03, (rival, scope)
                compared += 1
    assert compared == 15
    for scope, row in found["bill"].items():
        finding = chapters["bill"].findings[f"v3-scope-{scope}"]
        assert row == pytest.approx([finding.value, finding.low, finding.high], rel=0.02)


def test_a_fixed_multiple_moves_the_bill_as_its_draws_would(board):
    """Against the slow way: the chapter's own Monte Carlo with the factor put in by hand."""
    laws = sources.load("cost-inputs")
    draw, servers = Draws(laws, 200_000, seed=5), Servers(1.0, 1.0, 0.0, 0.0)
    ours = bills("DeepSeek", {"h": 2.788e6}, draw, servers, research={"research": np.full(200_000, 30.0)})
    theirs = bills("Llama", {"h": 30.84e6}, draw, servers)
    slow = (ours[3] / theirs[3]).estimate()
    fast = explorer_bill.bills(board["bill"], None, 30.0, None)["ratio"][explorer_bill.LLAMA]["3"]
    assert fast == pytest.approx([slow.value, slow.low, slow.high], rel=0.02)


def test_what_cancels_does_not_move_a_ratio(board):
    at = {p: explorer_bill.bills(board["bill"], p, None, None) for p in (0.5, 8.0)}
    for rival in board["bill"]["rivals"]:
        assert at[0.5]["ratio"][rival]["1"] == at[8.0]["ratio"][rival]["1"]
        assert at[0.5]["ratio"][rival]["4"] == at[8.0]["ratio"][rival]["4"]
    assert at[8.0]["bill"]["2"][0] == pytest.approx(16 * at[0.5]["bill"]["2"][0])
    low, high = at[0.5]["bill"]["1"][1:]
    assert low == high == 0.5 * board["bill"]["hours"]


def test_specifications_follow_what_the_reader_fixes(board):
    bill = board["bill"]
    all_, fixed = explorer_bill.agreeing(bill, 3, None, None), explorer_bill.agreeing(bill, 3, None, 10.0)
    assert 0 < len(fixed) < len(all_)
    kept = [r["value"] for r in bill["grid"] if r["scope"] == "(3)" and r["research"] == bill["common_share"]]
    assert fixed == pytest.approx([2 * v for v in kept])  # ten times is twice the middle of the law
    assert explorer_bill.agreeing(bill, 1, 8.0, 60.0) == explorer_bill.agreeing(bill, 1, None, None)
    with pytest.raises(EvidenceError, match="scopes"):
        explorer_bill.agreeing(bill, 5, None, None)


def test_research_on_one_side_alone_can_turn_the_verdict(board):
    llama = {"rival": "Llama 3.1-405B", "scope": "3"}
    found = [words(board, research=m, **llama)["C07 bill"] for m in (5.0, 20.0, 80.0)]
    assert found == ["supported", "partly", "refuted"]


def test_margins_turn_parity_at_the_ends_of_intervals(board):
    wide = {"margin": 12.0}
    assert words(board, **wide)["C04"] == "supported"
    edge = -min(v["row"][1] for v in board["even"].values())
    assert words(board, margin=np.ceil(4 * edge) / 4)["C04"] == "supported"
    assert words(board, margin=np.floor(4 * edge) / 4)["C04"] == "partly"


@pytest.mark.parametrize(("uncounted", "word"), [(1.9, "supported"), (2.5, "partly"), (3.1, "refuted")])
def test_uncounted_chips_turn_the_loss_of_access_at_the_ends_of_its_interval(board, uncounted, word):
    sure = with_rows(board, uncounted=[2.5, 2.0, 3.0]) | {"leaps": {"v3": [3.0, 2.0, 4.0]}}
    assert words(sure, uncounted=uncounted)["C17"] == word


def test_a_share_with_uncounted_chips_counts_them_on_both_sides(board):
    counted = board["rows"]["share-now"][0]
    mine, world = 1000 * counted / 100, 1000.0
    assert numbers(board, uncounted=3.0)["share"][0] == pytest.approx(400 * mine / (world + 3 * mine))


def test_the_multiple_that_restores_a_share_is_the_inverse_of_counting_it(board):
    multiple = answers.restoring(then=6.0, now=board["rows"]["share-now"][0])
    assert numbers(board, uncounted=multiple)["share"][0] == pytest.approx(6.0)


def test_dates_are_looked_up_and_the_best_rival_follows_them(board, chapters):
    rows = [
        r
        for r in chapters["lag"].grids["hazard-ratio"]
        if r["value"] == numbers(board, dates="released")["hazard"][0]
    ]
    assert [r["dates"] for r in rows] == ["released"]
    far = {"best-announced": {"dates": "announced", "row": [-50.0, -51.0, -49.0]}}
    only = board | {
        "even": far | {"best-released": {"dates": "released", "row": [1.0, 0.5, 1.5]}},
        "printed": {},
    }
    assert [words(only, dates=d)["C04"] for d in default_dates()] == ["partly", "refuted", "supported"]


def default_dates() -> list[str]:
    return list(BY_NAME["dates"].options)


def test_a_fourth_gauge_counts_where_the_book_has_it(board):
    narrow = with_rows(board, lag_change=[-2.0, -3.0, -1.0], adoption=None)
    assert words(narrow, uncounted=0.0)["C28"] == "partly"  # one narrowed, one unknown
    assert words(with_rows(narrow, adoption=[30.0, 20.0, 40.0]))["C28"] == "partly"  # two of four
    assert words(with_rows(narrow, adoption=[-5.0, -9.0, -1.0]))["C28"] == "refuted"


def test_distillation_enters_quality_and_nothing_else(board):
    taught = board | {"dates": {k: v | {"untaught": [1.0, 0.5, 1.5]} for k, v in board["dates"].items()}}
    before, after = words(taught), words(taught, distilled="left out")
    assert {k for k in before if before[k] != after[k]} == {"C07 quality"}
    assert after["C07 quality"] == "refuted"


def test_every_setting_says_what_it_enters_and_enters_nothing_else(board):
    moved = moves.moved(moves.paths(board), board)
    told = moved[moved["words"].notna()]
    for row in told.itertuples():
        assert row.answer[:3] in BY_NAME[row.setting].enters
    assert {c for s in SETTINGS for c in s.enters} == set(answers.CLAIMS)


def test_a_turn_is_where_the_word_changes(board):
    stretches = moves.flips(moves.paths(board, only=("uncounted",)))
    at = moves.turn(stretches, "uncounted", "C17")
    assert words(board, uncounted=at)["C17"] != words(board, uncounted=round(at - 0.1, 1))["C17"]
    with pytest.raises(EvidenceError, match="at every value"):
        moves.turn(stretches, "uncounted", "C21")


def test_random_settings_are_values_of_the_page_and_repeat_with_their_seed():
    made = list(drawn(200, seed=1))
    assert made == list(drawn(200, seed=1))
    for chosen in made:
        assert set(chosen) == set(default())
        for setting in SETTINGS:
            setting.check(chosen[setting.name])
            assert chosen[setting.name] in setting.steps()
    assert 60 < sum(c["price"] is None for c in made) < 140
    assert 9.25 in BY_NAME["margin"].steps()


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"price": 99.0}, "lies between"), ({"scope": "5"}, "is one of"), ({"margin": None}, "needs a number"),
     ({"colour": 1}, "no assumption")],
)  # fmt: skip
def test_a_mistaken_setting_is_named(board, settings, says):
    with pytest.raises(EvidenceError, match=says):
        answers.answer(board, settings)


def test_a_book_without_a_finding_or_a_row_is_told_which(chapters):
    laws = sources.load("cost-inputs")
    with pytest.raises(EvidenceError, match=r"lag\.width-china"):
        explorer_board.board({k: v for k, v in chapters.items() if k != "lag"}, laws)
    short = replace(chapters["lag"], grids=chapters["lag"].grids | {"slope": []})
    with pytest.raises(EvidenceError, match=r"0 rows of the grid 'lag\.slope'"):
        explorer_board.board(chapters | {"lag": short}, laws)


def test_the_board_is_plain_data(board):
    assert json.loads(json.dumps(board, allow_nan=False))["rules"] == board["rules"]

"""The explorer's figures and table: words as well as colours, and nothing left out."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from moat.chapters.explorer import figures as draw
from moat.chapters.explorer.settings import SETTINGS
from moat.evidence.claims import SIGNS

STRETCHES = pd.DataFrame(
    [("margin", "C04", "partly", 0.0, 9.25), ("margin", "C04", "supported", 9.5, 12.0),
     ("research", "C07 bill", "supported", 1.0, 13.5), ("research", "C07 bill", "refuted", 14.0, 80.0)],
    columns=["setting", "answer", "word", "low", "high"],
).assign(note="")  # fmt: skip


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def written(fig) -> list[str]:
    return [t.get_text() for ax in fig.axes for t in ax.texts]


def test_bars_fill_the_range_and_name_the_word_and_the_turn():
    fig = draw.turns(STRETCHES)
    for bars in (fig.axes[0].patches[:2], fig.axes[0].patches[2:]):
        assert sum(b.get_width() for b in bars) == pytest.approx(1.0)
    assert fig.axes[0].patches[1].get_x() == pytest.approx(9.5 / 12)
    assert "9.5" in written(fig)
    assert f"{SIGNS['partly']} partly" in written(fig)
    assert len(fig.axes[0].lines) == 1  # an open number has no place of its own


def test_shares_of_words_add_up():
    words = pd.DataFrame({"C04": ["partly", "supported", "partly", "partly"], "C21": ["supported"] * 4})
    fig = draw.together(words)
    widths = [b.get_width() for b in fig.axes[0].patches]
    assert sorted(widths) == [25, 75, 100]
    assert [t.get_text() for t in fig.axes[0].get_yticklabels()] == ["C04", "C21"]


def test_the_table_has_every_assumption_and_says_when_it_moves_nothing():
    moved = pd.DataFrame(
        [("dates", "width-china", 6.3, 8.1, None), ("margin", "C04", None, None, "partly, supported"),
         ("margin", "C07 bill", None, None, "partly, refuted")],
        columns=["setting", "answer", "low", "high", "words"],
    )  # fmt: skip
    table = draw.moves(moved)
    assert list(table["assumption"]) == [s.label for s in SETTINGS]
    assert "width of China 6.3 to 8.1" in set(table["moves"])
    assert set(table["changes the word of"]) == {"none", "C04: partly, supported"}
    assert (table["moves"] == "no number").sum() == len(SETTINGS) - 1

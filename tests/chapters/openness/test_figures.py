"""The figures of openness say in marks and words what their tables hold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moat.chapters.openness import figures as draw
from moat.plot.figure import Figure
from moat.plot.palette import COLOURS

DAY = "2025-01-27"


def test_a_strip_prints_a_score_where_it_changes_and_only_there():
    days = pd.to_datetime(["2025-01-01", "2025-02-01", "2025-03-01"])
    table = pd.DataFrame({"day": days, "lab": "A", "value": [2, 2, 4]})
    drawn = draw.strip(table, ["A"], DAY)
    assert [t.get_text() for t in drawn.axes[0].texts] == ["2", "4"]
    alphas = [p.get_alpha() for p in drawn.axes[0].patches]
    assert alphas[0] == alphas[1] < alphas[2]


def test_criteria_are_full_half_or_empty():
    cells = pd.DataFrame(
        {"lab": "A", "criterion": ["x", "y", "z"], "value": [1, 0, 0], "least": [1, 0, 0], "most": [1, 1, 0]}
    )
    drawn = draw.criteria({"then": cells, "now": cells}, ["A"], ["x", "y", "z"])
    left = drawn.axes[0].lines
    assert [line.get_fillstyle() for line in left] == ["full", "left", "none"]
    assert [line.get_xdata()[0] for line in left] == [0, 1, 2]
    assert left[2].get_markeredgecolor() == COLOURS["reference"]


def test_bases_show_intervals_and_the_number_of_models():
    quarters = pd.DataFrame(
        {
            "quarter": pd.to_datetime(["2024-01-01", "2024-04-01"]),
            "value": [20.0, 60.0],
            "low": [5.0, 30.0],
            "high": [50.0, 90.0],
            "n": [7, 9],
        }
    )
    ax = draw.bases({"list": quarters}, DAY).axes[0]
    assert {t.get_text() for t in ax.texts} == {"7", "9"}
    ends = [s[:, 1] for s in ax.collections[0].get_segments()]
    assert np.allclose(ends, [[5, 50], [30, 90]])


def test_tops_and_tokens_are_drawn_in_the_colour_of_their_country():
    rows = pd.DataFrame(
        {"day": pd.to_datetime(["2025-01-01", "2025-02-01"]), "value": [80, 90], "low": [70, 80], "high": 100}
    )
    assert draw.top({"ten": rows, "twenty": rows}, DAY).axes[1].lines[0].get_color() == COLOURS["US"]
    shares = pd.DataFrame({"US": [90.0, 30], "CN": [10.0, 70]}, index=rows["day"])
    drawn = draw.tokens(shares, {"US": "US", "CN": "China"})
    assert [line.get_color() for line in drawn.axes[0].lines] == [COLOURS["US"], COLOURS["China"]]
    assert "China" in Figure(drawn, shares.reset_index()).svg


def test_a_bump_names_labs_at_its_end_and_hides_deep_ranks():
    days = pd.to_datetime(["2025-01-01", "2025-02-01"])
    ranks = pd.DataFrame({"day": [*days] * 2, "lab": ["A", "A", "B", "B"], "rank": [1.0, 2.0, 2.0, 12.0]})
    ax = draw.bump(ranks, {"A": "US", "B": "China"}, 10, DAY).axes[0]
    assert [t.get_text() for t in ax.texts] == ["A"]
    assert np.isnan(ax.lines[1].get_ydata()[1])
    assert ax.get_ylim()[0] > ax.get_ylim()[1]

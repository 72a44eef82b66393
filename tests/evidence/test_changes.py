"""A verdict that changed is told with both words and the finding that moved it."""

from __future__ import annotations

from moat.evidence import Chapter, Finding, changes, load_claims

C21 = next(c for c in load_claims() if c.id == "C21")


def number(name, value, half, **more):
    return Finding(name, value, low=value - half, high=value + half, level=0.9, **more)


def chapter(word, *numbers, reason="as computed", then="", executed="2026-11-26T10:00:00+00:00"):
    found = {f.name: f for f in numbers}
    found["verdict-c21"] = Finding("verdict-c21", word, method=reason)
    if then:
        found["verdict-c21-then"] = Finding("verdict-c21-then", then, method=reason)
    return {"lag": Chapter("lag", "", {}, "abc123", executed, 0.0, "", {}, found)}


def change(old, new):
    (only,) = changes.changes([C21], old, new)
    return only


def test_an_unchanged_word_and_a_first_word_are_no_change():
    same = chapter("supported", number("width-china", 7, 2))
    assert changes.changes([C21], same, chapter("supported", number("width-china", 9, 2))) == []
    assert changes.changes([C21], {}, same) == []
    assert changes.changes([C21], same, {}) == []


def test_the_change_names_both_words_and_the_finding_that_moved_most_for_its_interval():
    before = chapter("supported", number("width-china", 7, 2), number("width-open", 8, 1))
    after = chapter("partly", number("width-china", 12, 6), number("width-open", 8, 1))
    found = change(before, after)
    assert (found.date, found.commit, found.claim) == ("2026-11-26", "abc123", "C21")
    assert (found.old, found.new, found.finding) == ("supported", "partly", "lag.width-china")
    assert (found.before, found.after) == ("7.0 [5.0, 9.0]", "12.0 [6.0, 18.0]")
    assert "supported became partly; lag.width-china moved most, from 7.0" in found.sentence()


def test_movement_counts_in_half_widths_and_intervals_come_before_bare_numbers():
    bare = {"low": None, "high": None}
    before = chapter("supported", number("a", 7, 2), number("b", 8, 0.1), Finding("days", 1, **bare))
    after = chapter("partly", number("a", 9, 2), number("b", 8.5, 0.1), Finding("days", 50, **bare))
    assert change(before, after).finding == "lag.b"
    only_days = chapter("partly", number("a", 7, 2), number("b", 8, 0.1), Finding("days", 50, **bare))
    assert change(before, only_days).finding == "lag.days"


def test_what_the_reason_prints_comes_before_what_it_does_not():
    before = chapter("supported", number("a", 7, 2), number("b", 8, 0.1), reason="7.0 [5.0, 9.0] below 18")
    after = chapter("partly", number("a", 9, 2), number("b", 8.5, 0.1), reason="9.0 [7.0, 11.0] below 18")
    assert change(before, after).finding == "lag.a"


def test_a_word_can_change_without_a_number():
    found = change(chapter("supported", number("a", 7, 2)), chapter("refuted", number("a", 7, 2)))
    assert found.finding == ""
    assert "no finding" in found.sentence()


def test_each_clock_changes_by_itself():
    old, new = chapter("partly", then="supported"), chapter("partly", then="untestable")
    found = change(old, new)
    assert (found.clock, found.old, found.new) == ("27 January 2025", "supported", "untestable")


def test_the_log_grows_and_keeps_what_it_had(tmp_path, monkeypatch):
    monkeypatch.setattr(changes, "log_path", lambda: tmp_path / "verdict_changes.csv")
    assert changes.log().empty
    first = change(chapter("supported", number("a", 7, 2)), chapter("partly", number("a", 12, 2)))
    changes.accept([])
    assert not (tmp_path / "verdict_changes.csv").exists()
    changes.accept([first])
    changes.accept([change(chapter("partly"), chapter("refuted"))])
    assert list(changes.log()["new"]) == ["partly", "refuted"]
    assert list(changes.log()["finding"]) == ["lag.a", ""]


def test_the_log_in_the_repository_has_its_columns():
    assert list(changes.log().columns) == changes.COLUMNS
    assert set(changes.log()["clock"]) <= set(changes.CLOCKS)
    assert not changes.log().duplicated().any()

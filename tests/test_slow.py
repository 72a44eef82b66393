"""Which tests wait for ``make test-all``, and that every one of them has quick company."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from moat import project
from tests.conftest import pytest_collection_modifyitems

ITEMS = [SimpleNamespace(name=n, get_closest_marker={n: True}.get) for n in ("plain", "slow", "book")]


@pytest.mark.parametrize(
    ("given", "markexpr", "kept"),
    [
        (False, "", ["plain", "book"]),
        (True, "", ["plain", "slow", "book"]),
        (False, "book", ["plain", "book"]),  # what is not of the book, pytest itself leaves out
        (False, "slow", ["plain", "slow", "book"]),
    ],
)
def test_slow_tests_run_where_they_are_asked_for(given, markexpr, kept):
    told = []
    config = SimpleNamespace(
        getoption={"slow": given, "markexpr": markexpr}.get,
        hook=SimpleNamespace(pytest_deselected=lambda items: told.extend(items)),
    )
    items = list(ITEMS)
    pytest_collection_modifyitems(config, items)
    assert [i.name for i in items] == kept
    assert len(told) == len(ITEMS) - len(kept)


def test_both_ways_to_test_are_in_the_makefile():
    makefile = (project.root() / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^test:.*\n\t@\S+ -m tests \$\(ARGS\)$", makefile, re.M)
    assert re.search(r"^test-all:.*\n\t@\S+ -m tests --slow \$\(ARGS\)$", makefile, re.M)

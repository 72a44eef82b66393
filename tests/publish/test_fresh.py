"""A build that has nothing to do says so from stamps alone, and any edit is seen."""

from __future__ import annotations

import os
import time

import pytest

from moat.publish import fresh

SUMMARY = "Verdicts that differ:\n  one\nhere/index.html: 2 chapters computed, 0 recorded, 90 s"


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small repository with a finished build, and one source in a mirror."""
    files = {
        "Snakefile": "all", "_toc.yml": "toc", "notebooks/near.ipynb": "{}", "moat/laws/fit.py": "fit",
        "book/index.md": "# Home", "data/claims.yml": "[]", "data/runs/cpu/a/1.json": "{}",
        "data/sources.yml": (
            "points:\n  title: Points\n  files:\n"
            f"  - {{url: 'https://data.example/points.csv', sha256: {'a' * 64}, bytes: 4}}\n"
            "  columns: {x: {kind: float}}\n"
        ),
        "_build/plan.json": '{"computed": ["near"], "recorded": {}}', "_build/executed/near.ipynb": "{}",
        "_build/data/models.npz": "PK", "_build/findings/near.json": "{}", "_build/html/index.html": "",
        "_build/html/notebooks/near.html": "",
        "mirror/data.example/points.csv": "x\n1\n",
    }  # fmt: skip
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setenv("MOAT_ROOT", str(tmp_path))
    monkeypatch.setenv("MOAT_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("MOAT_CACHE", str(tmp_path / "cache"))
    fresh.finish(fresh.begin(), SUMMARY, time.time() + 1)
    return tmp_path


def test_with_nothing_changed_the_closing_lines_say_so(tree):
    said = fresh.unchanged().splitlines()
    assert said[:2] == ["Verdicts that differ:", "  one"]
    assert said[2] == "Nothing to do: the book is up to date."
    assert said[3].startswith("here/index.html: 2 chapters computed, 0 recorded, ")
    assert fresh.unchanged().count("Nothing to do") == 1


@pytest.mark.parametrize(
    "name",
    [
        "Snakefile", "_toc.yml", "notebooks/near.ipynb", "moat/laws/fit.py", "book/index.md",
        "data/claims.yml", "data/runs/cpu/a/1.json", "_build/executed/near.ipynb", "_build/data/models.npz",
        "_build/findings/near.json", "_build/html/notebooks/near.html", "mirror/data.example/points.csv",
    ],
)  # fmt: skip
def test_an_edit_and_a_loss_of_any_file_are_seen(tree, name):
    path = tree / name
    before = path.stat()
    path.write_text(path.read_text().swapcase() or "x")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # an editor that keeps the time
    assert fresh.unchanged() == ""
    fresh.finish(fresh.begin(), SUMMARY, time.time() + 1)
    assert fresh.unchanged()
    path.unlink()
    assert fresh.unchanged() == ""


def test_a_new_file_or_another_setting_is_seen(tree, monkeypatch):
    (tree / "cache" / "data.example").mkdir(parents=True)
    assert fresh.unchanged()
    for name in ("moat/laws/new.py", "data/runs/cpu/a/2.json", "cache/data.example/points.csv"):
        (tree / name).write_text("")
        assert fresh.unchanged() == "", name
        (tree / name).unlink()
        assert fresh.unchanged(), name
    monkeypatch.setenv("MOAT_CELL_SECONDS", "9")
    assert fresh.unchanged() == ""


def test_a_build_that_failed_or_was_overtaken_by_an_edit_leaves_no_note(tree):
    before = fresh.begin()
    assert fresh.unchanged() == ""
    edited = tree / "book" / "index.md"
    edited.write_text("# Changed while it was built")
    fresh.finish(before, SUMMARY, time.time() + 1)
    assert fresh.unchanged() == ""
    # Where a build begins in the tick of an edit, that edit cannot be told from the next one.
    fresh.finish(fresh.begin(), SUMMARY, edited.stat().st_ctime)
    assert fresh.unchanged() == ""


def test_with_a_source_that_could_not_be_had_the_next_build_asks_again(tree):
    (tree / "_build" / "plan.json").write_text('{"computed": [], "recorded": {"near": ["points"]}}')
    fresh.finish(fresh.begin(), SUMMARY, time.time() + 1)
    assert fresh.unchanged() == ""

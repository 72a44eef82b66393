"""A new chapter is whole from the start: it keeps the rules of all notebooks and builds at once."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from typer.testing import CliRunner

from moat import cli, project
from moat.errors import PublishError
from moat.publish.new_chapter import create, with_chapter
from tests import test_notebooks
from tests.mini import make_mini

TOC = """# The order of the book
format: jb-book
root: book/index
parts:
  - caption: "Part I. Laws"   # of training
    chapters:
      - file: notebooks/near
      # the last of them
      - file: book/far  # by design
  - caption: Part II. Frontier
    chapters:
    - {file: notebooks/lag}
  - caption: Part III. Frontier, again
    chapters: [{file: book/data}]
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A small project that was not built yet, as the root of this process."""
    mini = make_mini(tmp_path / "project")
    monkeypatch.setenv("MOAT_ROOT", str(mini.root))  # what `project.root` says
    return mini


def test_it_builds_at_once_and_keeps_the_rules(small):
    done = small.moat("new-chapter", "second-look", "--part", "All")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:3] == [
        "notebooks/second-look.ipynb",
        "moat/chapters/second_look/__init__.py",
        "_toc.yml",
    ]
    path = small.root / "notebooks" / "second-look.ipynb"
    rules = [rule for name, rule in vars(test_notebooks).items() if name.startswith("test_")]
    assert len(rules) > 5
    for rule in rules:
        rule(path)
    assert "chapter-name" not in path.read_text()
    assert "chapter_name" not in path.read_text()
    assert "chapter name" not in path.read_text()
    done = small.moat("book")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 chapters computed, 0 recorded" in done.stdout
    page = (small.root / "_build" / "html" / "notebooks" / "second-look.html").read_text()
    assert "What do we want to know about second look?" in page
    assert re.search(r"10\.5 .{0,80}\[", page, re.S)
    # What the tests run it with again exists, and so do the findings that must then stay.
    about = json.loads(path.read_text())["metadata"]["moat"]
    again = small.moat("chapter", "second-look", *(f"{k}={v}" for k, v in about["small"].items()))
    assert again.returncode == 0, again.stderr
    recorded = json.loads((small.root / "_build" / "findings" / "second-look.json").read_text())["findings"]
    assert set(about["steady"]) <= {finding["name"] for finding in recorded}


def test_the_contents_keep_their_comments_and_their_order():
    for part, after in (("Part I. Laws", "- file: book/far"), ("part ii. f", "- {file: notebooks/lag}")):
        changed = with_chapter(TOC, "new", part).splitlines()
        new = next(i for i, line in enumerate(changed) if line.endswith("- file: notebooks/new"))
        assert after in changed[new - 1]
        assert [*changed[:new], *changed[new + 1 :]] == TOC.splitlines()
        files = [c["file"] for p in yaml.safe_load("\n".join(changed))["parts"] for c in p["chapters"]]
        assert files.index("notebooks/new") == files.index(after.split()[-1].strip("{}")) + 1


def test_a_last_line_without_an_end():
    toc = "parts:\n- caption: Laws\n  chapters:\n  - file: notebooks/lag"
    assert with_chapter(toc, "new", "Laws").endswith("lag\n  - file: notebooks/new\n")


@pytest.mark.parametrize(
    ("name", "part", "why"),
    [
        ("Second-Look", "All", "lower-case words joined with hyphens"),
        ("second_look", "All", "lower-case words joined with hyphens"),
        ("2nd-look", "All", "lower-case words joined with hyphens"),
        ("second--look", "All", "lower-case words joined with hyphens"),
        ("../look", "All", "lower-case words joined with hyphens"),
        ("class", "All", "lower-case words joined with hyphens"),
        ("near", "All", "There is a chapter 'near' already"),
        ("second-look", "Part V", "has no parts 'Part V'; its parts are: All."),
    ],
)
def test_a_mistake_is_one_sentence_and_writes_nothing(small, name, part, why):
    before = sorted(small.root.rglob("*"))
    done = CliRunner().invoke(cli.app, ["new-chapter", name, "--part", part])
    assert isinstance(done.exception, PublishError)
    assert why in str(done.exception)
    assert "\n" not in str(done.exception)
    assert sorted(small.root.rglob("*")) == before


def test_a_part_must_be_meant_alone_and_a_chapter_is_begun_once(small):
    with pytest.raises(PublishError, match="has 2 parts 'frontier'"):
        with_chapter(TOC, "new", "frontier")
    create("second-look", "all")
    with pytest.raises(PublishError, match="already"):
        create("second-look", "all")
    assert project.in_book() == ["near", "far", "second-look"]

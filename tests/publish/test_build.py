"""The pipeline on a small project: what is built again, what is published, what stops it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.mini import FOR_TESTS, POINTS, Mini, notebook


def text(done: subprocess.CompletedProcess) -> str:
    return done.stdout + done.stderr


def page(mini: Mini, name: str) -> str:
    return (mini.root / "_build" / "html" / f"{name}.html").read_text(encoding="utf-8")


def fails(mini: Mini, *, offline: bool = False) -> str:
    done = mini.moat("book", offline=offline)
    assert done.returncode == 1, text(done)
    return done.stderr


def test_a_second_build_does_nothing_and_says_so(mini):
    before = mini.executed()
    done = mini.moat("book")
    assert done.returncode == 0, text(done)
    assert "Nothing to do" in done.stdout
    assert mini.executed() == before


def test_only_what_depends_on_an_edit_is_executed_again(mini):
    before = mini.executed()
    engine = mini.root / "moat" / "laws" / "engine.py"
    engine.write_text(engine.read_text() + "\n# edited\n")
    assert mini.moat("book").returncode == 0
    after = mini.executed()
    assert (after["far"] != before["far"], after["near"] != before["near"]) == (True, False)
    mini.edit("notebooks/near.ipynb", "factor = 1.0", "factor = 1.0  # the same")
    assert mini.moat("book").returncode == 0
    last = mini.executed()
    assert (last["far"] != after["far"], last["near"] != after["near"]) == (False, True)
    mini.edit("book/index.md", "# Home", "# At home")
    assert mini.moat("book").returncode == 0
    assert mini.executed() == last
    assert "At home" in page(mini, "book/index")


@pytest.mark.slow
def test_what_was_deleted_is_made_again_and_until_then_cannot_be_recorded(mini):
    (mini.root / "_build" / "findings" / "near.json").unlink()
    refused = mini.moat("record")
    assert refused.returncode == 1
    assert refused.stderr.strip() == "There are no computed findings to accept; run `make book` first."
    assert mini.moat("book").returncode == 0
    assert mini.moat("record").returncode == 0


def test_without_network_mirror_or_cache_the_rest_is_published_as_recorded(mini):
    shutil.rmtree(mini.root / "_build")
    done = mini.moat("book", offline=True)
    assert done.returncode == 0, text(done)
    assert "Not recomputed" in done.stdout
    assert "far (no points)" in done.stdout
    assert "1 chapters computed, 1 recorded" in done.stdout
    assert "not recomputed here" in page(mini, "notebooks/far")
    assert "finding-recorded" in page(mini, "book/index")
    assert "finding-computed" in page(mini, "book/index")


def test_a_chapter_with_neither_source_nor_record_stops_the_build(mini):
    shutil.rmtree(mini.root / "_build")
    (mini.root / "data" / "findings" / "far.json").unlink()
    message = fails(mini, offline=True)
    assert "'points' is not in the cache or mirror" in message
    assert "'far' has no recorded findings" in message


def test_a_wrong_byte_is_one_sentence(mini):
    (mini.mirror / "data.example" / "points.csv").write_text(POINTS.replace("4", "5"))
    message = fails(mini).strip()
    assert "has sha256" in message
    assert len(message.splitlines()) == 1


def test_a_failing_cell_is_the_last_thing_on_the_screen_and_its_copy_is_kept(mini):
    mini.edit("notebooks/near.ipynb", "factor = 1.0", "factor = 0.0")
    mini.edit("notebooks/near.ipynb", "factor * table", "1 // int(factor) + table")
    mini.edit("notebooks/far.ipynb", "factor = 1.0", "factor = 1.0  # the same")
    before = mini.executed()
    message = fails(mini)
    assert message.strip().splitlines()[-1].startswith("ZeroDivisionError")
    assert "1 // int(factor)" in message
    copy = json.loads((mini.root / "_build" / "failed" / "near.ipynb").read_text())
    assert any(cell.get("outputs") for cell in copy["cells"])
    assert mini.executed()["far"] != before["far"]  # the other chapter is computed all the same


@pytest.mark.slow
def test_where_a_step_fails_without_a_word_its_log_is_the_last_thing_on_the_screen(mini):
    mini.edit("notebooks/near.ipynb", "factor = 1.0", "factor = 2.0")
    module = mini.root / "moat" / "publish" / "execute.py"
    module.write_text(module.read_text() + "\nraise SystemExit('the machine has gone away')\n")
    message = fails(mini)
    assert message.strip().splitlines()[-1] == "the machine has gone away"
    assert "_build/logs/" in message


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("import numpy as np\\nnp.int64(2**62) * np.int64(4)", "RuntimeWarning: overflow"),
        pytest.param(
            "import warnings\\nwarnings.warn('odd', stacklevel=1)",
            "UserWarning: odd",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_warning_in_a_cell_fails_the_build(mini, cell, says):
    mini.edit("notebooks/near.ipynb", "factor = 1.0", "factor = 1.0  # again")
    mini.edit("notebooks/near.ipynb", "table = sources.load('own')", f"{cell}\\ntable = sources.load('own')")
    said = fails(mini).strip().splitlines()[-1]
    assert says in said
    assert "cell c3" in said
    assert "ipykernel" not in said


@pytest.mark.slow
def test_progress_of_a_cell_is_neither_an_error_nor_on_the_page(mini):
    bar = "from tqdm import tqdm\\nfor _ in tqdm(range(3), desc='drawing worlds'): pass"
    mini.edit("notebooks/near.ipynb", "table = sources.load('own')", f"{bar}\\ntable = sources.load('own')")
    done = mini.moat("book")
    assert done.returncode == 0, text(done)
    shown = BeautifulSoup(page(mini, "notebooks/near"), "html.parser").select(".cell_output")
    assert "drawing worlds" not in " ".join(e.text for e in shown)


@pytest.mark.slow
def test_a_folder_with_a_blank_in_its_name(mini, tmp_path):
    shutil.copytree(mini.root, tmp_path / "my büch 2")
    blank = Mini(tmp_path / "my büch 2")
    shutil.rmtree(blank.root / "_build")
    shutil.copytree(mini.mirror, blank.mirror)
    # The interpreter of a clone in such a folder has a blank in its path too.
    environment = tmp_path / "an environment"
    environment.symlink_to(sys.prefix)
    blank.python = str(environment / "bin" / Path(sys.executable).name)
    done = blank.moat("book")
    assert done.returncode == 0, text(done)
    assert "2 chapters computed" in done.stdout


@pytest.mark.slow
def test_an_error_that_a_cell_was_allowed_to_raise_is_refused(mini):
    mini.edit("notebooks/near.ipynb", '"tags": ["parameters"]', '"tags": ["parameters", "raises-exception"]')
    mini.edit("notebooks/near.ipynb", "factor = 1.0", "factor = 1.0\\nfactor = missing")
    assert "near" in fails(mini)


def test_an_unknown_finding_fails_the_build_and_is_named(mini):
    mini.edit("book/index.md", "near.total", "near.totl")
    assert "near.totl" in fails(mini)
    mini.edit("book/index.md", "near.totl", "near.total sum")
    assert "near.total sum" in fails(mini)


def test_a_broken_link_fails_the_build(mini):
    mini.edit("book/index.md", "# Home", "# Home\n\n[nowhere](nowhere.md)")
    assert "nowhere" in fails(mini)


def test_a_finding_that_left_its_record_stops_the_build(mini):
    mini.edit("notebooks/near.ipynb", "factor = 1.0", "factor = 1.5")
    message = fails(mini)
    assert "near.total: value 3 became 4.5" in message
    assert "make record" in message
    assert mini.moat("record").returncode == 0
    done = mini.moat("book")
    assert done.returncode == 0, text(done)


@pytest.mark.slow
def test_a_killed_build_goes_on_where_it_was(mini):
    """Killed hard in the middle of a chapter; the next build needs no help."""
    notebook(
        mini.root / "notebooks" / "near.ipynb",
        ("markdown", "# Chapter near", []),
        ("code", "factor = 1.0", ["parameters"]),
        ("code", "import os, time\nfrom moat import sources\nfrom moat.evidence import Findings", []),
        ("code", "time.sleep(0 if os.environ.get('QUICK') else 3600)", []),
        ("code", "findings = Findings('near')\ntable = sources.load('own')", []),
        ("code", "findings.record('total', table['x'].sum(), unit='m', exact='sum')\nfindings", []),
    )
    before = mini.executed()
    command = [sys.executable, "-m", "moat", "book"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    build = subprocess.Popen(command, cwd=mini.root, env=mini.environment(), **quiet)
    scratch = mini.root / "_build" / "failed" / "near.ipynb"
    while not scratch.is_file() and build.poll() is None:
        time.sleep(0.1)
    os.killpg(build.pid, signal.SIGKILL)
    build.wait()
    assert scratch.is_file()
    done = subprocess.run(
        command, cwd=mini.root, env=mini.environment() | {"QUICK": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, text(done)
    after = mini.executed()
    assert after["near"] != before["near"]
    assert after["far"] == before["far"]


def test_two_builds_in_one_folder_are_refused(mini):
    import fcntl

    with open(mini.root / "_build" / ".lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert "Another build is running" in fails(mini)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("chapter", "near", "facter=2.0"), "did you mean 'factor'"),
        (("chapter", "near", "factor=two"), "must be float"),
        (("chapter", "nere"), "There is no chapter 'nere'"),
        (("sources", "fetch", "pionts"), "did you mean points"),
    ],
)
def test_a_mistake_at_the_command_line_is_one_sentence(built_mini, arguments, why):
    done = built_mini.moat(*arguments)
    assert done.returncode == 1
    assert why in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_one_chapter_alone_leaves_the_book_alone(mini):
    before = mini.executed()
    done = mini.moat("chapter", "near", "factor=2.0")
    assert done.returncode == 0, text(done)
    assert "near.total" in done.stdout
    assert "6 m" in done.stdout
    assert mini.executed() == before


def test_sources_are_listed_fetched_and_verified(built_mini):
    listed = built_mini.moat("sources", "list").stdout
    assert "points" in listed
    assert "at hand" in listed
    assert "points.csv" in built_mini.moat("sources", "fetch").stdout
    assert "points: 2 rows" in built_mini.moat("sources", "verify").stdout


def test_the_stamp_tells_how_a_page_was_made(built_mini):
    stamp = BeautifulSoup(page(built_mini, "notebooks/near"), "html.parser").select_one(".run-stamp").text
    assert "How this page was made" in stamp
    assert "factor = 1.0" in stamp
    assert "own" in stamp


def test_what_a_notebook_tells_the_tests_is_on_no_page(built_mini):
    assert FOR_TESTS in (built_mini.root / "notebooks" / "near.ipynb").read_text(encoding="utf-8")
    pages = [p for p in (built_mini.root / "_build" / "html").rglob("*.*") if p.suffix in (".html", ".ipynb")]
    assert len(pages) > 4
    assert not [p for p in pages if FOR_TESTS in p.read_text(encoding="utf-8")]


def test_the_scoreboard_has_a_row(built_mini):
    from moat.evidence.findings import Chapter
    from moat.evidence.published import load_published, scoreboard

    far = Chapter.load(built_mini.root / "_build" / "findings" / "far.json")
    table = load_published(built_mini.root / "data" / "published.csv")
    assert scoreboard({"far": far}, table)["outcome"].tolist() == ["reproduced"]

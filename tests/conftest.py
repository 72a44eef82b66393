"""What several tests need: the built book, and a small project to break."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from moat import project
from moat.sources import SourceUnavailable
from tests.mini import Mini, make_mini

#: How a source says that it cannot be had.
NOT_AT_HAND = "is not in the cache or mirror"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    return (yield from _skipping_without_sources())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    return (yield from _skipping_without_sources())


def _skipping_without_sources():
    """A test whose source cannot be had is skipped, and says which."""
    try:
        return (yield)
    except SourceUnavailable as error:
        pytest.skip(str(error))


def pytest_terminal_summary(terminalreporter):
    """Name the tests that were skipped for want of sources: elsewhere they run."""
    skipped = [
        report.nodeid
        for report in terminalreporter.stats.get("skipped", [])
        if NOT_AT_HAND in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.section(f"{len(skipped)} tests skipped for want of sources")
        for name in sorted(skipped):
            terminalreporter.line(name)


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder of the built book."""
    html = project.build() / "html"
    if not (html / "index.html").is_file():
        pytest.fail("There is no built book; run `make test`, which builds it, or `make book` first.")
    return html


@pytest.fixture(scope="session")
def built_mini(tmp_path_factory) -> Mini:
    """A small project that has been built and recorded once; copy it before changing it."""
    mini = make_mini(tmp_path_factory.mktemp("mini") / "project")
    done = mini.moat("book")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 chapters computed, 0 recorded" in done.stdout
    done = mini.moat("record")
    assert done.returncode == 0, done.stdout + done.stderr
    return mini


@pytest.fixture
def mini(built_mini: Mini, tmp_path: Path) -> Mini:
    """A copy of the built small project, times kept, so that it counts as up to date."""
    copy = Mini(tmp_path / "project")
    shutil.copytree(built_mini.root, copy.root)
    shutil.copytree(built_mini.mirror, copy.mirror)
    return copy

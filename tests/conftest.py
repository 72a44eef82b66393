"""What several tests need: the built book, and a small project to break."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from moat import project
from moat.sources import SourceUnavailable
from tests.mini import Mini, make_mini

#: How a source says that it cannot be had.
NOT_AT_HAND = "is not in the cache or mirror"


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


def pytest_collection_modifyitems(config, items):
    """Slow tests run where they are asked for, whatever else chooses among tests."""
    if config.getoption("slow") or "slow" in config.getoption("markexpr"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


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
    """A small project that has been built and recorded once for all workers; copy it before changing it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "mini"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if (folder / "built").exists():
            return Mini(folder / "project")
        shutil.rmtree(folder / "project", ignore_errors=True)
        mini = make_mini(folder / "project")
        done = mini.moat("book")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "2 chapters computed, 0 recorded" in done.stdout
        done = mini.moat("record")
        assert done.returncode == 0, done.stdout + done.stderr
        (folder / "built").touch()
    return mini


@pytest.fixture
def mini(built_mini: Mini, tmp_path: Path) -> Mini:
    """A copy of the built small project, times kept, so that it counts as up to date."""
    copy = Mini(tmp_path / "project")
    shutil.copytree(built_mini.root, copy.root)
    shutil.copytree(built_mini.mirror, copy.mirror)
    return copy

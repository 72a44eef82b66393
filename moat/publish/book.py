"""The whole book: plan, run Snakemake, say what was done."""

from __future__ import annotations

import fcntl
import html
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from moat import products, project
from moat.errors import BuildFailed, Drift
from moat.evidence.changes import Change, accept, changes
from moat.evidence.claims import load_claims
from moat.evidence.findings import Chapter, drift, recorded_path
from moat.publish import displays
from moat.publish.parameters import read
from moat.publish.plan import Plan, load_plan, make_plan
from moat.publish.stage import stage

#: How much of a log is shown when a step fails without a word of its own.
LOG_LINES = 20


def index_page() -> Path:
    return project.build() / "html" / "index.html"


def build(cores: int | None = None) -> str:
    """Build what is out of date and return the closing lines.

    Raises `BuildFailed` (with the failing cell last) or any error of the plan.
    """
    started, since = time.monotonic(), time.time()
    with only_one():
        _forget_failures()
        products.forget_damaged()
        plan = make_plan(progress=sys.stderr.isatty())
        before = _stamp(index_page())
        code = _snakemake(cores)
        if code:
            raise BuildFailed(_why(since))
    fresh = _stamp(index_page()) != before
    return _summary(plan, fresh, time.monotonic() - started)


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the lock of the build folder; the system frees it even when a build is killed.

    Snakemake's own lock files outlive a killed process and would have to be removed by hand.
    """
    path = project.build() / ".lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BuildFailed("Another build is running in this folder; wait for it to end.") from None
        yield


def _snakemake(cores: int | None) -> int:
    """Run Snakemake in this process: a second interpreter would load everything once more."""
    from snakemake.cli import main as snakemake  # slow to load, and only a build needs it

    os.chdir(project.root())
    try:
        snakemake(["--nolock", "--cores", str(cores or os.cpu_count() or 1)])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0


def _forget_failures() -> None:
    """A failure of an earlier build must not be taken for one of this."""
    for path in (project.build() / "logs").glob("*.failed"):
        path.unlink()


def _why(since: float) -> str:
    """Why a step failed, as the last thing on the screen: its own words, or the end of its log."""
    logs = project.build() / "logs"
    if failed := sorted(logs.glob("*.failed"), key=_stamp):
        return "\n\n".join(path.read_text(encoding="utf-8").strip() for path in failed)
    written = [p for p in logs.glob("*.log") if p.stat().st_mtime >= since and p.stat().st_size]
    if not written:
        return "The build failed; Snakemake says why above."
    last = max(written, key=_stamp)
    end = last.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-LOG_LINES:]
    return "\n".join([f"The build failed; {last.relative_to(project.root())} ends with:", "", *end])


def _summary(plan: Plan, fresh: bool, seconds: float) -> str:
    lines = []
    if plan.recorded:
        lines.append("Not recomputed, published from recorded findings:")
        lines += [f"  {name} (no {', '.join(missing)})" for name, missing in plan.recorded.items()]
    if changed := pending(plan):
        lines.append("Verdicts that differ from the recorded ones; `make record` accepts them:")
        lines += [f"  {change.sentence()}" for change in changed]
    if not fresh:
        lines.append("Nothing to do: the book is up to date.")
    count = f"{len(plan.computed)} chapters computed, {len(plan.recorded)} recorded"
    lines.append(f"{index_page()}: {count}, {seconds:.0f} s")
    return "\n".join(lines)


def load_chapters(plan: Plan) -> dict[str, Chapter]:
    return {name: Chapter.load(plan.findings(name)) for name in plan.chapters}


def pending(plan: Plan) -> list[Change]:
    """The verdicts of this build whose word is not the recorded one."""
    recorded = {n: Chapter.load(recorded_path(n)) for n in plan.chapters if recorded_path(n).is_file()}
    return changes(load_claims(), recorded, load_chapters(plan))


def check_drift(plan: Plan) -> list[str]:
    """Raise `Drift` when a computed finding left its recorded value; return notes on new ones."""
    notes: list[str] = []
    left: list[str] = []
    for name in plan.computed:
        if not recorded_path(name).is_file():
            notes.append(f"{name} has no recorded findings yet; run `make record` and commit them.")
            continue
        sentences = drift(Chapter.load(recorded_path(name)), Chapter.load(plan.findings(name)))
        for sentence in [*sentences, *displays.moved(name, computed_displays(name))]:
            (notes if sentence.endswith("not recorded yet") else left).append(sentence)
    if left:
        words = [change.sentence() for change in pending(plan)]
        raise Drift(
            ("Verdicts changed:\n  " + "\n  ".join(words) + "\n" if words else "")
            + "Findings, figures or tables left what is recorded:\n  "
            + "\n  ".join(left)
            + "\n"
            "If that is right, run `make record`, read the diff of data/findings/ and data/displays/ and the "
            "prose that rests on them, and commit."
        )
    return notes


def render() -> None:
    """Stage and render the pages; the Snakefile calls this once all chapters are there."""
    plan = load_plan()
    for note in check_drift(plan):
        print(note)
    tree = stage(plan, load_chapters(plan))
    # All pages anew: an untouched page would keep links to anchors that a changed list renumbered.
    command = [
        str(Path(sys.executable).with_name("jupyter-book")), "build", str(tree),
        "--path-output", str(project.root()), "--all", "-n", "-W", "--keep-going",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=project.root(), capture_output=True, text=True)
    output = done.stdout + done.stderr
    print(output)
    if done.returncode:
        index_page().unlink(missing_ok=True)
        raise BuildFailed("The pages have faults:\n" + "\n".join(_warnings(output)))
    # Jupyter Book's own entrance has no icon, and browsers then ask for one that is not there.
    index_page().write_text(entrance(project.root() / "_config.yml"), encoding="utf-8")


def entrance(config: Path) -> str:
    """The page at the root of the site: it leads to the landing page, with a link for those who stay."""
    title = html.escape(yaml.safe_load(config.read_text(encoding="utf-8"))["title"])
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<link rel="icon" href="_static/favicon.svg">\n'
        '<meta http-equiv="refresh" content="0; url=book/index.html">\n'
        f'<a href="book/index.html">{title}</a>\n</html>\n'
    )


def _warnings(output: str) -> list[str]:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output).splitlines()
    found = [line for line in plain if re.search(r"WARNING|ERROR|^\w*(Error|Exception)\b", line)]
    return list(dict.fromkeys(found)) or plain[-20:]


def computed_displays(chapter: str) -> dict[str, displays.Display]:
    """What the chapter showed in this build."""
    return displays.collect(read(project.build() / "executed" / f"{chapter}.ipynb"), chapter)


def record() -> list[Path]:
    """Accept the findings and displays of the last build, and log changed verdicts; return what changed.

    A chapter that the same code computed with the same findings keeps its record, and a display that looks
    the same keeps its file: a diff shows what there is to read.
    """
    plan = load_plan()
    if not plan.computed or not all(plan.findings(name).is_file() for name in plan.computed):
        raise BuildFailed("There are no computed findings to accept; run `make book` first.")
    accept(pending(plan))
    accepted = []
    for name in plan.computed:
        accepted += displays.record(name, computed_displays(name))
        target, computed = recorded_path(name), plan.findings(name)
        if target.is_file() and _as_recorded(Chapter.load(target), Chapter.load(computed)):
            continue
        accepted.append(project.write(target, computed.read_bytes()))
    return accepted


def _as_recorded(recorded: Chapter, computed: Chapter) -> bool:
    return recorded.code == computed.code and not drift(recorded, computed)

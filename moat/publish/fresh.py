"""Whether anything at all changed since the last finished build, by the stamps of files alone.

Snakemake decides what is out of date, but to ask it takes many seconds: libraries, sources read for
their digests, the graph.  So a finished build notes every file that it could depend on (the
repository's own, the sources, the package) and everything that it made, each with its times, size
and inode.  Where all are as noted, Snakemake would find nothing to do.  Any difference, also a
file more or less, another interpreter or another setting, and Snakemake is asked.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from moat import project

#: Folders of the repository that a build reads, and those under the build folder that it makes.
READ = ("book", "data", "moat", "notebooks", "profiles")
MADE = ("data", "executed", "findings", "html")
#: A file changed this shortly before it was noted could change again within the same tick of its clock.
TICK = 0.1

Stamps = dict[str, list[int] | None]


def note_path() -> Path:
    return project.build() / "fresh.json"


def begin() -> Stamps:
    """What a build is about to read.  A note of an earlier one ends to hold: this build may fail."""
    note_path().unlink(missing_ok=True)
    return read()


def finish(before: Stamps, summary: str, started: float) -> None:
    """Note what was read, as it was ``before`` the build, and what was made; ``started`` in seconds.

    Nothing is noted where a source could not be had, for the next build asks for it again.
    """
    from moat.publish.plan import load_plan  # a note is compared without what this loads

    late = max(max(stamp[:2]) for stamp in before.values() if stamp) > (started - TICK) * 1e9
    if not late and not load_plan().recorded:
        body = {"setting": setting(), "read": before, "sources": remote(), "made": made(), "summary": summary}
        project.write(note_path(), json.dumps(body))


def unchanged() -> str:
    """The closing lines of a build that would find nothing to do; "" where Snakemake must be asked."""
    started = time.monotonic()
    try:
        noted = json.loads(note_path().read_text(encoding="utf-8"))
        sources = {path: stamp(path) for path in noted["sources"]}
        now = {"setting": setting(), "read": read(), "sources": sources, "made": made()}
        *lines, last = noted["summary"].splitlines()
    except (OSError, ValueError, KeyError):
        return ""
    if any(now[part] != noted[part] for part in now):
        return ""
    said = "Nothing to do: the book is up to date."
    lines = [*(line for line in lines if line != said), said]
    return "\n".join([*lines, f"{last.rpartition(', ')[0]}, {time.monotonic() - started:.0f} s"])


def setting() -> list[str]:
    """What besides files decides a build."""
    ours = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith("MOAT_"))
    return [sys.executable, sys.version, str(project.root()), *ours]


def read() -> Stamps:
    """The stamps of everything in the repository, and in the package where that is elsewhere."""
    root, package = project.root(), Path(__file__).resolve().parents[1]
    found = stamps(p for p in root.iterdir() if p.is_file())
    for folder in dict.fromkeys([*(root / name for name in READ), package]):
        found |= below(folder)
    return found


def made() -> Stamps:
    found: Stamps = {}
    for name in MADE:
        found |= below(project.build() / name)
    return found


def remote() -> Stamps:
    """Every place that a source's file could lie at."""
    from moat import sources
    from moat.sources import store

    folders = [folder.absolute() for folder in (store.cache(), store.mirror()) if folder]
    files = [file for source in sources.registry().values() for file in source.files]
    return stamps(folder / file.relative for file in files for folder in folders)


def below(folder: Path) -> Stamps:
    """The stamps of all files under a folder but compiled ones."""
    found: Stamps = {}
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        found |= stamps(os.path.join(path, name) for name in names)
    return found


def stamps(paths: Iterable[str | Path]) -> Stamps:
    return {str(path): stamp(path) for path in paths}


def stamp(path: str | Path) -> list[int] | None:
    """When its content and anything else of it changed, size and inode; None where there is no file."""
    try:
        at = os.stat(path)
    except OSError:
        return None
    return [at.st_mtime_ns, at.st_ctime_ns, at.st_size, at.st_ino]

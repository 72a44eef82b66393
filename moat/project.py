"""Where things are, and how files are written."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

import yaml


def root() -> Path:
    """The repository: ``MOAT_ROOT``, or the folder that holds the package."""
    return Path(os.environ.get("MOAT_ROOT") or Path(__file__).parents[1]).resolve()


def build() -> Path:
    """Everything that can be made again lives here."""
    return root() / "_build"


def notebooks() -> Path:
    return root() / "notebooks"


def chapters() -> list[str]:
    """Names of all chapters that have a notebook."""
    return sorted(p.stem for p in notebooks().glob("*.ipynb"))


def in_book() -> list[str]:
    """Chapters in the order of ``_toc.yml``; a notebook that is not in it is a draft."""
    return list(parts())


def parts() -> dict[str, str]:
    """The caption of its part of the book, for every chapter in the order of ``_toc.yml``."""
    toc = yaml.safe_load((root() / "_toc.yml").read_text(encoding="utf-8"))
    files = [(c["file"], part.get("caption", "")) for part in toc["parts"] for c in part["chapters"]]
    return {Path(f).stem: caption for f, caption in files if f.startswith("notebooks/")}


def commit() -> str:
    """The commit at hand, with a mark when tracked files differ from it; "unknown" without git."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--abbrev=10", "--exclude=*", "--dirty=+changes"],
            cwd=root(), capture_output=True, text=True, check=True, timeout=10,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def one_thread() -> None:
    """Let linear algebra use one thread, here and in processes begun from here, unless it is set.

    The fits are single-threaded and two steps may run side by side on two cores; and a sum that
    is shared out among threads need not have the same last bit.  Call it before numpy is loaded.
    """
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")


def sha256(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write(path: Path, content: str | bytes) -> Path:
    """Write through a temporary file, so that a reader never sees half of it.

    A file that already holds ``content`` is left alone, and so is its time stamp: what
    depends on it stays up to date.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == data:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as handle:
        handle.write(data)
    os.chmod(handle.name, 0o644)
    os.replace(handle.name, path)
    return path


def write_json(path: Path, value: object) -> Path:
    return write(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n")

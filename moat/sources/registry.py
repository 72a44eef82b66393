"""The registry of tables: ``data/sources.yml`` (pinned, downloaded) and ``data/facts.yml`` (ours)."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

from moat import project
from moat.errors import RegistryError

#: The safe loader in C, where it was built: that in Python takes half a second, in every chapter.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: A ``count`` is a whole number of things (parameters, tokens, steps, layers) and loads as a float:
#: counts get multiplied, and parameters times tokens passes the largest integer of 64 bits, where
#: integers wrap round to a wrong number and floats do not.  An ``int`` is a whole number that names,
#: orders or flags (a record, a seed, 0 or 1): nothing multiplies it, so it has no unit.
KINDS = ("float", "count", "int", "str", "bool")
CHECKS = ("positive", "nonnegative", "percent", "date", "url", "confidence", "yes-no")


@dataclass(frozen=True)
class Column:
    """One column: what it holds, in which unit, and what must be true of every value."""

    name: str
    kind: str = "str"
    unit: str = ""
    check: str = ""
    empty: bool = False
    among: tuple[str, ...] = ()
    doc: str = ""


@dataclass(frozen=True)
class RemoteFile:
    """A file pinned by address and digest."""

    url: str
    sha256: str
    bytes: int

    @property
    def relative(self) -> Path:
        """HOST/PATH, the layout of the cache and of a mirror."""
        parts = urlsplit(self.url)
        return Path(parts.netloc) / unquote(parts.path).lstrip("/")


@dataclass(frozen=True)
class Source:
    """A table by name.  ``files`` is empty for our own facts, which have a ``path``.

    ``partial`` tables are wider than what is registered; the other columns are dropped unread.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    files: tuple[RemoteFile, ...] = ()
    path: Path | None = None
    reader: str = "csv"
    rename: dict[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    partial: bool = False
    rows: int | None = None
    licence: str = ""
    citation: str = ""
    notes: str = ""

    @property
    def remote(self) -> bool:
        return bool(self.files)

    @property
    def own_path(self) -> Path:
        """The table of our own facts.  Raises `RegistryError` for a source that is downloaded."""
        if self.path is None:
            raise RegistryError(f"Source {self.name!r} is downloaded; it has no table of its own.")
        return self.path


@lru_cache(maxsize=8)
def _parse(path: Path, stamp: int) -> dict[str, Source]:
    raw = yaml.load(path.read_text(encoding="utf-8"), LOADER) or {}  # noqa: S506, a safe loader
    return {name: _source(name, entry, path) for name, entry in raw.items()}


def registry() -> dict[str, Source]:
    """Every source by name, remote ones first.  Raises `RegistryError` for a bad entry."""
    tables: dict[str, Source] = {}
    for name in ("sources.yml", "facts.yml"):
        path = project.root() / "data" / name
        if path.exists():
            tables |= _parse(path, path.stat().st_mtime_ns)
    return tables


def find(name: str) -> Source:
    """One source.  Raises `RegistryError` that names close matches."""
    known = registry()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=3) or sorted(known)
        raise RegistryError(f"There is no source {name!r}; did you mean {', '.join(close)}?")
    return known[name]


def _source(name: str, entry: dict, origin: Path) -> Source:
    entry = dict(entry)
    try:
        columns = tuple(_column(c, spec or {}) for c, spec in entry.pop("columns").items())
        base = entry.pop("base", "")
        files = tuple(_file(f, base) for f in entry.pop("files", []))
        path = origin.parent / entry.pop("path") if "path" in entry else None
        source = Source(
            name=name, columns=columns, files=files, path=path, key=tuple(entry.pop("key", ())), **entry
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RegistryError(f"{origin.name}: the entry {name!r} is malformed ({error}).") from None
    if source.remote == bool(path):
        raise RegistryError(f"{origin.name}: {name!r} needs either files or a path.")
    return source


def _column(name: str, spec: dict) -> Column:
    column = Column(name=name, among=tuple(spec.pop("among", ())), **spec)
    if column.kind not in KINDS or column.check not in ("", *CHECKS):
        raise ValueError(f"column {name}: kind is one of {KINDS}, check one of {CHECKS}")
    if column.kind == "int" and column.unit:
        raise ValueError(f"column {name}: an int names or orders; what has a unit is a count or a float")
    return column


def _file(spec: dict, base: str) -> RemoteFile:
    file = RemoteFile(**spec | {"url": base + spec["url"]})
    if not file.url.startswith("https://") or ".." in Path(unquote(urlsplit(file.url).path)).parts:
        raise ValueError(f"{file.url} must be a plain https address")
    if not re.fullmatch(r"[0-9a-f]{64}", file.sha256):
        raise ValueError(f"sha256 of {file.url} must be 64 hexadecimal digits")
    return file

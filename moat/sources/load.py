"""Name to checked table."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from moat import project
from moat.errors import RegistryError, SchemaError, SourceUnavailable
from moat.sources.readers import READERS
from moat.sources.registry import Source, find
from moat.sources.schema import validate
from moat.sources.store import fetch

_loaded: dict[str, str] = {}


def load(name: str) -> pd.DataFrame:
    """The table called ``name``, checked against its schema, with plain column names.

    Raises `RegistryError` (unknown name), `SourceUnavailable` (not in the cache, the mirror
    or the network), `DigestMismatch` (not the pinned bytes) or `SchemaError` (not the
    registered columns); every message says what to do.

    >>> len(load("chinchilla-points"))
    245
    """
    source = find(name)
    paths = fetch(source) if source.remote else [_own(source)]
    try:
        raw = READERS[source.reader](paths)
    except KeyError:
        raise RegistryError(
            f"Source {name!r} asks for the reader {source.reader!r}; readers.py has {', '.join(READERS)}."
        ) from None
    except (ValueError, UnicodeDecodeError) as error:
        raise SchemaError(f"Source {name!r} cannot be read as {source.reader}: {error}.") from None
    raw = raw.rename(columns=source.rename)
    if source.partial:
        raw = raw[[c.name for c in source.columns if c.name in raw]]
    table = validate(source, raw)
    _loaded[name] = digest(source)
    return table


def used(*names: str) -> None:
    """Count sources as read that were not: a result made from them earlier rests on them all the same.

    Raises `RegistryError` for an unknown name.
    """
    for name in names:
        _loaded[name] = digest(find(name))


def loaded() -> dict[str, str]:
    """Name and digest of every source this process has read: the provenance of its results."""
    return dict(_loaded)


def digest(source: Source) -> str:
    """One sha256 for a source: that of its file, or of the list of its files' digests."""
    if not source.remote:
        return project.sha256(_own(source))
    if len(source.files) == 1:
        return source.files[0].sha256
    return hashlib.sha256("".join(f.sha256 for f in source.files).encode()).hexdigest()


def _own(source: Source) -> Path:
    path = source.own_path
    if not path.is_file():
        raise SourceUnavailable(f"{path} is missing; it is part of the repository: restore it with git.")
    return path

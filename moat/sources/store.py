"""Bytes by digest: cache first, then the mirror folder, then the network.

A wrong digest is always an error, wherever the bytes came from.  The network is tried once
per process: when it does not answer, no further file waits for it.
"""

from __future__ import annotations

import os
import threading
import warnings
from pathlib import Path

import requests

from moat import project
from moat.errors import DigestMismatch, SourceUnavailable
from moat.sources.registry import RemoteFile, Source

with warnings.catch_warnings():
    # In a notebook without widgets the progress bar that pooch imports would complain on every page.
    warnings.simplefilter("ignore")
    import pooch

CONNECT_SECONDS = 3.0
READ_SECONDS = 30.0
#: Name look-ups have no time limit of their own, so the first answer is awaited in a thread.
PATIENCE_SECONDS = 4.0

_network: dict[str, str] = {}


def cache() -> Path:
    return Path(os.environ.get("MOAT_CACHE") or pooch.os_cache("moat"))


def mirror() -> Path | None:
    """``MOAT_MIRROR``: a folder laid out as HOST/PATH of each address."""
    folder = os.environ.get("MOAT_MIRROR")
    return Path(folder) if folder else None


def have(source: Source) -> bool:
    """Whether every file is at hand with the right digest, without the network."""
    return all(local(file) is not None for file in source.files)


def local(file: RemoteFile) -> Path | None:
    """The verified file in the cache or the mirror; None when it is in neither."""
    for folder in (cache(), mirror()):
        if folder and (path := folder / file.relative).is_file():
            return _verified(path, file)
    return None


def fetch(source: Source, *, progress: bool = False) -> list[Path]:
    """All files of a source, downloaded where needed.

    Raises `DigestMismatch` for wrong bytes and `SourceUnavailable` when they cannot be had.
    """
    return [local(file) or _download(file, source.name, progress) for file in source.files]


def _verified(path: Path, file: RemoteFile) -> Path:
    found = project.sha256(path)
    if found != file.sha256:
        raise DigestMismatch(
            f"{path} has sha256 {found} but {file.sha256} is pinned; delete it so that it is "
            "fetched again, or, if upstream really changed, review and pin the new file in data/sources.yml."
        )
    return path


def _download(file: RemoteFile, name: str, progress: bool) -> Path:
    if reason := _unreachable(file.url):
        raise SourceUnavailable(
            f"Source {name!r} is not in the cache or mirror and the network does not answer ({reason}); "
            "connect once and run `moat sources fetch`, or set MOAT_MIRROR to a folder that has it."
        )
    target = cache() / file.relative
    downloader = pooch.HTTPDownloader(progressbar=progress, timeout=(CONNECT_SECONDS, READ_SECONDS))
    try:
        pooch.retrieve(
            file.url, known_hash=None, path=target.parent, fname=f".{target.name}.part", downloader=downloader
        )
        part = target.parent / f".{target.name}.part"
    except requests.RequestException as error:
        raise SourceUnavailable(
            f"Source {name!r} could not be downloaded from {file.url} ({_reason(error)})."
        ) from None
    found = project.sha256(part)
    if found != file.sha256:
        part.unlink()
        raise DigestMismatch(
            f"{file.url} gave {found} where sha256 {file.sha256} is pinned: upstream has changed; "
            "review the new file and pin it in data/sources.yml."
        )
    os.replace(part, target)
    return target


def _unreachable(url: str) -> str:
    """Why the network is out of reach, or an empty string.  Asked once per process."""
    if "reason" not in _network:
        answer: list[str] = []
        thread = threading.Thread(target=lambda: answer.append(_probe(url)), daemon=True)
        thread.start()
        thread.join(PATIENCE_SECONDS)
        _network["reason"] = answer[0] if answer else f"no answer in {PATIENCE_SECONDS:g} s"
    return _network["reason"]


def _probe(url: str) -> str:
    try:
        requests.head(url, timeout=(CONNECT_SECONDS, CONNECT_SECONDS))
    except requests.RequestException as error:
        return _reason(error)
    return ""


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    return f"HTTP {response.status_code}" if response is not None else type(error).__name__

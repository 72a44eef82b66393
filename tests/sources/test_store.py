"""Bytes: where they are looked for, and what happens when they are wrong or nowhere."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading

import pytest

from moat.errors import DigestMismatch, SourceUnavailable
from moat.sources import store
from moat.sources.registry import RemoteFile, Source

BODY = b"a,b\n1,2\n"
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No mirror, an empty cache, and nothing remembered about the network."""
    monkeypatch.delenv("MOAT_MIRROR", raising=False)
    monkeypatch.setenv("MOAT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "_network", {})


@pytest.fixture
def server(tmp_path):
    """A web server on this machine that counts what it is asked for."""
    folder = tmp_path / "web"
    folder.mkdir()
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            asked.append((self.command, self.path))

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_address[1]}", asked
        running.shutdown()


def source(*urls: str) -> Source:
    files = tuple(RemoteFile(url, DIGEST, len(BODY)) for url in urls)
    return Source(name="t", title="T", columns=(), files=files)


def test_a_download_is_kept_and_used_again(server):
    folder, base, asked = server
    (folder / "t.csv").write_bytes(BODY)
    (path,) = store.fetch(source(f"{base}/t.csv"))
    assert path.read_bytes() == BODY
    store.fetch(source(f"{base}/t.csv"))
    assert [method for method, _ in asked].count("GET") == 1


def test_a_changed_byte_upstream_is_refused_and_not_kept(server):
    folder, base, _ = server
    (folder / "t.csv").write_bytes(BODY.replace(b"2", b"3"))
    with pytest.raises(DigestMismatch, match="upstream has changed"):
        store.fetch(source(f"{base}/t.csv"))
    assert not [p for p in store.cache().rglob("*") if p.is_file()]


def test_a_file_that_is_gone_is_unavailable(server):
    _, base, _ = server
    with pytest.raises(SourceUnavailable, match="404"):
        store.fetch(source(f"{base}/none.csv"))


def test_a_changed_byte_at_hand_is_refused_and_left_for_inspection(tmp_path, monkeypatch):
    monkeypatch.setenv("MOAT_MIRROR", str(tmp_path))
    path = tmp_path / "data.example" / "t.csv"
    path.parent.mkdir()
    path.write_bytes(BODY + b" ")
    with pytest.raises(DigestMismatch, match="delete it"):
        store.fetch(source("https://data.example/t.csv"))
    assert path.exists()


def test_the_mirror_serves_without_a_copy(tmp_path, monkeypatch):
    monkeypatch.setenv("MOAT_MIRROR", str(tmp_path))
    path = tmp_path / "data.example" / "a b.csv"
    path.parent.mkdir()
    path.write_bytes(BODY)
    assert store.fetch(source("https://data.example/a%20b.csv")) == [path]
    assert not store.cache().exists()


def test_a_silent_network_is_noticed_once_and_nobody_waits_for_it(monkeypatch):
    """Without a clock: all five are refused while the one question still waits for its answer."""
    asked, answered, begun, released = [], [], threading.Event(), threading.Event()

    def silent(url, timeout):
        asked.append(url)
        begun.set()
        released.wait(600)  # so that a fetch that does wait fails and does not hang for ever
        answered.append(url)

    monkeypatch.setattr(store.requests, "head", silent)
    assert store.PATIENCE_SECONDS < 10
    monkeypatch.setattr(store, "PATIENCE_SECONDS", 0.1)
    try:
        for i in range(5):
            with pytest.raises(SourceUnavailable, match="does not answer"):
                store.fetch(source(f"https://data.example/{i}.csv"))
        assert begun.wait(600)
        assert len(asked) == 1
        assert not answered
    finally:
        released.set()

import pytest

from moat import sources
from moat.sources.registry import registry


def test_an_unknown_name_is_answered_with_close_ones():
    with pytest.raises(sources.RegistryError, match="chinchilla-points"):
        sources.find("chinchila-points")


@pytest.mark.parametrize("name", [n for n, s in registry().items() if s.remote])
def test_remote_sources_say_where_from_and_under_which_licence(name):
    source = sources.find(name)
    assert source.licence
    assert source.citation
    assert source.title
    for file in source.files:
        assert file.bytes > 0
        # An address that can change under us is not pinned by its digest alone.
        assert not any(f"/{branch}/" in file.url for branch in ("main", "master"))


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("t: {title: T, columns: {a: {}}}", "either files or a path"),
        ("t: {title: T, path: x.csv, columns: {a: {kind: floating}}}", "kind is one of"),
        ("t: {title: T, path: x.csv, columns: {a: {kind: int, unit: tokens}}}", "a count or a float"),
        ("t: {title: T, path: x.csv, columns: {a: {chek: positive}}}", "malformed"),
        ("t: {title: T, columns: {}, files: [{url: 'http://a.b/c', sha256: '0', bytes: 1}]}", "https"),
        ("t: {title: T, columns: {}, files: [{url: 'https://a.b/../c', sha256: '0', bytes: 1}]}", "https"),
        ("t: {title: T, columns: {}, files: [{url: 'https://a.b/c', sha256: 'xyz', bytes: 1}]}", "64"),
    ],
)
def test_a_malformed_entry_is_named(entry, why, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sources.yml").write_text(entry)
    monkeypatch.setenv("MOAT_ROOT", str(tmp_path))
    with pytest.raises(sources.RegistryError, match=why) as caught:
        registry()
    assert "\n" not in str(caught.value)

"""Tables: every one at hand loads, and each way of being wrong is one sentence."""

from __future__ import annotations

import csv

import pytest

from moat import project, sources
from moat.sources.registry import registry
from moat.sources.schema import validate

OWN = [name for name, source in registry().items() if not source.remote]


@pytest.mark.parametrize("name", OWN)
def test_a_fact_table_obeys_its_schema(name):
    table = sources.load(name)
    assert len(table) > 0
    assert list(table.columns) == [c.name for c in sources.find(name).columns]


@pytest.mark.parametrize("name", OWN)
def test_a_fact_table_is_plain_csv(name):
    """Every line has as many fields as the header: nobody forgot to quote a comma."""
    with open(sources.find(name).path, encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle))
    assert {len(row) for row in rows} == {len(rows[0])}


def test_every_fact_file_is_registered():
    files = {p.name for p in (project.root() / "data" / "facts").glob("*.csv")}
    assert files == {sources.find(name).path.name for name in OWN}


def test_what_was_read_is_remembered_with_its_digest():
    sources.load("chinchilla-points")
    path = sources.find("chinchilla-points").path
    assert sources.loaded()["chinchilla-points"] == project.sha256(path)


def test_several_files_make_one_table(tmp_path, monkeypatch):
    body = "t:\n  title: T\n  columns: {a: {kind: int}}\n  files:\n"
    for i in range(2):
        path = project.write(tmp_path / "m" / "data.example" / f"{i}.csv", f"a\n{i}\n")
        url = f"https://data.example/{i}.csv"
        body += f"  - {{url: '{url}', sha256: {project.sha256(path)}, bytes: 4}}\n"
    project.write(tmp_path / "data" / "sources.yml", body)
    monkeypatch.setenv("MOAT_ROOT", str(tmp_path))
    monkeypatch.setenv("MOAT_MIRROR", str(tmp_path / "m"))
    assert sources.load("t")["a"].tolist() == [0, 1]
    assert len(sources.loaded()["t"]) == 64


def first(column: str, value: object):
    """A change that puts ``value`` into the first row of ``column``."""
    return lambda table: table.assign(**{column: [value, *table[column][1:]]})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda t: t.drop(columns="tokens"), "lacks the column 'tokens'"),
        (lambda t: t.assign(extra=1), "'extra' that is not registered"),
        (first("loss", float("nan")), "an empty cell in line 2 of column 'loss'"),
        (first("loss", -1.0), "line 2 of column 'loss'"),
        (first("loss", float("inf")), "line 2 of column 'loss'"),
        (first("loss", "much"), "'much' in line 2 of column 'loss'"),
        (lambda t: t.assign(**t.iloc[0]), "repeats the key params, tokens in line 2"),
        (lambda t: t.drop(index=0), "244 rows where 245"),
    ],
)
def test_a_broken_table_is_one_sentence(change, why):
    with pytest.raises(sources.SchemaError, match=why) as caught:
        validate(sources.find("chinchilla-points"), change(sources.load("chinchilla-points").astype(object)))
    assert "\n" not in str(caught.value)


def test_an_unknown_reader_is_named(tmp_path, monkeypatch):
    project.write(
        tmp_path / "data" / "facts.yml", "t: {title: T, path: t.csv, reader: xml, columns: {a: {}}}"
    )
    project.write(tmp_path / "data" / "t.csv", "a\n1\n")
    monkeypatch.setenv("MOAT_ROOT", str(tmp_path))
    with pytest.raises(sources.RegistryError, match="reader 'xml'"):
        sources.load("t")


def test_a_missing_fact_file_says_how_to_get_it_back(tmp_path, monkeypatch):
    project.write(tmp_path / "data" / "facts.yml", "t: {title: T, path: t.csv, columns: {a: {}}}")
    monkeypatch.setenv("MOAT_ROOT", str(tmp_path))
    with pytest.raises(sources.SourceUnavailable, match="restore it with git"):
        sources.load("t")

"""Tables: every one at hand loads, and each way of being wrong is one sentence."""

from __future__ import annotations

import csv
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from moat import project, sources
from moat.sources.registry import registry
from moat.sources.schema import validate

OWN = [name for name, source in registry().items() if not source.remote]
#: The columns that may load as integers: they name, order or flag, and nothing multiplies them.
INTEGERS = {
    "adoption-measures": {"same_question", "same_units", "sample_stated"},
    "data-constrained-runs": {"in_headline_fit"},
    "nanochat-core-repeats": {"run", "repeat"},
    "nanochat-leaderboard": {"run"},
    "openness": {"value", "least", "most"},
    "routed-curves": {"hyper_id", "seed"},
    "speedrun-batches": {"first", "last"},
    "speedrun-classes": {"record"},
    "speedrun-ideas": {"record"},
    "speedrun-records": {"record"},
    "speedrun-transfers": {"record"},
}


def at_hand(name: str) -> pd.DataFrame:
    try:
        return sources.load(name)
    except sources.SourceUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", registry())
def test_what_is_counted_is_a_float(name):
    """A product of integers can pass 2^63 and come back as another number, without an error."""
    table = at_hand(name)
    whole = {c for c in table if pd.api.types.is_integer_dtype(table[c])}
    assert whole == INTEGERS.get(name, set())
    counts = [c.name for c in sources.find(name).columns if c.kind == "count"]
    assert (table[counts].dtypes == "float64").all()


def measured(source: sources.Source) -> set[str]:
    return {c.name for c in source.columns if c.kind != "str"}


@pytest.mark.parametrize("name", [n for n, s in registry().items() if {"params", "tokens"} <= measured(s)])
def test_parameters_times_tokens_is_the_product(name):
    """Fractions of Python's integers have no end, so they are the reference; floats round three times."""
    table = at_hand(name).dropna(subset=["params", "tokens"])
    runs = zip(table["params"].tolist(), table["tokens"].tolist(), strict=True)
    exact = [6 * Fraction(params) * Fraction(tokens) for params, tokens in runs]
    found = 6 * (table["params"] * table["tokens"])
    np.testing.assert_allclose(found, [float(x) for x in exact], rtol=1e-15)


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


def test_a_part_of_a_thing_is_no_count(tmp_path, monkeypatch):
    project.write(
        tmp_path / "data" / "facts.yml", "t: {title: T, path: t.csv, columns: {layers: {kind: count}}}"
    )
    project.write(tmp_path / "data" / "t.csv", "layers\n61\n61.5\n")
    monkeypatch.setenv("MOAT_ROOT", str(tmp_path))
    with pytest.raises(sources.SchemaError, match=r"61\.5 in line 3 of column 'layers' \(rule: whole\)"):
        sources.load("t")

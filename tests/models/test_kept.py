"""The table of models that chapters share is the one that each would join."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from moat import products, project, sources
from moat.errors import FrontierError
from moat.models import kept, table
from moat.publish.inputs import module_inputs


@pytest.fixture
def product(tmp_path, monkeypatch):
    """The product of the sources at hand, in a folder of its own."""
    monkeypatch.setattr(products, "path", lambda name: tmp_path / f"{name}.npz")
    return kept.make()


def test_the_product_is_the_table_joined_on_the_spot(product, monkeypatch):
    monkeypatch.setattr(table, "read", None)  # nothing is read again
    found = kept.cleaned()
    monkeypatch.undo()
    raw = table.read()
    assert list(found) == list(table.DATES)
    for dates, models in found.items():
        exactly = {"check_exact": True, "check_index_type": "exact", "check_column_type": "exact"}
        pd.testing.assert_frame_equal(models, table.build(raw, dates=dates), **exactly)


def test_its_sources_count_as_read(product, monkeypatch):
    monkeypatch.setattr(sys.modules["moat.sources.load"], "_loaded", {})
    kept.cleaned(["announced"])
    assert set(sources.loaded()) == set(table.TABLES)


def test_a_product_of_other_sources_or_code_or_a_damaged_one_is_joined_anew(product, monkeypatch):
    reads, read = [], table.read
    monkeypatch.setattr(table, "read", lambda: reads.append(1) or read())
    with monkeypatch.context() as other:
        other.setattr(kept, "digest", lambda source: f"another {source.name}")
        assert len(kept.cleaned(["released"])["released"])
    with monkeypatch.context() as other:
        other.setattr(kept, "CODE", kept.CODE[:-1])
        kept.cleaned(["released"])
    assert len(reads) == 2
    kept.cleaned(["released"])
    assert len(reads) == 2
    product.write_bytes(product.read_bytes()[:1000])
    kept.cleaned(["released"])
    assert len(reads) == 3


def test_a_convention_that_does_not_exist_is_refused(product):
    with pytest.raises(FrontierError, match="announced, released, listed"):
        kept.cleaned(["guessed"])


def test_the_key_has_all_code_of_the_table():
    found = [p.relative_to(project.root()).as_posix() for p in module_inputs("moat.models.kept").modules]
    used = {p[:-3].replace("/", ".") for p in found if p.startswith(("moat/models/", "moat/sources/"))}
    assert {name for name in used if not name.endswith("__init__")} == set(kept.CODE)

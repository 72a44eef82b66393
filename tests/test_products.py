"""Products: kept to the last bit, refused for other inputs, and no traceback for a damaged file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from moat import products, project

ARRAYS = {"a": np.array([0.1, np.nan, -0.0]), "b": products.text(["x", None, "Ω\0"])}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MOAT_ROOT", str(tmp_path))


def test_what_was_kept_comes_back_to_the_last_bit_and_only_for_its_key():
    assert products.load("p", "k") is None
    assert products.save("p", "k", ARRAYS) == project.build() / "data" / "p.npz"
    found = products.load("p", "k")
    assert found["a"].tobytes() == ARRAYS["a"].tobytes()
    assert products.words(found["b"]) == ["x", None, "Ω\0"]
    assert set(found) == set(ARRAYS)
    assert products.load("p", "another") is None
    assert products.load("q", "k") is None


def test_a_table_comes_back_with_its_types_and_gaps():
    table = pd.DataFrame(
        {
            "number": [0.1, np.nan], "count": [1, 2], "flag": [True, False], "word": ["a", np.nan],
            "day": pd.to_datetime(["2025-01-27", None]), "odd": pd.Series(["a", None], dtype=object),
        }
    )  # fmt: skip
    again = products.unpack(products.pack(table))
    pd.testing.assert_frame_equal(again, table, check_exact=True)
    assert again["odd"][1] is None


def test_python_objects_are_not_kept():
    with pytest.raises(ValueError, match="allow_pickle"):
        products.save("p", "k", {"a": np.array([{}])})


def test_a_key_tells_every_part_from_another():
    parts = [("a", "b"), ("ab", ""), ("b", "a"), (["a", "b"],), (b"a", "b"), ("a", "b", ""), ("a",)]
    assert len({products.key(*p) for p in parts}) == len(parts)


def test_another_version_of_a_library_is_another_key(monkeypatch):
    before = products.key("a")
    monkeypatch.setattr(products, "version", lambda name: "0.0")
    assert products.key("a") != before


def test_a_damaged_file_is_none_and_the_build_forgets_it():
    """Cut short anywhere, any byte another one, or something else: nothing wrong is ever read."""
    file, whole = products.save("p", "k", ARRAYS), products.path("p").read_bytes()
    cut = [whole[:n] for n in range(0, len(whole), 31)]
    other = [whole[:i] + bytes([whole[i] ^ 1 << i % 8]) + whole[i + 1 :] for i in range(0, len(whole), 3)]
    for content in [*cut, *other, b"not an archive", b"PK\x03\x04"]:
        file.write_bytes(content)
        assert products.load("p", "k") is None
    assert products.forget_damaged() == [file]
    products.save("p", "k", ARRAYS)
    assert products.forget_damaged() == []
    assert products.load("p", "k")

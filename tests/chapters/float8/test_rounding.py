"""What one large entry does to the others, where the answer can be said beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from moat.chapters.float8 import rounding


def test_errors_of_ordinary_numbers_are_those_of_the_codes():
    table = rounding.errors(np.array([1.0]), seed=1).set_index("form")["error"]
    # Steps of an eighth between a power of two and the next, rounded evenly, over the mean square.
    expected = (1 / 8 / np.sqrt(12)) / np.sqrt(7 / 3)
    assert table["float8"] == pytest.approx(expected, rel=0.15)
    assert table["float8"] == pytest.approx(table["float8-tensor"], rel=0.05)
    assert table["int4"] > 3 * table["float8"]


def test_small_numbers_without_a_scale_are_lost():
    table = rounding.errors(np.array([1.0]), seed=1, typical=1e-4).set_index("form")["error"]
    assert table["float8-unscaled"] == 1
    assert table["float8"] < 0.03


def test_only_the_outliers_own_tile_suffers():
    sizes = np.array([1.0, 1e3, 1e8])
    table = rounding.errors(sizes, seed=1)
    wide = table.pivot(index="size", columns="form", values="error")
    assert wide.loc[1e8, "float8-tensor"] == pytest.approx(1, abs=1e-6)
    # One tile of 1,024: its share of the squares.
    assert wide.loc[1e8, "float8"] == pytest.approx(np.hypot(wide.loc[1.0, "float8"], 1024**-0.5), rel=0.1)
    assert rounding.crushed(table, "float8-tensor") == 1e8
    assert np.isnan(rounding.crushed(table, "float8"))

"""The index that chapters share is the one that each would fit, and never that of other inputs."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from moat import project, sources
from moat.errors import FrontierError
from moat.index import kept
from moat.index.item_response import Index, ItemResponse
from moat.publish import parameters
from moat.publish.inputs import inputs, module_inputs
from tests.chapters.lag.race_worlds import answers

DRAWS = 8


@pytest.fixture(scope="module")
def scores():
    """Of simulated models, two of them and one benchmark under the names that the scale needs."""
    table, _ = answers(np.random.default_rng(0))
    known = {"m10": "Claude 3.5 Sonnet", "m30": "GPT-5", "b00": "Winogrande"}
    return table.assign(**{name: table[name].replace(known) for name in ("model", "benchmark")})


@pytest.fixture
def product(scores, tmp_path, monkeypatch):
    """The product of these scores with few draws, in a folder of its own."""
    monkeypatch.setenv("MOAT_ROOT", str(tmp_path))
    monkeypatch.setattr(kept, "DRAWS", DRAWS)
    monkeypatch.setattr(sources, "load", {"eci-benchmarks": scores}.__getitem__)
    return kept.make()


@pytest.fixture
def fits(monkeypatch):
    """The arguments of every fit from here on."""
    made, fit = [], ItemResponse.fit

    def noted(model, scores, **options):
        made.append((model, options))
        return fit(model, scores, **options)

    monkeypatch.setattr(ItemResponse, "fit", noted)
    return made


def same(one: Index, other: Index) -> bool:
    """Equal in everything but the time that they took, and alike in memory."""
    for name in ("benchmarks", "replicates"):
        exactly = {"check_exact": True, "check_index_type": "exact", "check_column_type": "exact"}
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), **exactly)
    pd.testing.assert_series_equal(one.ability, other.ability, check_exact=True, check_index_type="exact")
    tables = ("ability", "benchmarks", "replicates", "seconds")
    flags = [x.replicates[x.ability.index].to_numpy().flags.c_contiguous for x in (one, other)]
    plain = [f.name for f in fields(Index) if f.name not in tables]
    return flags[0] == flags[1] and all(getattr(one, n) == getattr(other, n) for n in plain)


def test_the_product_is_the_fit_computed_on_the_spot(scores, product, fits):
    found = kept.index_of(scores, draws=DRAWS, seed=0)
    assert not fits
    assert found.seconds > 0
    assert same(found, ItemResponse().fit(scores, draws=DRAWS, seed=0))


def test_a_draw_that_did_not_end_is_left_out_of_both(scores, product):
    index = ItemResponse().fit(scores, draws=DRAWS)
    index = replace(index, replicates=index.replicates.drop(index=[1, 5]), unfinished=2)
    again = kept._index(kept._arrays(index))
    assert again.replicates.index.tolist() == [0, 2, 3, 4, 6, 7]
    assert same(again, replace(index, replicates=index.replicates.set_index(again.replicates.index)))


@pytest.mark.parametrize(
    ("other", "options"),
    [
        (lambda t: t, {"draws": DRAWS + 1}),
        (lambda t: t, {"seed": 1}),
        (lambda t: t, {"model": ItemResponse(ridge=0.2)}),
        (lambda t: t, {"model": ItemResponse(anchors={"Claude 3.5 Sonnet": 130.0, "GPT-5": 151.0})}),
        (lambda t: t.assign(performance=t["performance"].clip(0, 0.9999)), {}),
        (lambda t: t.iloc[::-1], {}),
    ],
    ids=["draws", "seed", "ridge", "anchors", "scores", "order"],
)
def test_other_inputs_are_computed_on_the_spot(scores, product, fits, other, options):
    table, asked = other(scores), {"draws": DRAWS, "seed": 0} | options
    found = kept.index_of(table, **asked)
    assert len(fits) == 1
    assert same(found, asked.pop("model", ItemResponse()).fit(table, **asked))


def test_a_product_of_other_code_or_a_damaged_one_is_computed_anew(scores, product, fits, monkeypatch):
    with monkeypatch.context() as other:
        other.setattr(kept, "CODE", kept.CODE[:1])
        kept.index_of(scores, draws=DRAWS)
    assert len(fits) == 1
    kept.index_of(scores, draws=DRAWS)
    assert len(fits) == 1
    product.write_bytes(product.read_bytes()[:-100])
    kept.index_of(scores, draws=DRAWS)
    assert len(fits) == 2


def test_scores_that_no_index_takes_are_refused_as_by_a_fit(scores, product):
    with pytest.raises(FrontierError, match="no column 'benchmark'"):
        kept.index_of(scores.drop(columns="benchmark"))


def test_the_key_has_all_options_and_all_code_of_the_index():
    assert {f.name for f in fields(ItemResponse)} == {"ridge", "unit", "anchors", "clip"}
    used = imported("moat.index.item_response", "moat/index/")
    assert used <= set(kept.CODE)


def imported(module: str, below: str) -> set[str]:
    """The modules that ``module`` rests on in one folder of the package, by full name."""
    found = [p.relative_to(project.root()).as_posix() for p in module_inputs(module).modules]
    return {p[:-3].replace("/", ".") for p in found if p.startswith(below) and not p.endswith("__init__.py")}


def test_the_chapters_that_share_it_ask_for_its_draws_and_seed():
    sharing = set()
    for chapter in project.in_book():
        notebook = project.notebooks() / f"{chapter}.ipynb"
        if set(kept.SHARED) & set(inputs(notebook).products):
            asked = parameters.declared(parameters.read(notebook), chapter)
            assert (asked["draws"], asked["seed"]) == (kept.DRAWS, kept.SEED), chapter
            sharing.add(chapter)
    assert sharing == {"lag", "premium", "scissors", "prices"}

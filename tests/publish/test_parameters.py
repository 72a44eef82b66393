"""Parameters are checked before a kernel starts."""

from __future__ import annotations

import pytest

from moat import project
from moat.errors import ChapterFailed, ParameterError
from moat.publish import parameters
from moat.publish.execute import execute
from tests.mini import notebook

DEFAULTS = {"draws": 4000, "ratio": 7.0, "name": "a", "quick": False, "free": None}


@pytest.mark.parametrize(
    ("given", "checked"),
    [({"draws": 5}, {"draws": 5}), ({"ratio": 5}, {"ratio": 5.0}), ({"free": "x"}, {"free": "x"}), ({}, {})],
)
def test_good_values_pass(given, checked):
    assert parameters.check(given, DEFAULTS, "c") == checked


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"drows": 5}, r"no parameter 'drows'; did you mean 'draws'\?  It knows: draws = 4000, ratio = 7.0"),
        ({"draws": 5.0}, "'draws' must be int like its default 4000, not float 5.0"),
        ({"draws": True}, "must be int"),
        ({"draws": "many"}, "must be int"),
        ({"ratio": "7"}, "must be float"),
        ({"quick": 1}, "must be bool"),
    ],
)
def test_bad_values_are_one_sentence(given, why):
    with pytest.raises(ParameterError, match=why) as caught:
        parameters.check(given, DEFAULTS, "c")
    assert "\n" not in str(caught.value)


def test_text_becomes_literals():
    found = parameters.from_text(["draws=500", "name=x y", "ratio=7.5", "quick=True"])
    assert found == {"draws": 500, "name": "x y", "ratio": 7.5, "quick": True}
    with pytest.raises(ParameterError, match="name=value"):
        parameters.from_text(["draws"])


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ([("code", "draws = 1", [])], "0 cells tagged 'parameters'"),
        ([("code", "a = 1", ["parameters"]), ("code", "b = 1", ["parameters"])], "2 cells"),
        ([("code", "a = 1 + x", ["parameters"])], "only assign literals"),
        ([("code", "import os", ["parameters"])], "only assign literals"),
    ],
)
def test_a_parameters_cell_is_needed_and_holds_literals(cells, why, tmp_path):
    path = tmp_path / "n.ipynb"
    notebook(path, *cells)
    with pytest.raises(ParameterError, match=why):
        parameters.declared(parameters.read(path), "n")


def test_no_kernel_is_started_for_a_wrong_parameter(monkeypatch, tmp_path):
    def never(*_, **__):
        raise AssertionError("a kernel was started")

    monkeypatch.setattr("moat.publish.execute.papermill.execute_notebook", never)
    with pytest.raises(ParameterError, match="knows: draws"):
        execute("chinchilla", {"drows": 5}, tmp_path / "out.ipynb")


def test_an_unknown_chapter_is_answered_with_the_known_ones(tmp_path):
    with pytest.raises(ChapterFailed, match="chinchilla-refit"):
        execute("chinchila", {}, tmp_path / "out.ipynb")


def test_a_file_that_is_no_notebook_is_named(tmp_path):
    (tmp_path / "n.ipynb").write_text("{")
    with pytest.raises(ParameterError, match="not a readable notebook"):
        parameters.read(tmp_path / "n.ipynb")


def test_defaults_are_read_as_python_reads_them():
    path = project.notebooks() / "chinchilla.ipynb"
    assert parameters.declared(parameters.read(path), "chinchilla")["draws"] == 4000

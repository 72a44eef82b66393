"""What a chapter depends on is read from its code."""

from __future__ import annotations

import pytest

from moat import project, sources
from moat.frontier import models
from moat.publish.errors import PublishError
from moat.publish.inputs import inputs
from tests.mini import notebook


def names(found) -> set[str]:
    return {str(p.relative_to(project.root() / "moat")) for p in found.modules}


def test_imports_are_followed_and_nothing_else(tmp_path):
    notebook(tmp_path / "n.ipynb", ("code", "from moat.evidence import numbers", []))
    found = names(inputs(tmp_path / "n.ipynb"))
    assert {"evidence/numbers.py", "evidence/findings.py", "estimate.py", "errors.py"} <= found
    assert not any(name.startswith(("laws", "show", "publish")) for name in found)


def test_the_chapters_depend_on_their_laws_but_not_on_the_pages():
    for chapter in project.chapters():
        found = names(inputs(project.notebooks() / f"{chapter}.ipynb"))
        # Each rests on a fit, an index, a bill or the bench, and its imports say so.
        assert any(
            name in found
            for name in (
                "laws/engine.py",
                "frontier/index.py",
                "frontier/bill.py",
                "bench/trace.py",
                "bench/runs.py",
            )
        )
        assert not any(name.startswith("publish") for name in found)


def test_sources_are_those_it_loads(tmp_path):
    code = "from moat import sources\nsources.load('models'); sources.load('chinchilla-epoch')"
    notebook(tmp_path / "n.ipynb", ("code", code, []))
    found = inputs(tmp_path / "n.ipynb")
    assert found.sources == ("chinchilla-epoch", "models")
    assert found.remote == ("chinchilla-epoch",)


def test_tables_that_a_module_reads_for_its_callers_count(tmp_path):
    notebook(tmp_path / "n.ipynb", ("code", "from moat.frontier import models", []))
    assert inputs(tmp_path / "n.ipynb").sources == tuple(sorted(models.TABLES))
    notebook(tmp_path / "m.ipynb", ("code", "from moat.frontier import lag", []))
    assert inputs(tmp_path / "m.ipynb").sources == ()


def test_recorded_runs_are_inputs_too(tmp_path):
    code = "from moat.bench import runs\nruns.load('isoflop-zipf')"
    notebook(tmp_path / "n.ipynb", ("code", code, []))
    found = inputs(tmp_path / "n.ipynb")
    assert found.experiments == ("isoflop-zipf",)
    assert any("runs/cpu/isoflop-zipf" in str(p) for p in found.files())


@pytest.mark.parametrize(
    ("code", "error", "why"),
    [
        ("sources.load(name)", PublishError, "literal string"),
        ("sources.load('nothing')", sources.RegistryError, "no source 'nothing'"),
        ("x = = 1", PublishError, "does not parse"),
    ],
)
def test_what_cannot_be_read_is_named(code, error, why, tmp_path):
    notebook(tmp_path / "n.ipynb", ("code", code, []))
    with pytest.raises(error, match=why):
        inputs(tmp_path / "n.ipynb")

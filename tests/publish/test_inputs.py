"""What a chapter depends on is read from its code."""

from __future__ import annotations

import pytest

from moat import project, sources
from moat.errors import BuildFailed, EvidenceError, PublishError
from moat.evidence import recorded
from moat.models import table as models
from moat.publish import plan
from moat.publish.inputs import inputs
from tests.mini import notebook


def names(found) -> set[str]:
    return {str(p.relative_to(project.root() / "moat")) for p in found.modules}


def test_imports_are_followed_and_nothing_else(tmp_path):
    notebook(tmp_path / "n.ipynb", ("code", "from moat.evidence import grids", []))
    found = names(inputs(tmp_path / "n.ipynb"))
    assert {"numbers.py", "evidence/findings.py", "stats/estimate.py", "errors.py"} <= found
    assert not any(name.startswith(("laws", "plot", "chapters", "publish")) for name in found)


#: Each chapter rests on one of these, or on other chapters, and its imports say so.
ENGINES = {
    "laws/engine.py", "index/item_response.py", "chapters/bill/cost.py", "chapters/market/event_study.py",
    "chapters/speedruns/records.py",
    "hardware/trace.py", "bench/runs.py",
}  # fmt: skip


def test_the_chapters_depend_on_their_engines_but_not_on_the_pages():
    for chapter in project.in_book():
        needs = inputs(project.notebooks() / f"{chapter}.ipynb")
        found = names(needs)
        assert ENGINES & found or needs.chapters, chapter
        assert not any(name.startswith("publish") for name in found)


def test_sources_are_those_it_loads(tmp_path):
    code = "from moat import sources\nsources.load('models'); sources.load('chinchilla-epoch')"
    notebook(tmp_path / "n.ipynb", ("code", code, []))
    found = inputs(tmp_path / "n.ipynb")
    assert found.sources == ("chinchilla-epoch", "models")
    assert found.remote == ("chinchilla-epoch",)


def test_tables_that_a_module_reads_for_its_callers_count(tmp_path):
    notebook(tmp_path / "n.ipynb", ("code", "from moat.models import table", []))
    assert inputs(tmp_path / "n.ipynb").sources == tuple(sorted(models.TABLES))
    notebook(tmp_path / "m.ipynb", ("code", "from moat.chapters.lag import race", []))
    assert inputs(tmp_path / "m.ipynb").sources == ()


def test_a_product_that_a_module_loads_is_an_input_of_its_chapters_alone(tmp_path):
    notebook(tmp_path / "n.ipynb", ("code", "from moat.index.kept import index_of", []))
    assert inputs(tmp_path / "n.ipynb").products == ("capability-index",)
    notebook(tmp_path / "m.ipynb", ("code", "from moat.index import item_response", []))
    assert inputs(tmp_path / "m.ipynb").products == ()


def test_what_chapters_share_can_be_made_and_rests_on_its_code_and_tables():
    shared = {p for c in project.in_book() for p in inputs(project.notebooks() / f"{c}.ipynb").products}
    assert shared == set(plan.MAKERS)
    assert "_build/data/models.npz" in plan.chapter_files("openness")
    assert not any("_build/data" in file for name in plan.MAKERS for file in plan.product_files(name))
    index, models_ = plan.product_files("capability-index"), plan.product_files("models")
    assert {"moat/index/solver.py", "data/sources.yml"} <= set(index)
    assert {"moat/models/labs.py", "data/facts/models.csv"} <= set(models_)
    with pytest.raises(BuildFailed, match="capability-index, models"):
        plan.maker("another")


def test_recorded_runs_are_inputs_too(tmp_path):
    code = "from moat.bench import runs\nruns.load('isoflop-zipf'); runs.records('attention-decode', 'cpu')"
    notebook(tmp_path / "n.ipynb", ("code", code, []))
    found = inputs(tmp_path / "n.ipynb")
    assert found.experiments == ("attention-decode", "isoflop-zipf")
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


def test_a_chapter_that_sums_up_depends_on_those_before_it(tmp_path):
    code = "from moat.evidence import recorded\nrecorded.before('bill')"
    notebook(tmp_path / "n.ipynb", ("code", code, []))
    found = inputs(tmp_path / "n.ipynb")
    order = project.in_book()
    assert set(found.chapters) == set(order[: order.index("bill")])
    assert {p.name for p in found.files()} >= {
        "claims.yml",
        "published.csv",
        "grids.csv",
        "not_reproduced.csv",
    }
    code = "from moat.evidence import recorded\nrecorded.load('lag')"
    notebook(tmp_path / "m.ipynb", ("code", code, []))
    assert inputs(tmp_path / "m.ipynb").chapters == ("lag",)


def test_a_sum_without_findings_to_sum_up_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("MOAT_ROOT", str(tmp_path))
    with pytest.raises(EvidenceError, match="moat chapter lag"):
        recorded.current_path("lag")


def test_recorded_findings_are_summed_up_where_a_chapter_was_not_run(monkeypatch, tmp_path):
    monkeypatch.setenv("MOAT_ROOT", str(tmp_path))
    for folder in ("data/findings", "_build/findings"):
        project.write(tmp_path / folder / "lag.json", "{}")
    assert recorded.current_path("lag") == tmp_path.resolve() / "_build/findings/lag.json"
    project.write_json(tmp_path / "_build/plan.json", {"computed": [], "recorded": {"lag": ["x"]}})
    assert recorded.current_path("lag") == tmp_path.resolve() / "data/findings/lag.json"

"""Which chapters can be computed here and now, and which must be published as recorded."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from moat import products, project, sources
from moat.errors import BuildFailed
from moat.evidence.findings import computed_path, recorded_path
from moat.publish import displays
from moat.publish.inputs import Inputs, inputs, module_inputs, registry_files

#: The module whose ``make`` computes a product that chapters share.
MAKERS = {"capability-index": "moat.index.kept", "models": "moat.models.kept"}


@dataclass(frozen=True)
class Plan:
    """Chapters to compute, and for each other one the sources that cannot be had."""

    computed: tuple[str, ...]
    recorded: dict[str, tuple[str, ...]]

    @property
    def chapters(self) -> tuple[str, ...]:
        return tuple(sorted((*self.computed, *self.recorded)))

    def findings(self, chapter: str) -> Path:
        return recorded_path(chapter) if chapter in self.recorded else computed_path(chapter)


def plan_path() -> Path:
    return project.build() / "plan.json"


def make_plan(progress: bool = False) -> Plan:
    """Fetch what is missing and decide.

    Raises `DigestMismatch` for wrong bytes and `BuildFailed` for a chapter that can neither
    be computed nor has recorded findings.
    """
    computed, recorded = [], {}
    reasons: dict[str, str] = {}
    for chapter in project.in_book():
        missing = _missing(inputs(project.notebooks() / f"{chapter}.ipynb"), reasons, progress)
        if not missing:
            computed.append(chapter)
        elif recorded_path(chapter).is_file():
            recorded[chapter] = missing
        else:
            raise BuildFailed(f"{reasons[missing[0]]}  Chapter {chapter!r} has no recorded findings either.")
    plan = Plan(tuple(computed), recorded)
    project.write_json(plan_path(), {"computed": plan.computed, "recorded": plan.recorded})
    return plan


def load_plan() -> Plan:
    """The plan of the last `make_plan`, made now if there is none."""
    if not plan_path().is_file():
        return make_plan()
    body = json.loads(plan_path().read_text(encoding="utf-8"))
    return Plan(tuple(body["computed"]), {k: tuple(v) for k, v in body["recorded"].items()})


def _missing(needs: Inputs, reasons: dict[str, str], progress: bool) -> tuple[str, ...]:
    for name in needs.remote:
        if name not in reasons:
            try:
                sources.fetch(sources.find(name), progress=progress)
                reasons[name] = ""
            except sources.SourceUnavailable as error:
                reasons[name] = str(error)
    return tuple(n for n in needs.remote if reasons[n])


def chapter_files(chapter: str) -> list[str]:
    """Everything a chapter's results depend on, as paths.

    Its notebook, modules, tables, registries and shared products; for one that sums up others, their
    findings.
    """
    notebook = project.notebooks() / f"{chapter}.ipynb"
    needs, plan = inputs(notebook), load_plan()
    found = [plan.findings(name) for name in needs.chapters]
    found += [products.path(name) for name in needs.products]
    return _relative([notebook, *needs.files(), *registry_files(), *found])


def product_files(name: str) -> list[str]:
    """Everything a product depends on, as paths: modules, own tables and registries."""
    return _relative([*module_inputs(_module(name)).files(), *registry_files()])


def maker(name: str) -> ModuleType:
    """The module that makes the product ``name``.  Raises `BuildFailed` for an unknown one."""
    return importlib.import_module(_module(name))


def _module(name: str) -> str:
    if name not in MAKERS:
        raise BuildFailed(f"There is no product {name!r}; there are: {', '.join(MAKERS)}.")
    return MAKERS[name]


def recorded_files() -> list[str]:
    """The findings and displays of the chapters that are published as recorded."""
    recorded = load_plan().recorded
    found = [recorded_path(name) for name in recorded]
    return _relative(found + [p for name in recorded for p in sorted(displays.folder(name).glob("*"))])


def page_files() -> list[str]:
    """What the rendered pages depend on besides the chapters."""
    root = project.root()
    found = [root / "_config.yml", root / "_toc.yml", plan_path()]
    found += [p for p in (root / "book").rglob("*") if p.is_file()]
    found += [p for p in (root / "data").glob("*.*") if p.is_file()]
    found += [p for p in (root / "moat").rglob("*") if p.suffix in (".py", ".css", ".js", ".svg")]
    return _relative(sorted(found))


def _relative(paths: list[Path]) -> list[str]:
    return [str(p.resolve().relative_to(project.root())) for p in paths]

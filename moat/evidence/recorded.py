"""The findings of other chapters, for those that sum them up."""

from __future__ import annotations

import json
from pathlib import Path

from moat import project
from moat.errors import EvidenceError
from moat.evidence.findings import Chapter, computed_path, recorded_path


def earlier(name: str) -> list[str]:
    """The chapters that stand before ``name`` in the book, in its order; all for a draft."""
    order = project.in_book()
    return order[: order.index(name)] if name in order else order


def current_path(name: str) -> Path:
    """Where a chapter's findings are in this build: computed, or recorded where it was not run.

    Raises `EvidenceError` for a chapter that has neither.
    """
    plan = project.build() / "plan.json"
    recorded = json.loads(plan.read_text(encoding="utf-8"))["recorded"] if plan.is_file() else {}
    ways = [recorded_path(name)] if name in recorded else [computed_path(name), recorded_path(name)]
    for path in ways:
        if path.is_file():
            return path
    raise EvidenceError(f"Chapter {name!r} has no findings yet; run `moat chapter {name}` first.")


def load(name: str) -> Chapter:
    """One chapter, by its literal name, from which the build knows that it comes first."""
    return Chapter.load(current_path(name))


def before(name: str) -> dict[str, Chapter]:
    """Every chapter before ``name`` in the book, by name, with its findings and grids.

    A notebook calls it with its own name as a literal, from which the build knows that the others
    come first.  Raises as `current_path` does.
    """
    return {each: Chapter.load(current_path(each)) for each in earlier(name)}

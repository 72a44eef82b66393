"""Every technique of the bench in one table: what it is worth in compute, by size and budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from moat.errors import EvidenceError
from moat.evidence.findings import Chapter, Finding
from moat.evidence.grids import as_table
from moat.stats.estimate import Estimate

SMALL, LARGER, CHIP = "small models", "larger models", "one layer or step, timed"


@dataclass(frozen=True)
class Entry:
    """A multiplier that a chapter recorded: which technique, read how, on which models.

    ``finding`` names a finding, or with ``where`` (choices by column) the rows of a grid.
    """

    technique: str
    reading: str
    models: str
    chapter: str
    finding: str
    where: Mapping[str, str] | None = None


#: From what DeepSeek is praised for to what nobody claims; within a technique the kindest reading first.
ENTRIES = (
    Entry("experts", "each side at its best width", SMALL, "experts", "multipliers",
          {"group": "each at its best width"}),
    Entry("experts", "one width for both", SMALL, "experts", "multipliers", {"group": "one width for both"}),
    Entry("experts", "one width for both", LARGER, "experts", "gpu-multiplier"),
    Entry("eight bits", "loss and speed of a step", CHIP, "float8", "together-8192"),
    Entry("eight bits", "loss alone", SMALL, "float8", "cpu-worth"),
    Entry("eight bits", "loss alone", LARGER, "float8", "gpu-worth"),
    Entry("latent attention", "loss against full attention", SMALL, "attention", "cpu-times-latent"),
    *(
        Entry("a teacher's laws", f"{ledger}, {width}", SMALL, "distillation", "worth-of-a-lesson",
              {"lesson": "laws", "ledger": ledger, "reading": f"{width}, lines"})
        for ledger in ("teacher free", "passes charged", "training charged")
        for width in (("best width", "one width") if ledger == "teacher free" else ("one width",))
    ),
    Entry("a teacher's text", "teacher free, one width", SMALL, "distillation", "worth-of-a-lesson",
          {"lesson": "samples", "ledger": "teacher free", "reading": "one width, lines"}),
    Entry("Muon", "one width for both", SMALL, "optimiser", "muon", {"group": SMALL}),
    Entry("Muon", "one width for both", LARGER, "optimiser", "muon", {"group": LARGER}),
    Entry("Muon and experts", "one width for both", SMALL, "optimiser", "times-both"),
    Entry("Muon and experts", "one width for both", LARGER, "optimiser", "gpu-times-both"),
)  # fmt: skip

#: What each chapter of the bench set out to refute, and the finding that holds its word.
HYPOTHESES = (
    ("weaker-chips", "overlap hides the weaker link", "hypothesis"),
    ("isoflop", "size and data grow together", "hypothesis"),
    ("isoflop", "a small sweep cannot see the floor", "floor-hypothesis"),
    ("experts", "experts are worth more than their compute, and no less with scale", "hypothesis"),
    ("experts", "balancing by a bias costs nothing", "balance-equal"),
    ("float8", "eight bits cost at most a quarter of a per cent, emulated", "cpu-hypothesis"),
    ("float8", "the same on the chip's own products", "gpu-hypothesis"),
    ("float8", "a whole layer is faster from a width of 4,096 on", "tiles-claim"),
    ("optimiser", "Muon is worth twice its compute", "hypothesis"),
    ("attention", "a latent cache beats a shared one of equal size, small models", "cpu-hypothesis"),
    ("attention", "the same, larger models", "gpu-hypothesis"),
    ("distillation", "a teacher's laws beat real text where the teacher is free", "hypothesis"),
    ("distillation", "a teacher's text is as good as real text", "samples-equal"),
)

#: What the summary multiplies and what it holds against the product: chapter and finding.
PARTS = {
    "experts": ("experts", "best-large"),
    "one-width": ("experts", "multiplier-large"),
    "clock": ("experts", "clock-large"),
    "eight-bits": ("float8", "together-8192"),
    "eight-bits-low": ("float8", "together-4096"),
    "muon": ("optimiser", "gpu-largest"),
    "both": ("optimiser", "times-both"),
    "premium": ("premium", "multiplier-v3"),
}


def hypotheses(chapters: Mapping[str, Chapter]) -> pd.DataFrame:
    """Columns chapter, hypothesis, word: how each stands."""
    rows = [(name, text, chapters[name].findings[key].value) for name, text, key in HYPOTHESES]
    return pd.DataFrame(rows, columns=["chapter", "hypothesis", "word"])


def collect(chapters: Mapping[str, Chapter], entries: tuple[Entry, ...] = ENTRIES) -> pd.DataFrame:
    """One row a multiplier: technique, reading, models, chapter, step, value, low, high, word.

    ``step`` counts the budgets of a reading from the smallest.  Raises `EvidenceError` for an entry that
    its chapter does not have.
    """
    rows = [
        (e.technique, e.reading, e.models, e.chapter, step, *ends, word(*ends[1:]))
        for e in entries
        for step, ends in enumerate(_ends(chapters, e))
    ]
    columns = ["technique", "reading", "models", "chapter", "step", "value", "low", "high", "word"]
    return pd.DataFrame(rows, columns=columns)


def _ends(chapters: Mapping[str, Chapter], entry: Entry) -> list[tuple[float, float, float]]:
    chapter = chapters[entry.chapter]
    if entry.where is None:
        if entry.finding not in chapter.findings:
            raise EvidenceError(f"{entry.chapter} has no finding {entry.finding!r}; run its chapter again.")
        found = chapter.findings[entry.finding]
        return [(found.value, found.low, found.high)]
    grid = as_table(chapter.grids.get(entry.finding, []))
    for column, choice in entry.where.items():
        grid = grid[grid[column] == choice] if len(grid) else grid
    if grid.empty:
        raise EvidenceError(
            f"{entry.chapter} has no grid {entry.finding!r} with {entry.where}; run it again."
        )
    order = next(c for c in ("flop", "steps") if c in grid)
    grid = grid.assign(**{order: grid[order].astype(float)}).sort_values(order)
    return list(grid[["value", "low", "high"]].itertuples(index=False, name=None))


def word(low: float, high: float) -> str:
    """A gain, a loss, or open: on which side of one the whole interval lies.

    >>> word(1.1, 1.3), word(0.7, 0.9), word(0.9, 1.2)
    ('gain', 'loss', 'open')
    """
    if low > 1:
        return "gain"
    return "loss" if high < 1 else "open"


def share(factor: Estimate, claimed: float) -> Estimate:
    """How much of a claimed advantage a multiplier covers, per cent of its logarithm.

    >>> round(share(Estimate(2.0, 1.0, 4.0, 3, ""), 4.0).value)
    50
    """
    ends = (float(100 * np.log(x) / np.log(claimed)) for x in (factor.value, factor.low, factor.high))
    return Estimate(*ends, factor.n, f"share of the logarithm; {factor.method}", factor.level)


def estimate(found: Finding) -> Estimate:
    """A finding as the estimate that it was recorded from."""
    return Estimate(found.value, found.low, found.high, found.n, found.method, found.level)

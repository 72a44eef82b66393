"""No author types a verdict: the four words reach prose only as findings."""

from __future__ import annotations

import re

import nbformat
import pytest

from moat import project

#: The page that says what the four words mean, and a sentence of a chapter that says it of its own rules.
EXPLAINS = {"claims"}
MEANS = "a claim whose control is missing is *untestable*"
NOTEBOOKS = sorted(project.notebooks().glob("*.ipynb"))
PAGES = [p for p in sorted((project.root() / "book").glob("*.md")) if p.stem not in EXPLAINS]
SAYS = r"\b(?:is|are|was|were|stays?|remains?|stands?|says?|writes?|calls? it|found)\s+(?:only\s+|still\s+)?"
#: A word said of something; "partly" is common English unless it stands apart or ends the clause.
SAID = re.compile(rf"{SAYS}(?:[*_]*(?:supported|refuted|untestable)\b|[*_]+partly\b|partly(?=[.,;:)]))", re.I)
CELL = re.compile(r"\|\s*[*_]*(?:supported|partly|refuted|untestable)[*_]*\s*(?=\|)", re.I)


def typed(text: str) -> list[str]:
    """Every verdict that is typed into Markdown; findings, code and formulas are left out."""
    plain = re.sub(r"\{\w+\}`[^`]*`|`[^`]*`|\$[^$]*\$", "X", text.replace(MEANS, ""))
    return [m[0] for pattern in (SAID, CELL) for m in pattern.finditer(plain)]


def prose(path) -> str:
    """The text of a page, or of a notebook's Markdown cells and captions."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    captions = [c.metadata.get("mystnb", {}).get("figure", {}).get("caption", "") for c in cells]
    return "\n\n".join([c.source for c in cells if c.cell_type == "markdown"] + captions)


@pytest.mark.parametrize("path", [*NOTEBOOKS, *PAGES], ids=lambda p: p.stem)
def test_no_verdict_is_typed(path):
    assert not typed(prose(path))


@pytest.mark.parametrize(
    "text",
    [
        "The claim is supported.",
        "C05 was *refuted* by this.",
        "On width the verdict stands partly; on depth",
        "The rule says *partly* here.",
        "It remains untestable today",
        "| C01, the fall | supported | 3 |",
    ],
)
def test_a_typed_verdict_is_caught(text):
    assert typed(text)


@pytest.mark.parametrize(
    "text",
    [
        "The claim is {finding}`lag.verdict-c21`.",
        "Refuted if the interval lies above.",
        "It would be refuted by an interval below two.",
        "Its compute is partly in another's account.",
        "| C01, the fall | {finding}`market.verdict-c01` |",
    ],
)
def test_rules_findings_and_plain_english_are_left_alone(text):
    assert not typed(text)

"""Notebooks as they lie in git: no outputs, short cells, parameters, words for every picture."""

from __future__ import annotations

import re

import nbformat
import pytest

from moat import project
from moat.publish import parameters

NOTEBOOKS = sorted(project.notebooks().glob("*.ipynb"))
pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
MAX_LINES, MAX_FUNCTION = 15, 4
#: Models whose names look like numbers.
NAMES = r"Llama 3\.1|Claude 3\.5|GPT-4\.5|Yi-1\.5"
#: Numbers in words that only a count has: smaller ones, and round ones, are ordinary language too.
TEENS = "eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
#: What is measured and not counted; a threshold of so many months is chosen, not found.
UNITS = r"(?!(?:bits|months|points|times|dollars|thousand|million|billion|per|as|has|is|was)\b)"
#: Counts in words that no run gives: what was chosen, or what a claim would need.
CHOSEN = r"sixty-four experts|thirty-two experts|twenty models with|twenty best|ninety tokens|forty passes"
COUNTED = rf"\b(?:{TEENS}|(?:{TENS})(?:-[a-z]+)?)\s+{UNITS}(?:[a-z-]+\s+{UNITS})?[a-z]+s\b(?!-)"


def cells(path, kind):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == kind]


def test_no_outputs_and_no_counts(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    for cell in cells(path, "code"):
        assert not cell.outputs
        assert cell.execution_count is None


def test_cells_are_short(path):
    for cell in cells(path, "code"):
        assert len(cell.source.splitlines()) <= MAX_LINES, cell.source
        for function in re.findall(r"^def .*?(?=^\S|\Z)", cell.source, re.S | re.M):
            assert len(function.rstrip().splitlines()) <= MAX_FUNCTION, "this belongs in the package"


def test_there_is_one_parameters_cell_of_literals(path):
    assert parameters.declared(parameters.read(path), path.stem)


def test_every_figure_has_a_name_a_caption_and_a_description(path):
    for cell in cells(path, "code"):
        if "plot.figure" not in cell.source:
            continue
        shown = cell.metadata["mystnb"]
        assert shown["figure"]["name"].startswith("fig-")
        assert len(shown["figure"]["caption"]) > 40
        assert len(shown["image"]["alt"]) > 60


def test_no_number_that_a_run_should_give_is_typed_into_prose(path):
    for cell in cells(path, "markdown"):
        plain = re.sub(rf"\$[^$]*\$|`[^`]*`|\([^)]*\)|{NAMES}", "", cell.source)
        assert not re.search(r"(?<![\w.×])\d+\.\d+(?!\s*×)", plain), plain


def test_no_count_that_a_run_should_give_is_typed_in_words(path):
    for cell in cells(path, "markdown"):
        plain = re.sub(rf"\$[^$]*\$|`[^`]*`|{CHOSEN}", "", cell.source)
        found = re.search(COUNTED, plain, re.IGNORECASE)
        assert not found, f"{found[0]}: let a finding say it"


def test_a_chapter_ends_as_promised(path):
    text = "\n".join(c.source for c in cells(path, "markdown"))
    for part in ("# ", "## Threats to the answer", "What would change our mind", "## Takeaway"):
        assert part in text
    assert cells(path, "code")[-1].source.strip() == "findings"


def test_it_is_in_the_table_of_contents(path):
    assert path.stem in project.in_book()

"""Parameters of a notebook, checked before a kernel starts.

papermill itself accepts unknown names with a one-line notice and any type at all; a typo
would then publish the default as if it were the answer.
"""

from __future__ import annotations

import ast
import difflib
from pathlib import Path
from typing import Any

import nbformat

from moat.errors import ParameterError


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook, or a `ParameterError` that says it is not one."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise ParameterError(f"{path} is not a readable notebook ({error}).") from None


def declared(notebook: nbformat.NotebookNode, name: str) -> dict[str, object]:
    """Names and default values of the cell tagged ``parameters``.

    The cell may hold assignments of literals and comments, nothing else.
    """
    cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ParameterError(
            f"{name} has {len(cells)} cells tagged 'parameters'; it needs exactly one, even if it is empty."
        )
    defaults: dict[str, object] = {}
    for statement in ast.parse(cells[0].source).body:
        try:
            held: Any = statement  # that it assigns a literal to a name shows in the attempt
            target = held.target if isinstance(statement, ast.AnnAssign) else held.targets[0]
            defaults[target.id] = ast.literal_eval(held.value)
        except (AttributeError, ValueError, TypeError):
            raise ParameterError(
                f"{name}: the parameters cell may only assign literals, not {ast.unparse(statement)!r}."
            ) from None
    return defaults


def check(given: dict[str, object], defaults: dict[str, object], name: str) -> dict[str, object]:
    """``given`` with every name known and every type as its default's (an int may stand for a float)."""
    checked = {}
    for key, value in given.items():
        if key not in defaults:
            close = difflib.get_close_matches(key, defaults, n=1)
            hint = f"did you mean {close[0]!r}?  " if close else ""
            known = ", ".join(f"{k} = {v!r}" for k, v in defaults.items()) or "none"
            raise ParameterError(f"{name} has no parameter {key!r}; {hint}It knows: {known}.")
        want = type(defaults[key])
        if want is float and type(value) is int:
            value = float(value)
        if defaults[key] is not None and type(value) is not want:
            raise ParameterError(
                f"{name}: parameter {key!r} must be {want.__name__} like its default {defaults[key]!r}, "
                f"not {type(value).__name__} {value!r}."
            )
        checked[key] = value
    return checked


def from_text(assignments: list[str]) -> dict[str, object]:
    """``["draws=500", "seed=3"]`` as values: literals where they are, else strings."""
    values: dict[str, object] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key.isidentifier():
            raise ParameterError(f"Write a parameter as name=value, not {assignment!r}.")
        try:
            values[key] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            values[key] = text
    return values

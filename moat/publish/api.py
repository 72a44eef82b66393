"""The page of the package, made from docstrings by Sphinx's autodoc: sections in the style of numpydoc.

Napoleon as a whole would also read the comment of an attribute, ``end: how it ended``, as a type and its
meaning, so its parser is used alone, on what can have sections.
"""

from __future__ import annotations

from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, NumpyDocstring

STYLE = Config(napoleon_use_rtype=False, napoleon_use_admonition_for_examples=False)
WITHOUT_SECTIONS = ("attribute", "data", "property")


def as_sections(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Parameters, Returns and Raises as lists; ``lines`` is changed in place, as autodoc wants it."""
    if what not in WITHOUT_SECTIONS:
        lines[:] = NumpyDocstring(lines, STYLE, app, what, name, obj, options).lines()


def as_signature(
    app: Sphinx,
    what: str,
    name: str,
    obj: object,
    options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """A default that a dataclass makes anew is no expression, and Sphinx would print all as plain text."""
    return signature and signature.replace("<factory>", "..."), returns


def setup(app: Sphinx) -> dict:
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", as_sections)
    app.connect("autodoc-process-signature", as_signature)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

"""The page of the package: nothing public is missing, sections are lists, colons in comments stay text."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from bs4 import BeautifulSoup

from moat import project
from moat.publish.api import as_sections, as_signature

#: Libraries that say in ``__all__`` what is public, and modules of the others that are not.
WITH_ALL = ("laws", "sources", "evidence")
INNER = {"moat.index.solver"}
LISTED = (project.root() / "book" / "api.md").read_text(encoding="utf-8")


def test_every_public_module_is_listed():
    for library in WITH_ALL:
        assert f"automodule:: moat.{library}\n" in LISTED
    for library in ("stats", "index"):
        package = importlib.import_module(f"moat.{library}")
        for module in pkgutil.iter_modules(package.__path__, f"moat.{library}."):
            assert (module.name in LISTED) != (module.name in INNER), module.name


def test_a_section_becomes_a_list_and_a_comment_stays_as_it_is():
    lines = ["A sum.", "", "Parameters", "----------", "first", "    One of the two."]
    as_sections(None, "function", "moat.add", None, None, lines)
    assert ":param first: One of the two." in [line.strip() for line in lines]
    comment = ['"log": residuals of the logarithm']
    as_sections(None, "attribute", "moat.scale", None, None, comment)
    assert comment == ['"log": residuals of the logarithm']


def test_a_default_made_anew_is_an_ellipsis():
    about = (None, "class", "moat.Source", None, None)
    assert as_signature(*about, "(rename: dict = <factory>)", None) == ("(rename: dict = ...)", None)
    assert as_signature(*about, None, None) == (None, None)


@pytest.mark.book
@pytest.mark.parametrize("library", WITH_ALL)
def test_every_public_class_and_function_is_on_the_page(built, library):
    page = BeautifulSoup((built / "book" / "api.html").read_text(encoding="utf-8"), "html.parser")
    package = importlib.import_module(f"moat.{library}")
    for name in package.__all__:
        if callable(getattr(package, name)):
            assert page.find(id=f"moat.{library}.{name}"), name

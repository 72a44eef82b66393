"""A new chapter: its notebook, its room and its place in the table of contents."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

import yaml

from moat import project
from moat.errors import PublishError

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: A notebook with all parts of a chapter, which runs as it is, and how it is called there.
SKELETON = Path(__file__).with_name("skeleton.ipynb")
HYPHENS, UNDERSCORES, WORDS = "chapter-name", "chapter_name", "chapter name"


def create(name: str, part: str) -> list[Path]:
    """Write what a chapter needs and return the files.

    Raises `PublishError` for a bad or taken name and for a part that ``_toc.yml`` does not have.
    """
    check_name(name)
    toc = project.root() / "_toc.yml"
    contents = with_chapter(toc.read_text(encoding="utf-8"), name, part)
    room = name.replace("-", "_")
    notebook = SKELETON.read_text(encoding="utf-8").replace(HYPHENS, name).replace(UNDERSCORES, room)
    docstring = f'"""What `notebooks/{name}.ipynb` computes with and draws."""\n'
    return [
        project.write(project.notebooks() / f"{name}.ipynb", notebook.replace(WORDS, name.replace("-", " "))),
        project.write(project.root() / "moat" / "chapters" / room / "__init__.py", docstring),
        project.write(toc, contents),
    ]


def check_name(name: str) -> None:
    """Raises `PublishError` for a name that is none, or that a chapter has already."""
    room = name.replace("-", "_")
    if not NAME.fullmatch(name) or keyword.iskeyword(room):
        raise PublishError(
            f"A chapter is named by lower-case words joined with hyphens, as in repeated-data, not {name!r}."
        )
    taken = (project.notebooks() / f"{name}.ipynb", project.root() / "moat" / "chapters" / room)
    if any(path.exists() for path in taken) or name in project.in_book():
        raise PublishError(f"There is a chapter {name!r} already; give the new one another name.")


def with_chapter(toc: str, name: str, part: str) -> str:
    """The text of ``_toc.yml`` with a chapter at the end of a part; all other lines stay as they are.

    ``part`` is the caption, or a piece of it that no other caption has.

    >>> toc = "parts:\\n- caption: Laws  # of training\\n  chapters:\\n  - file: notebooks/lag\\n"
    >>> print(with_chapter(toc, "bill", "laws"), end="")
    parts:
    - caption: Laws  # of training
      chapters:
      - file: notebooks/lag
      - file: notebooks/bill

    Raises `PublishError` where no part, or more than one, is meant.
    """
    root = yaml.compose(toc)
    if root is None:
        raise PublishError("_toc.yml is empty; restore it with git.")
    nodes = next(value for key, value in root.value if key.value == "parts").value
    parts = [{key.value: value for key, value in node.value} for node in nodes]
    captions = [part["caption"].value for part in parts]
    chosen = [c for c in captions if c == part] or [c for c in captions if part.lower() in c.lower()]
    if len(chosen) != 1:
        many = len(chosen) or "no"
        raise PublishError(f"_toc.yml has {many} parts {part!r}; its parts are: {'; '.join(captions)}.")
    last = parts[captions.index(chosen[0])]["chapters"].value[-1]
    lines = toc.splitlines(keepends=True)
    before = lines[last.start_mark.line][: last.start_mark.column]
    end = last.value[-1][1].end_mark.line + 1
    lines[end - 1] = lines[end - 1].rstrip("\n") + "\n"
    return "".join([*lines[:end], f"{before}file: notebooks/{name}\n", *lines[end:]])

"""Execute one chapter: strict parameters, the executed copy kept whatever happens."""

from __future__ import annotations

import os
import platform
import re
import time
import warnings
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError

from moat import project
from moat.errors import ChapterFailed
from moat.evidence.findings import MIME, Chapter, parse
from moat.publish import parameters
from moat.publish.displays import collect
from moat.publish.inputs import code_digest

#: Seconds one cell may take; bench chapters with a large budget raise it.
CELL_SECONDS = int(os.environ.get("MOAT_CELL_SECONDS", "1200"))
LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "torch")


def execute(name: str, given: dict[str, object], output: Path, *, progress: bool = False) -> Chapter:
    """Run ``notebooks/NAME.ipynb`` and write the executed copy to ``output`` only on success.

    Raises `ParameterError` before a kernel starts and `ChapterFailed` when a cell raises;
    the executed copy then stays under ``_build/failed``.
    """
    source = project.notebooks() / f"{name}.ipynb"
    if not source.is_file():
        raise ChapterFailed(f"There is no chapter {name!r}; there are: {', '.join(project.chapters())}.")
    notebook = parameters.read(source)
    defaults = parameters.declared(notebook, name)
    checked = parameters.check(given, defaults, name)
    code = code_digest(source)
    scratch = project.build() / "failed" / f"{name}.ipynb"
    scratch.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    _papermill(source, scratch, checked, progress, name)
    seconds = time.monotonic() - started

    executed = parameters.read(scratch)
    _refuse_errors(executed, name)
    _refuse_warnings(executed, name)
    collect(executed, name)
    shown = displayed(executed, name)
    chapter = Chapter(
        name=name,
        title=title(notebook, name),
        parameters=defaults | checked,
        commit=project.commit(),
        executed=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(seconds, 1),
        device=device(),
        versions={"python": platform.python_version(), **{x: version(x) for x in LIBRARIES}},
        findings=parse(shown["findings"]),
        grids=shown["grids"],
        code=code,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    os.replace(scratch, output)
    return chapter


def _papermill(source: Path, output: Path, given: dict, progress: bool, name: str) -> None:
    project.one_thread()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            papermill.execute_notebook(
                source, output, given, kernel_name="python3", cwd=str(project.root()),
                progress_bar=progress, execution_timeout=CELL_SECONDS,
                extra_arguments=["--log-level=ERROR"],
            )  # fmt: skip
        except PapermillExecutionError as error:
            raise ChapterFailed(_failure(name, output, error)) from None


def _failure(name: str, output: Path, error: PapermillExecutionError) -> str:
    """Where the executed copy is, then the cell, then its traceback: the last thing on the screen."""
    traceback = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
    relative = output.relative_to(project.root())
    return (
        f"Chapter {name} failed; the executed copy with its outputs is {relative}.\n\n"
        f"The failing cell:\n\n{error.source}\n\n{traceback}"
    )


def _refuse_errors(notebook: nbformat.NotebookNode, name: str) -> None:
    """An error output must never reach a page, even where a cell tag let the run continue."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                raise ChapterFailed(f"Chapter {name}: cell {index} holds an error output ({output.ename}).")


#: As Python prints a warning: its file and line, its class, what it says.
WARNING = re.compile(r"^(?P<place>\S.*?):\d+: (?P<said>\w*Warning: .*)$", re.MULTILINE)


def _refuse_warnings(notebook: nbformat.NotebookNode, name: str) -> None:
    """A warning is a result that nobody looked at.  What else a cell writes there is progress."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr" and (found := WARNING.search(output.text)):
                raise ChapterFailed(
                    f"Chapter {name}: the cell {cell.get('id', '')} warns: {found['said']}  "
                    "Mend the cause; a warning that is harmless is silenced where it arises, with the reason."
                )


def displayed(notebook: nbformat.NotebookNode, name: str) -> dict:
    """The findings and grids that the executed notebook carries in its one display of them."""
    shown = [
        output.data[MIME]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if MIME in output.get("data", {})
    ]
    if len(shown) != 1:
        raise ChapterFailed(
            f"Chapter {name} shows its findings {len(shown)} times; end it with one cell `findings`."
        )
    if shown[0]["chapter"] != name:
        raise ChapterFailed(f"Chapter {name} makes Findings({shown[0]['chapter']!r}); name it {name!r}.")
    return shown[0]


def title(notebook: nbformat.NotebookNode, name: str) -> str:
    """The first heading."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (match := re.match(r"#\s+(.+)", cell.source)):
            return match[1].strip()
    raise ChapterFailed(f"Chapter {name} has no title; begin it with a markdown cell `# The question?`.")


def device() -> str:
    """Processor and number of cores, as the run stamp prints them."""
    return f"{platform.machine()} CPU, {os.cpu_count()} cores, {platform.system()}"

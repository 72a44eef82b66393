"""What a notebook really depends on, read from its code and not from a list kept by hand.

Modules: every ``moat`` import of the notebook, followed through the package.  Tables: every
``sources.load("name")`` with a literal name, and the ``TABLES`` of those modules.  Recorded runs:
every ``runs.load("name")``, ``runs.records("name")`` and ``sweep.recompute("name")``, at all
budgets.  Other chapters: all that stand before "name" in the book, for ``recorded.before("name")``.
Products that several chapters share: the ``SHARED`` of the modules.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import re
import tokenize
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from moat import project, sources
from moat.errors import PublishError
from moat.evidence.recorded import earlier
from moat.publish.parameters import read

#: What a chapter that sums up others holds their findings against.
SUMMED = ("claims.yml", "published.csv", "grids.csv", "not_reproduced.csv")


@dataclass(frozen=True)
class Inputs:
    """Files, source names and other chapters that a chapter's results depend on."""

    modules: tuple[Path, ...]
    sources: tuple[str, ...]
    experiments: tuple[str, ...] = ()
    chapters: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    @property
    def remote(self) -> tuple[str, ...]:
        return tuple(s for s in self.sources if sources.find(s).remote)

    def files(self) -> list[Path]:
        """Modules, own tables, records of runs, and claims where chapters are summed up, as paths."""
        own = [sources.find(s).own_path for s in self.sources if not sources.find(s).remote]
        folder = project.root() / "data" / "runs"
        records = [p for name in self.experiments for p in sorted(folder.glob(f"*/{name}/*.json"))]
        summed = [project.root() / "data" / n for n in SUMMED] if self.chapters else []
        return [*self.modules, *own, *records, *summed]


def inputs(notebook: Path) -> Inputs:
    """Raises `PublishError` for code that does not parse or a source name that is computed."""
    imports, calls = _code(notebook, notebook.stat().st_mtime_ns)
    modules: dict[str, Path] = {}
    for name in imports:
        _follow(name, modules)
    named = _named(calls, notebook.name, ("sources.load",))
    named += _constants(modules, "TABLES")
    tables = {sources.find(name).name for name in named}
    experiments = set(_named(calls, notebook.name, ("runs.load", "runs.records", "sweep.recompute")))
    summed = {c for name in _named(calls, notebook.name, ("recorded.before",)) for c in earlier(name)}
    summed |= set(_named(calls, notebook.name, ("recorded.load",)))
    products = set(_constants(modules, "SHARED"))
    names = (tuple(sorted(x)) for x in (tables, experiments, summed, products))
    return Inputs(tuple(sorted(modules.values())), *names)


def module_inputs(name: str) -> Inputs:
    """What the results of one module depend on, its own product left out.

    Raises `PublishError` for a module that does not exist.
    """
    modules: dict[str, Path] = {}
    _follow(name, modules)
    if not modules:
        raise PublishError(f"There is no module {name!r}.")
    tables = {sources.find(table).name for table in _constants(modules, "TABLES")}
    return Inputs(tuple(sorted(modules.values())), tuple(sorted(tables)))


@lru_cache(maxsize=256)
def _code(notebook: Path, stamp: int) -> tuple[list[str], list[tuple[str, ast.Call]]]:
    """The modules that a notebook imports, and its calls with the names of what is called."""
    code = "\n".join(c.source for c in read(notebook).cells if c.cell_type == "code")
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        raise PublishError(f"{notebook.name} does not parse: {error}.") from None
    calls = [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return _imports(tree, ""), calls


def _named(calls: list[tuple[str, ast.Call]], where: str, functions: tuple[str, ...]) -> list[str]:
    """The literal first arguments of all calls of ``functions``."""
    names = []
    for name, node in calls:
        if name not in functions:
            continue
        if not (node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)):
            raise PublishError(f"{where}: write the name in {ast.unparse(node)} as a literal string.")
        names.append(node.args[0].value)
    return names


def _constants(modules: dict[str, Path], name: str) -> list[str]:
    """The names in the constants ``name`` of modules: what a function of them loads for its callers."""
    return [word for path in modules.values() for word in _constant(path, path.stat().st_mtime_ns, name)]


@lru_cache(maxsize=512)
def _constant(path: Path, stamp: int, name: str) -> tuple[str, ...]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return tuple(ast.literal_eval(node.value))
    return ()


def _imports(tree: ast.AST, package: str) -> list[str]:
    """Names of ``moat`` modules that the code imports; functions imported by name count as their module."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names += [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
    return [n for n in names if n == "moat" or n.startswith("moat.")]


def _follow(name: str, seen: dict[str, Path]) -> None:
    """Add the module, its parent packages and everything they import."""
    path = _origin(name)
    if name in seen or path is None:
        return
    seen[name] = path
    for found in _module_imports(path, path.stat().st_mtime_ns):
        _follow(found, seen)
    if "." in name:
        _follow(name.rpartition(".")[0], seen)


@lru_cache(maxsize=256)
def _module_imports(path: Path, stamp: int) -> tuple[str, ...]:
    return tuple(_imports(ast.parse(path.read_text(encoding="utf-8")), ""))


@lru_cache(maxsize=512)
def _origin(name: str) -> Path | None:
    """The file of a module of this package, or None for a name that is not a module."""
    relative = Path(*name.split("."))
    spec = importlib.util.find_spec("moat")
    if spec is None or spec.origin is None:
        return None
    base = Path(spec.origin).parents[1]
    for candidate in (base / relative.with_suffix(".py"), base / relative / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def registry_files() -> list[Path]:
    """The registries themselves; a changed schema or digest concerns every reader of tables."""
    return [project.root() / "data" / n for n in ("sources.yml", "facts.yml")]


def code_digest(notebook: Path) -> str:
    """What a chapter's results and displays were computed by: its cells and modules, as one digest.

    Comments, docstrings and white space are left out, and so is the version of Python.
    Raises `PublishError` for code that does not parse.
    """
    cells = "\n".join(c.source for c in read(notebook).cells if c.cell_type == "code")
    modules = [f"{path.name}\n{_meaning(path, path.stat().st_mtime_ns)}" for path in inputs(notebook).modules]
    return hashlib.sha256("\n".join([bare(cells), *modules]).encode()).hexdigest()[:16]


@lru_cache(maxsize=512)
def _meaning(path: Path, stamp: int) -> str:
    return bare(path.read_text(encoding="utf-8"))


def bare(code: str) -> str:
    """Code without comments, docstrings and white space.

    >>> bare('def f(x):  # twice\\n    "Doubled."\\n    return 2 * x\\n')
    'def f(x): return 2 * x'
    """
    lines = code.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    gone = [
        (starts[t.start[0] - 1] + t.start[1], starts[t.end[0] - 1] + t.end[1])
        for t in tokenize.generate_tokens(io.StringIO(code).readline)
        if t.type == tokenize.COMMENT
    ]
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            # Columns of the syntax tree count bytes.
            words: Any = node.body[0]  # of parsed text: its end is known
            begin = len(lines[words.lineno - 1].encode()[: words.col_offset].decode())
            end = len(lines[words.end_lineno - 1].encode()[: words.end_col_offset].decode())
            gone.append((starts[words.lineno - 1] + begin, starts[words.end_lineno - 1] + end))
    kept, position = [], 0
    for begin, end in sorted(gone):
        kept.append(code[position:begin])
        position = end
    return re.sub(r"\s+", " ", "".join([*kept, code[position:]])).strip()

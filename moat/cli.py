"""The command line: ``moat sources``, ``chapter``, ``fit``, ``book``, ``record``, ``serve``.

Every command imports what it needs when it runs: with all of it at the top, ``moat --help`` would
wait seconds for torch, scipy, pandas and papermill.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from moat import project
from moat.bench.command import app as bench_app
from moat.errors import MoatError

#: The keys of `moat.laws.LAWS`, for the help; a test holds the two equal.
LAWS = (
    "chinchilla", "tied", "power", "isoflop-akima", "isoflop-parabola", "routed", "routed-floor",
    "error-curve", "sigmoid", "learning-rate", "batch-size",
)  # fmt: skip

app = typer.Typer(
    help="How Wide Is the Moat?  Build the book and its parts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
sources_app = typer.Typer(help="External tables: list, fetch, verify.", no_args_is_help=True)
app.add_typer(sources_app, name="sources")
app.add_typer(bench_app, name="bench")


@sources_app.command("list")
def list_sources() -> None:
    """Every table with its size and whether its bytes are at hand."""
    from moat import sources

    for source in sources.registry().values():
        if source.remote:
            state = "at hand" if sources.have(source) else "not fetched"
            size = f"{sum(f.bytes for f in source.files):,} bytes"
        else:
            state, size = "in the repository", ""
        typer.echo(f"{source.name:26} {state:18} {size:>14}  {source.title}")


@sources_app.command("fetch")
def fetch_sources(names: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Download what is missing (all sources when no NAME is given)."""
    from tqdm import tqdm

    from moat import sources

    wanted = [sources.find(n) for n in names or [s.name for s in sources.registry().values() if s.remote]]
    for source in tqdm(wanted, unit="source", disable=not sys.stderr.isatty()):
        for path in sources.fetch(source, progress=sys.stderr.isatty()):
            typer.echo(f"{source.name}: {path}")


@sources_app.command("verify")
def verify_sources() -> None:
    """Load every table that is at hand: digests, schemas, keys."""
    from tqdm import tqdm

    from moat import sources

    missing = []
    for source in tqdm(sources.registry().values(), unit="table", disable=not sys.stderr.isatty()):
        if source.remote and not sources.have(source):
            missing.append(source.name)
            continue
        typer.echo(f"{source.name}: {len(sources.load(source.name)):,} rows")
    if missing:
        raise sources.SourceUnavailable(f"Not at hand, so not verified: {', '.join(missing)}.")


@app.command()
def chapter(
    name: Annotated[str, typer.Argument(help="A chapter, such as chinchilla.")],
    params: Annotated[list[str] | None, typer.Argument(help="Parameters as name=value.")] = None,
) -> None:
    """Run one chapter with its own parameters; the book is left alone."""
    from moat.publish import parameters
    from moat.publish.execute import execute

    output = project.build() / "scratch" / f"{name}.ipynb"
    ran = execute(name, parameters.from_text(params or []), output, progress=sys.stderr.isatty())
    ran.save(output.with_suffix(".json"))
    for finding in ran.findings.values():
        typer.echo(f"{name}.{finding.name:34} {finding.text()}")
    typer.echo(f"{output}: {len(ran.findings)} findings, {ran.seconds:.0f} s")


@app.command("new-chapter")
def new_chapter(
    name: Annotated[str, typer.Argument(help="Lower-case words joined with hyphens, such as repeated-data.")],
    part: Annotated[str, typer.Option(help="The part of the book, by its caption or a piece of it.")],
) -> None:
    """Begin a chapter: its notebook, its room, its place in the contents."""
    from moat.publish.new_chapter import create

    for path in create(name, part):
        typer.echo(path.relative_to(project.root()))
    typer.echo(f"It runs as it is: `make chapter NAME={name}`.  CONTRIBUTING.md says how to go on.")


@app.command()
def fit(
    runs: Annotated[Path, typer.Argument(help="A CSV with one row a run, such as params, tokens, loss.")],
    law: Annotated[str, typer.Option(help=f"One of: {', '.join(LAWS)}.")] = "chinchilla",
    draws: Annotated[int, typer.Option(min=0, help="Bootstrap draws.")] = 4000,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    cluster: Annotated[str | None, typer.Option(help="Column of the independent unit.")] = None,
    target: Annotated[str | None, typer.Option(help="Column to fit, if not the law's own.")] = None,
    weights: Annotated[str | None, typer.Option(help="Column of weights.")] = None,
) -> None:
    """Fit a scaling law to your own runs."""
    import pandas as pd

    from moat import laws

    if law not in laws.LAWS:
        raise MoatError(f"There is no law {law!r}; there are: {', '.join(laws.LAWS)}.")
    try:
        table = pd.read_csv(runs)
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())  # pandas ends some of its messages with a line break
        raise MoatError(f"{runs} cannot be read as CSV ({why}).") from None
    options = {"cluster": cluster, "target": target, "weights": weights}
    options = {name: value for name, value in options.items() if value is not None}
    if options and not isinstance(laws.LAWS[law], laws.Law):
        raise MoatError(f"{law} resamples slices of equal compute; leave out {', '.join(options)}.")
    found = laws.LAWS[law].fit(table, draws=draws, seed=seed, **options)
    shown = found.summary() if draws else found.params.to_frame("estimate")
    typer.echo(shown.to_string(float_format="{:.4g}".format))
    status = f"{found.status} ({', '.join(found.at_bound)})" if found.at_bound else found.status
    typer.echo(f"{status}; {found.nobs} rows; {found.unfinished} draws unfinished; {found.method}")


@app.command("execute", hidden=True)
def execute_for_book(name: str) -> None:
    """Run one chapter at its defaults for the book; the Snakefile calls this."""
    from moat.publish.execute import execute

    failed = project.build() / "logs" / f"{name}.failed"
    failed.unlink(missing_ok=True)
    try:
        ran = execute(name, {}, project.build() / "executed" / f"{name}.ipynb")
    except MoatError as error:
        project.write(failed, str(error) + "\n")
        raise
    ran.save(project.build() / "findings" / f"{name}.json")


@app.command("product", hidden=True)
def make_product(name: str) -> None:
    """Compute once what several chapters share; the Snakefile calls this."""
    project.one_thread()  # as in the chapters, and before numpy is loaded
    from moat.publish import plan

    failed = project.build() / "logs" / f"{name}.failed"
    failed.unlink(missing_ok=True)
    try:
        plan.maker(name).make()
    except MoatError as error:
        project.write(failed, str(error) + "\n")
        raise


@app.command("render", hidden=True)
def render_pages() -> None:
    """Stage and render the pages; the Snakefile calls this."""
    from moat.publish import book

    failed = project.build() / "logs" / "html.failed"
    failed.unlink(missing_ok=True)
    try:
        book.render()
    except MoatError as error:
        project.write(failed, str(error) + "\n")
        raise


@app.command("book")
def build_book(
    cores: Annotated[int | None, typer.Option(help="Cores to use; all by default.")] = None,
) -> None:
    """Execute what is out of date and render the book."""
    from moat.publish import fresh

    if said := fresh.unchanged():
        typer.echo(said)
        return
    from moat.publish import book  # loads what only a build needs

    started, before = time.time(), fresh.begin()
    summary = book.build(cores)
    typer.echo(summary)
    fresh.finish(before, summary, started)


@app.command()
def record() -> None:
    """Accept the findings, figures and tables of the last build into data/."""
    from moat.publish import book

    for path in book.record():
        typer.echo(path.relative_to(project.root()))
    typer.echo("Review the diff like code, and the prose that rests on it.")


@app.command("plan")
def show_plan() -> None:
    """Which chapters can be computed here."""
    from moat.publish import plan

    made = plan.make_plan()
    typer.echo(f"computed: {', '.join(made.computed) or 'none'}")
    typer.echo(f"recorded: {', '.join(made.recorded) or 'none'}")


@app.command()
def serve(port: Annotated[int, typer.Option(help="0 picks a free one.")] = 8000) -> None:
    """Serve the built book on this machine."""
    import functools
    import http.server

    from moat.publish import book

    if not book.index_page().is_file():
        raise MoatError("There is no book yet; run `make book` first.")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(book.index_page().parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        typer.echo(f"http://127.0.0.1:{server.server_address[1]}/  (stop with Ctrl-C)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo("stopped")


@app.command()
def clean() -> None:
    """Remove everything that can be made again."""
    from moat.publish.stage import clean as clean_tree

    clean_tree()


def main() -> None:
    """Run, and print an error of the user's as one sentence without a traceback."""
    try:
        app()
    except MoatError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)

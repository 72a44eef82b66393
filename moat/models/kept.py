"""The table of models, which several chapters start from: joined once and kept, as `moat.products` says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from moat import products, project, sources
from moat.models import table
from moat.sources.load import digest

#: What a chapter that imports this module has made before it runs.
SHARED = ("models",)
#: The modules that decide what the table holds.
CODE = (
    "moat.models.active_params", "moat.models.issues", "moat.models.kept", "moat.models.labs",
    "moat.models.table", "moat.sources.epoch", "moat.sources.load", "moat.sources.pickles",
    "moat.sources.prices", "moat.sources.readers", "moat.sources.registry", "moat.sources.router",
    "moat.sources.schema", "moat.sources.store", "moat.sources.tokens", "moat.sources.upstream",
)  # fmt: skip


def cleaned(dates: Iterable[str] = table.DATES) -> dict[str, pd.DataFrame]:
    """The table of models for each convention of ``dates``, as `moat.models.table.build` gives it.

    Parameters
    ----------
    dates: words of `moat.models.table.DATES`; all of them by default.

    Returns
    -------
    A table by convention.  They come from the product where that was made from the sources and the
    code at hand, and are joined on the spot otherwise.

    Raises
    ------
    FrontierError
        For a convention that does not exist.
    SourceUnavailable
        Where there is neither the product nor the sources.
    """
    arrays = products.load(SHARED[0], _key())
    if arrays is None:
        arrays = products.pack(table.join(table.read()))
    sources.used(*table.TABLES)
    return {name: table.dated(products.unpack(arrays), name) for name in dates}


def make() -> Path:
    """Join the table and keep it.  Raises `SourceUnavailable` where a source cannot be had."""
    return products.save(SHARED[0], _key(), products.pack(table.join(table.read())))


def _key() -> str:
    """Of the bytes of all sources, what is registered of their columns, and the code."""
    found = {name: digest(sources.find(name)) for name in table.TABLES}
    registered = [project.root() / "data" / name for name in ("sources.yml", "facts.yml")]
    columns = [hashlib.sha256(file.read_bytes()).hexdigest() for file in registered]
    return products.key(found, columns, products.code(*CODE))

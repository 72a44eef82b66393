"""External tables and our own facts by name: verified bytes, checked columns.

>>> from moat import sources
>>> sources.load("chinchilla-points").columns.tolist()[:4]
['params', 'tokens', 'flop', 'loss']
"""

from moat.errors import DigestMismatch, RegistryError, SchemaError, SourceError, SourceUnavailable
from moat.sources.load import load, loaded, used
from moat.sources.registry import Column, RemoteFile, Source, find, registry
from moat.sources.store import fetch, have

__all__ = [
    "Column",
    "DigestMismatch",
    "RegistryError",
    "RemoteFile",
    "SchemaError",
    "Source",
    "SourceError",
    "SourceUnavailable",
    "fetch",
    "find",
    "have",
    "load",
    "loaded",
    "registry",
    "used",
]

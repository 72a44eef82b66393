"""What can go wrong between a name and a table."""

from moat.errors import MoatError


class SourceError(MoatError):
    """Any trouble with a source."""


class RegistryError(SourceError):
    """The registry itself is wrong, or a name is not in it."""


class SourceUnavailable(SourceError):
    """The bytes are neither in the cache nor in the mirror, and the network does not give them."""


class DigestMismatch(SourceError):
    """The bytes are there but are not the ones that were pinned."""


class SchemaError(SourceError):
    """The table does not look as the registry says."""

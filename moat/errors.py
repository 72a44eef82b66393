"""Every error that a user can cause; the message says what to do next."""


class MoatError(Exception):
    """Bad input or a missing thing.  The command line prints it as one sentence."""


class RunError(MoatError):
    """A record that cannot be read, or an experiment that does not exist."""


class EvidenceError(MoatError):
    """A finding that cannot stand: no interval, no method, a duplicate or unknown name."""


class Drift(EvidenceError):
    """Computed findings left their recorded values by more than they declared."""


class FrontierError(MoatError, ValueError):
    """The models or scores at hand do not allow the question."""


class FitError(MoatError, ValueError):
    """The data cannot be fitted as they are."""


class MissingColumns(FitError):
    """A column that the law needs is not in the table."""


class LengthMismatch(FitError):
    """Columns of different lengths."""


class BadValues(FitError):
    """A value that is not finite, not positive, or a column that never varies."""


class TooFewPoints(FitError):
    """Fewer rows, or fewer clusters, than the law has parameters."""


class PublishError(MoatError):
    """Any trouble while executing or rendering."""


class ParameterError(PublishError):
    """An unknown parameter, a value of the wrong type, or no parameters cell."""


class ChapterFailed(PublishError):
    """A cell raised.  The message ends with the cell and its traceback."""


class BuildFailed(PublishError):
    """The book could not be built."""


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


class ConfigError(MoatError, ValueError):
    """A run that cannot be built as described."""


class CorpusError(MoatError):
    """Text that is missing, or not the text that the book was made with."""


class TraceError(MoatError):
    """A trace that does not hold the phases that are looked for."""

"""What can be wrong with the input of a fit."""

from moat.errors import MoatError


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

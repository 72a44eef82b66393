"""What can be wrong with a table of models or scores."""

from moat.errors import MoatError


class FrontierError(MoatError, ValueError):
    """The models or scores at hand do not allow the question."""

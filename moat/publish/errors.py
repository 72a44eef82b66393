"""What can go wrong between a notebook and a page."""

from moat.errors import MoatError


class PublishError(MoatError):
    """Any trouble while executing or rendering."""


class ParameterError(PublishError):
    """An unknown parameter, a value of the wrong type, or no parameters cell."""


class ChapterFailed(PublishError):
    """A cell raised.  The message ends with the cell and its traceback."""


class BuildFailed(PublishError):
    """The book could not be built."""

"""Errors of the bench."""

from moat.errors import MoatError


class RunError(MoatError):
    """A record that cannot be read, or an experiment that does not exist."""

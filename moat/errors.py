"""The root of every error a user can cause; its message says what to do next."""


class MoatError(Exception):
    """Bad input or a missing thing.  The command line prints it as one sentence."""

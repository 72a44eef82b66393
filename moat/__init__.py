"""How Wide Is the Moat?  The tested package behind the notebooks."""

__version__ = "0.1.0"

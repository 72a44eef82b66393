"""What can be wrong with evidence."""

from moat.errors import MoatError


class EvidenceError(MoatError):
    """A finding that cannot stand: no interval, no method, a duplicate or unknown name."""


class Drift(EvidenceError):
    """Computed findings left their recorded values by more than they declared."""

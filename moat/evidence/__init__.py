"""Findings, comparisons with published results, claims and their state."""

from moat.errors import EvidenceError
from moat.evidence.claims import Claim, load_claims
from moat.evidence.findings import Chapter, Finding, Findings
from moat.evidence.published import scoreboard

__all__ = ["Chapter", "Claim", "EvidenceError", "Finding", "Findings", "load_claims", "scoreboard"]

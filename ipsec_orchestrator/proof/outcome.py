"""What one look at the evidence came to."""

from dataclasses import dataclass

from ipsec_orchestrator.model.evidence import Diagnosis, Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """Verdict, diagnosis and the sentence for people."""

    verdict: Verdict
    diagnosis: Diagnosis
    reason: str


def unknown(reason: str) -> Finding:
    """Give the finding that nothing can be said, and why."""
    return Finding(Verdict.UNKNOWN, Diagnosis.NONE, reason)

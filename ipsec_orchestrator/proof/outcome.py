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


def counted(number: int, what: str) -> str:
    """Write a number of things: ``1 clear packet``, ``2 clear packets``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"

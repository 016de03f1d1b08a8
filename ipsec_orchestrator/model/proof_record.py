"""That a proof was made, and what came of it: what the record keeps beside the evidence folder."""

from dataclasses import dataclass
from datetime import datetime

from ipsec_orchestrator.model.evidence import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedFlow:
    """One flow of a proof.

    Attributes:
        source: Inventory name of the host that began it.
        destination: Inventory name of the other one.
        protocol: IANA number.
        port: Of the destination.
        addresses: From which address to which.
        is_protected: Whether the policy protects it; ``False`` for controls.
        is_second_path: Whether it goes by addresses that no filter matches, around the policy.
        as_expected: Whether the verdict is good news.
        verdict: What was found.
        reason: Why, in a sentence.
    """

    source: str
    destination: str
    protocol: int
    port: int
    is_protected: bool
    as_expected: bool
    verdict: Verdict
    reason: str = ""
    addresses: str = ""
    is_second_path: bool = False

    @property
    def tells(self) -> bool:
        """Whether it says something of the pair: a way around that is not there does not."""
        return self.is_protected and not (self.is_second_path and self.as_expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRecord:
    """One proof.

    Attributes:
        proof_id: Tells it from others; that of its evidence.
        playbook: Name of the playbook.
        domain: DNS name of the domain.
        began: When it began, UTC.
        ended: When it ended, UTC.
        evidence: Absolute path of the evidence folder; empty if none was written.
        flows: What was tried, in the order of the proof.
    """

    proof_id: str
    playbook: str
    domain: str
    began: datetime
    ended: datetime
    evidence: str = ""
    flows: tuple[ProvedFlow, ...] = ()

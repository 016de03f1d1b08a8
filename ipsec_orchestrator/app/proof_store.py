"""The record of proofs of a state folder."""

from collections.abc import Callable, Iterable
from datetime import datetime

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.proof_files import ProofFiles
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.model.evidence import FlowVerdict
from ipsec_orchestrator.model.proof_record import ProofRecord, ProvedFlow
from ipsec_orchestrator.ports import Clock, Proofs
from ipsec_orchestrator.report.proof_rows import expected

Tell = Callable[[str], None]


def proof_store(place: StatePlace, clock: Clock | None = None, tell: Tell | None = None) -> Proofs:
    """Give the record of proofs; nothing is opened or made before it is used.

    Args:
        place: Where it lies.
        clock: For the times of events; the system's own if there is no world with another.
        tell: Hears of damage, and what was done about it.
    """
    return ProofFiles(place.folder, clock or SystemClock(), tell or _nobody)


def _nobody(text: str) -> None:
    del text


def proof_record(
    proof_id: str,
    playbook: str,
    domain: str,
    verdicts: Iterable[FlowVerdict],
    *,
    began: datetime,
    ended: datetime,
    evidence: str = "",
) -> ProofRecord:
    """Give what is recorded of a proof.

    Args:
        proof_id: That of its evidence.
        playbook: Name of the playbook.
        domain: DNS name.
        verdicts: What was found.
        began: When it began, UTC.
        ended: When it ended, UTC.
        evidence: Absolute path of the evidence folder; empty if there is none.
    """
    return ProofRecord(
        proof_id=proof_id,
        playbook=playbook,
        domain=domain,
        began=began,
        ended=ended,
        evidence=evidence,
        flows=tuple(
            ProvedFlow(
                source=found.flow.source,
                destination=found.flow.destination,
                protocol=found.flow.protocol,
                port=found.flow.port,
                is_protected=found.flow.is_protected,
                as_expected=found.verdict in expected(found.flow),
                addresses=f"{found.flow.source_address} -> {found.flow.destination_address}",
                is_second_path=found.flow.is_second_path,
                verdict=found.verdict,
                reason=found.reason,
            )
            for found in verdicts
        ),
    )

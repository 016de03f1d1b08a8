"""Keeping the evidence of a proof as a folder that somebody else can check."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from ipsec_orchestrator import __version__
from ipsec_orchestrator.adapters.evidence_folder import write_evidence
from ipsec_orchestrator.app.prove import assigned_policy
from ipsec_orchestrator.app.show import domain_policies
from ipsec_orchestrator.engine.prove import Proof
from ipsec_orchestrator.model.evidence_files import EvidenceFile, EvidenceRun
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.ports import World
from ipsec_orchestrator.report.evidence_page import evidence_page
from ipsec_orchestrator.report.policy_report import policy_to_json
from ipsec_orchestrator.report.proof_rows import proof_to_json


def save_evidence(
    folder: Path,
    proofs: Sequence[Proof],
    playbook: Playbook,
    world: World,
    *,
    run_id: UUID,
    began_at: datetime,
    keeps_payload: bool = False,
) -> tuple[EvidenceFile, ...]:
    """Write everything that verdicts rest on, with the policy as the domain has it now.

    Args:
        folder: A new one.
        proofs: What was proved.
        playbook: By which it was judged.
        world: The domain, for its policy, its networks and the time.
        run_id: Tells this run from others.
        began_at: When it began.
        keeps_payload: Whether frames stay whole.

    Raises:
        UsageError: The folder is there already or can't be written.
        BackendError: The directory can't be read.
    """
    policy = assigned_policy(playbook)
    run = EvidenceRun(
        run_id=str(run_id),
        tool_version=__version__,
        domain=world.inventory.domain.name,
        playbook=playbook.name,
        policy=policy.name,
        began_at=began_at,
        ended_at=world.clock.now(),
        keeps_payload=keeps_payload,
    )
    judged = [(proof.evidence, proof.verdict) for proof in proofs]
    documents: dict[str, Json] = {
        "verdicts": proof_to_json([verdict for _, verdict in judged]),
        "policy": _policy_of_domain(policy.name, world),
    }
    return write_evidence(
        folder,
        run,
        [evidence for evidence, _ in judged],
        documents,
        lambda files: evidence_page(judged, run, world.inventory.networks, files),
    )


def _policy_of_domain(name: str, world: World) -> Json:
    """Give the policies of that name as they are stored; none is an empty list."""
    return [
        policy_to_json(found.policy, found.gpos)
        for found in domain_policies(world)
        if (found.policy.policy.name or "").casefold() == name.casefold()
    ]

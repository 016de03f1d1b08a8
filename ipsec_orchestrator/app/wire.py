"""The wire as a part of a look for drift: is a sample of what is protected really encrypted?"""

from collections.abc import Callable
from contextlib import closing

from ipsec_orchestrator.app.prove import ProofWish, prove_flows, wished_flows
from ipsec_orchestrator.model.drift import Difference, DriftKind, Unread
from ipsec_orchestrator.model.evidence import FlowVerdict, Verdict
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.ports import World
from ipsec_orchestrator.report.proof_rows import expected, port_text

Tell = Callable[[str], None]
WIRE = "wire"


def flows_to_prove(
    playbook: Playbook, inventory: Inventory, members: tuple[Host, ...], count: int
) -> tuple[Flow, ...]:
    """Choose about so many flows over all pairs of subnets; none if none are wanted.

    Raises:
        UsageError: The policy protects none between these members.
    """
    if not count:
        return ()
    return wished_flows(playbook, inventory, members, ProofWish(count=count))


def prove_sample(
    flows: tuple[Flow, ...], playbook: Playbook, world: World, tell: Tell
) -> tuple[list[Difference], list[Unread]]:
    """Prove these flows with the usual settings, by a listener of ours that goes by itself.

    Returns:
        A difference for each flow that is not as it ought to be, and what could not be proved.
    """
    differences: list[Difference] = []
    unknown: list[Unread] = []
    if not flows:
        return differences, unknown
    tell(f"proving {len(flows)} flows")
    with closing(prove_flows(flows, playbook, ProofWish(), world, _no_detail)) as proofs:
        for number, proof in enumerate(proofs, start=1):
            tell(f"proved {_name(proof.verdict.flow)} ({number} of {len(flows)})")
            if proof.verdict.verdict in expected(proof.verdict.flow):
                continue
            if proof.verdict.verdict is Verdict.UNKNOWN:
                unknown.append(
                    Unread(
                        object=f"{WIRE} {_name(proof.verdict.flow)}",
                        reason=proof.verdict.reason,
                        cure="orchestrate prove shows all that was seen.",
                    ),
                )
            else:
                differences.append(_difference(proof.verdict))
    return differences, unknown


def _difference(found: FlowVerdict) -> Difference:
    good = " or ".join(sorted(verdict.value for verdict in expected(found.flow)))
    return Difference(
        kind=DriftKind.DRIFT,
        object=f"{found.flow.source_address} -> {found.flow.destination_address}",
        thing=WIRE,
        name=_name(found.flow),
        field="traffic",
        expected=good,
        found=f"{found.verdict.value}: {found.reason}",
    )


def _name(flow: Flow) -> str:
    return f"{flow.source} to {flow.destination}, {port_text(flow)}"


def _no_detail(flow: Flow, text: str) -> None:
    del flow, text

"""Measuring a policy that only requests IPsec, before it is required."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ipsec_orchestrator.app.prove import assigned_policy
from ipsec_orchestrator.codec.selectors import members_of
from ipsec_orchestrator.engine.measure import measure_members
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.facts.assigned_set import assigned_set
from ipsec_orchestrator.facts.gpo import read_gpo
from ipsec_orchestrator.facts.ip_security_container import read_ip_security_container
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.measurement import FlowMeasurement, Measured
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.tightening import assigned_actions, assigned_dn
from ipsec_orchestrator.ports import World
from ipsec_orchestrator.proof.flows import flows_of
from ipsec_orchestrator.proof.measuring import measure, needed_hosts

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """What was measured.

    Attributes:
        measurements: One a flow, in the order of the inventory.
        accepted: Pairs of names, in small letters, whose unknown somebody takes the risk of.
    """

    measurements: tuple[FlowMeasurement, ...]
    accepted: frozenset[frozenset[str]] = frozenset()

    @property
    def falling_back(self) -> tuple[FlowMeasurement, ...]:
        """Flows that would be cut off."""
        return tuple(m for m in self.measurements if m.measured is Measured.FALLS_BACK)

    @property
    def unknown(self) -> tuple[FlowMeasurement, ...]:
        """Flows of which nobody knows, and nobody has said that it does not matter."""
        return tuple(
            found
            for found in self.measurements
            if found.measured is Measured.UNKNOWN and not self.is_accepted(found.flow)
        )

    @property
    def is_promotable(self) -> bool:
        """Whether nothing speaks against requiring IPsec."""
        return not (self.falling_back or self.unknown)

    def is_accepted(self, flow: Flow) -> bool:
        """Tell whether somebody takes the risk of a pair."""
        return frozenset((flow.source.casefold(), flow.destination.casefold())) in self.accepted


def measured_flows(playbook: Playbook, inventory: Inventory) -> tuple[Flow, ...]:
    """Give every flow that the policy protects between members.

    Raises:
        UsageError: There are none, or a member has no address in the inventory.
    """
    hosts = members_of(inventory, playbook)
    without = [host.name for host in hosts if not host.addresses]
    if without:
        raise UsageError(
            f"The inventory has no addresses for {', '.join(without)}, so that nothing of them "
            "can be measured.",
            cure="Write them under 'addresses' of the host.",
        )
    flows = flows_of(playbook, assigned_policy(playbook), hosts)
    if not flows:
        raise UsageError(
            f"The policy of {playbook.name} protects no flow between its members, so that there "
            "is nothing to measure.",
            cure="orchestrate apply PLAYBOOK --unmeasured applies it all the same.",
        )
    return flows


def measure_flows(
    playbook: Playbook,
    flows: Iterable[Flow],
    world: World,
    *,
    hours: int,
    accepted: Iterable[tuple[str, str]],
    tell: Tell,
) -> Promotion | None:
    """Measure flows by what members did during the last hours.

    Returns:
        ``None`` if the policy that the GPO assigns is none of this playbook's, or requires IPsec
        already.

    Raises:
        BackendError: The directory can't be read.
        PlanError: A part of the assigned policy is missing.
    """
    flows = tuple(flows)
    gpo = read_gpo(world.directory, playbook.gpo.name)
    container = read_ip_security_container(world.directory)
    dn = assigned_dn(playbook, gpo, container)
    if dn is None or not any(assigned_actions(playbook, gpo, container).values()):
        return None
    told = measure_members(
        needed_hosts(flows),
        assigned_set(container.entries, dn),
        world,
        seconds=hours * 3600,
        tell=tell,
    )
    return Promotion(
        measurements=tuple(
            measure(flow, told[flow.source], told[flow.destination], playbook=playbook.file)
            for flow in flows
        ),
        accepted=frozenset(
            frozenset((one.casefold(), other.casefold())) for one, other in accepted
        ),
    )

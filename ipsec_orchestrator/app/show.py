"""What the domain has, and what one host has."""

from dataclasses import dataclass

from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.facts.assignments import read_assignments
from ipsec_orchestrator.facts.ip_security_container import read_ip_security_container
from ipsec_orchestrator.facts.member_policy import MemberObservation, parse_member_policy
from ipsec_orchestrator.model.directory import dn_key
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.planning.desired import guid_text
from ipsec_orchestrator.planning.shown import (
    ShownPolicy,
    parts_of_cache,
    parts_of_container,
    shown_policies,
)
from ipsec_orchestrator.ports import World


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedPolicy:
    """A policy and the GPOs that assign it."""

    policy: ShownPolicy
    gpos: tuple[str, ...]


def domain_policies(world: World) -> tuple[AssignedPolicy, ...]:
    """Read every policy of the domain."""
    container = read_ip_security_container(world.directory)
    assigned = read_assignments(world.directory)
    found: list[AssignedPolicy] = []
    for shown in shown_policies(parts_of_container(container)):
        dn = f"CN=ipsecPolicy{guid_text(shown.policy.object_id)},{container.dn}"
        found.append(AssignedPolicy(policy=shown, gpos=assigned.get(dn_key(dn), ())))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPolicies:
    """What a host said, and the policies in its cache."""

    observation: MemberObservation
    policies: tuple[ShownPolicy, ...]


def asked(host: Host, world: World) -> HostPolicies | str:
    """Ask a host what it has; the reason where it can't be asked."""
    try:
        answer = world.members.run(host, world.scripts("member_policy"))
        observation = parse_member_policy(answer)
    except OrchestratorError as error:
        return str(error)
    policies = shown_policies(parts_of_cache(observation.cache or ()))
    return HostPolicies(observation=observation, policies=policies)

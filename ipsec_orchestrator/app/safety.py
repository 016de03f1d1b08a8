"""Makes sure, before anything is written, that nobody is locked out by it."""

from collections.abc import Iterable
from ipaddress import ip_address

from ipsec_orchestrator.codec.selectors import members_of as playbook_members
from ipsec_orchestrator.errors import PlanFileError
from ipsec_orchestrator.facts.controllers import read_controllers
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.active_policy import ActivePolicy, active_policy
from ipsec_orchestrator.model.inventory import Address, Host, HostRole, Inventory
from ipsec_orchestrator.model.plan import Consents, Plan, Purpose, Safety
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.lockout.filters import one_ways_of
from ipsec_orchestrator.planning.lockout.needed import Controller, Scene, needed_flows
from ipsec_orchestrator.planning.lockout.risks import Assessment, assess
from ipsec_orchestrator.planning.lockout.safety import (
    consented,
    dangers_of,
    hosts_in_scope,
    refuse_unsafe,
)
from ipsec_orchestrator.ports import World


def make_sure(
    plan: Plan, playbook: Playbook, observed: Observed, world: World, consents: Consents
) -> Safety:
    """Judge every flow that administration needs, and whatever else makes a plan dangerous.

    Args:
        plan: Its steps.
        playbook: What is wanted.
        observed: What was read.
        world: Who else is there.
        consents: What somebody takes upon them.

    Raises:
        UsageError: ``consents`` accepts a risk that the plan does not have.
        BackendError: The domain's controllers can't be read.
    """
    inventory = world.inventory
    hosts = hosts_in_scope(inventory, _members(playbook, inventory), observed)
    policy = _assigned(playbook)
    found = _assessed(policy, hosts, world)
    known = {host.fqdn.casefold() for host in hosts}
    known |= {fqdn.partition(".")[0] for fqdn in known}
    computers = observed.computers.computers
    strangers = [c for c in computers if not {c.fqdn.casefold(), c.name.casefold()} & known]
    safety = Safety(
        policy=policy,
        members=tuple(host.name for host in hosts),
        strangers=len(strangers),
        flows=found.flows,
        likely=found.likely,
        risks=found.risks,
        dangers=dangers_of(plan.steps, observed, hosts),
    )
    return consented(safety, consents)


def make_sure_again(plan: Plan, world: World) -> None:
    """Judge a plan that is about to be carried out, from here and now, and refuse what is unsafe.

    A saved plan may have been made on another workstation, and the domain may have more
    controllers than it had; what was accepted or confirmed then stands. The way back is never
    refused.

    Raises:
        UnsafePlanError: Something was not accepted or confirmed.
        PlanFileError: A saved plan does not say what it was judged by.
    """
    if plan.purpose is Purpose.REMOVE or plan.is_empty:
        return
    if plan.safety is None:
        raise PlanFileError(
            "The plan does not say what it would close.", cure="Make the plan again."
        )
    safety = plan.safety
    names = {name.casefold() for name in safety.members}
    hosts = [host for host in world.inventory.hosts if host.name.casefold() in names]
    found = _assessed(safety.policy, hosts, world)
    accepted = {risk.word for risk in safety.risks if risk.is_accepted}
    now = Safety(risks=found.risks, dangers=safety.dangers)
    confirmed = frozenset(danger.code for danger in safety.dangers if danger.is_confirmed)
    words = tuple(risk.word for risk in found.risks if risk.word in accepted)
    refuse_unsafe(consented(now, Consents(risks=words, dangers=confirmed)))


def _assessed(policy: ActivePolicy | None, hosts: Iterable[Host], world: World) -> Assessment:
    hosts = tuple(hosts)
    if policy is None:
        return Assessment(flows=0, likely=0, risks=())
    filters = one_ways_of(policy)
    controllers = _controllers(world)
    scene = Scene(
        settings=world.inventory.administration,
        members=hosts,
        inventory=world.inventory.hosts,
        controllers=controllers,
        workstations=world.inventory.administration.workstations or _own(hosts, controllers, world),
    )
    return assess(needed_flows(scene, filters), filters)


def _members(playbook: Playbook, inventory: Inventory) -> tuple[Host, ...]:
    """Give all members, also those that a limited run leaves out: the GPO reaches them too."""
    return playbook_members(inventory, playbook)


def _assigned(playbook: Playbook) -> ActivePolicy | None:
    if playbook.assignment is None:
        return None
    key = playbook.assignment.casefold()
    found = next(policy for policy in playbook.policies if policy.name.casefold() == key)
    return active_policy(playbook, found)


def _controllers(world: World) -> tuple[Controller, ...]:
    """Give every DC of the domain: those of the inventory, and those that the directory names."""
    found = {
        host.fqdn.casefold(): Controller(
            name=host.name,
            fqdn=host.fqdn,
            addresses=host.addresses or _looked_up(host.fqdn, world),
        )
        for host in world.inventory.hosts
        if host.role is HostRole.DOMAIN_CONTROLLER
    }
    for fqdn in read_controllers(world.directory):
        if fqdn.casefold() not in found:
            found[fqdn.casefold()] = Controller(
                name=fqdn, fqdn=fqdn, addresses=_looked_up(fqdn, world)
            )
    return tuple(found.values())


def _looked_up(fqdn: str, world: World) -> tuple[Address, ...]:
    return world.addresses.of(fqdn) if world.addresses is not None else ()


def _own(
    hosts: Iterable[Host], controllers: Iterable[Controller], world: World
) -> tuple[Address, ...]:
    """Give the addresses with which this machine speaks to the hosts.

    Where no host says where it is, those with which it speaks to the controllers.
    """
    if world.addresses is None:
        return ()
    targets = [to for host in hosts for to in _reached_at(host)]
    targets = targets or [to for controller in controllers for to in controller.addresses]
    found = map(world.addresses.own_towards, dict.fromkeys(targets))
    return tuple(dict.fromkeys(address for address in found if address is not None))


def _reached_at(host: Host) -> tuple[Address, ...]:
    """Give where WinRM connects to: as said for it, else to any address of the host."""
    if host.winrm.address is None:
        return host.addresses
    try:
        return (ip_address(host.winrm.address),)
    except ValueError:
        return host.addresses

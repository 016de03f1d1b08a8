"""Reads everything that planning rests on: directory first, then the members side by side."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from ipsec_orchestrator.codec import gpt_ini
from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.facts.assignments import read_assignments
from ipsec_orchestrator.facts.computers import read_computers
from ipsec_orchestrator.facts.gpo import (
    COMMENT_FILE,
    ObservedGpo,
    comment_text,
    read_blocking_units,
    read_gpo,
    read_links_elsewhere,
    read_ou,
)
from ipsec_orchestrator.facts.identity import read_invocation_id
from ipsec_orchestrator.facts.ip_security_container import read_ip_security_container
from ipsec_orchestrator.facts.member_policy import MemberObservation, parse_member_policy
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.facts.rivals import read_rivals
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.pilot_part import pilot_name
from ipsec_orchestrator.ports import World

Tell = Callable[[str], None]


def observe(playbook: Playbook, members: Iterable[Host], world: World, tell: Tell) -> Observed:
    """Read the domain and the members; writes nothing.

    A member that can't be read is part of what was seen, not an error.

    Raises:
        BackendError: The directory, or the GPO's template, can't be read.
        PlanError: The OU does not exist, or the GPO's name is ambiguous.
    """
    directory = world.directory
    names = directory.names()
    tell(f"reading {names.domain} on {names.dc}")
    ou = read_ou(directory, playbook.gpo.ou)
    gpo = read_gpo(directory, playbook.gpo.name)
    if gpo is not None:
        gpo = with_template(gpo, playbook, world)
    pilot = read_gpo(directory, pilot_name(playbook.gpo.name))
    if pilot is not None:
        pilot = with_template(pilot, playbook, world)
    rivals, enforced = read_rivals(directory, ou.entry.dn)
    return Observed(
        names=names,
        invocation_id=read_invocation_id(directory),
        gpo=gpo,
        pilot=pilot,
        ou=ou,
        container=read_ip_security_container(directory),
        computers=read_computers(directory, ou.entry.dn),
        rivals=rivals,
        enforced_above=enforced,
        blocking=read_blocking_units(directory, ou.entry.dn),
        linked_elsewhere=read_links_elsewhere(directory, gpo, ou.entry.dn) if gpo else (),
        assigned_elsewhere=_assigned_elsewhere(playbook, world),
        members=observe_members(members, world, tell),
    )


def _assigned_elsewhere(playbook: Playbook, world: World) -> dict[str, tuple[str, ...]]:
    own = {playbook.gpo.name.casefold(), pilot_name(playbook.gpo.name).casefold()}
    return {
        policy: others
        for policy, names in read_assignments(world.directory).items()
        if (others := tuple(name for name in names if name.casefold() not in own))
    }


def with_template(gpo: ObservedGpo, playbook: Playbook, world: World) -> ObservedGpo:
    """Read what the GPO's template says, by the playbook's way to SYSVOL.

    Raises:
        BackendError: It can't be read.
    """
    sysvol = world.sysvol[playbook.gpo.via]
    content = sysvol.read(gpo.gpo_id, "gpt.ini")
    number = gpt_ini.version(content).number if content is not None else None
    comment = ""
    if not gpo.entry.attributes.values_of("adminDescription"):
        # A run that ended right after making the GPO had no time to mark it.
        comment = comment_text(sysvol.read(gpo.gpo_id, COMMENT_FILE))
    return replace(gpo, template_version=number, comment=comment)


def observe_members(
    members: Iterable[Host],
    world: World,
    tell: Tell,
) -> dict[str, MemberObservation | str]:
    """Ask every member what policy it has; the reason where it can't be asked."""
    found: dict[str, MemberObservation | str] = {}
    hosts = list(members)
    for host, answer in world.runner.each(lambda host: observe_member(host, world), hosts):
        found[host.name] = answer
        tell(f"read {host.name} ({len(found)} of {len(hosts)})")
    return found


def observe_member(host: Host, world: World) -> MemberObservation | str:
    """Ask one member."""
    try:
        return parse_member_policy(world.members.run(host, world.scripts("member_policy")))
    except OrchestratorError as error:
        return str(error)

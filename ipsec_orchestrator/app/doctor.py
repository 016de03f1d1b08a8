"""``doctor``: reads what the checks need, has them judge it, and gives all findings."""

from collections.abc import Callable, Iterable, Sequence

from ipsec_orchestrator.adapters.azure import open_azure
from ipsec_orchestrator.app.azure_checks import ReaderFactory, azure_findings
from ipsec_orchestrator.app.check_list import (
    AZURE,
    chosen_checks,
    needs_of,
    topic_order,
)
from ipsec_orchestrator.app.examination import examine_domain
from ipsec_orchestrator.app.host_examination import examine_hosts, protected_ports
from ipsec_orchestrator.codec.selectors import members_of as playbook_members
from ipsec_orchestrator.codec.selectors import select
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.facts.health import HealthFacts
from ipsec_orchestrator.model.finding import Finding
from ipsec_orchestrator.model.inventory import Host, HostRole, Inventory
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.ports import World

Tell = Callable[[str], None]


def hosts_to_examine(
    inventory: Inventory, playbook: Playbook | None, limit: str | None
) -> tuple[Host, ...]:
    """Give the playbook's members, without one every host but the DCs, as far as wanted.

    Raises:
        UsageError: ``limit`` leaves nobody.
    """
    if playbook is not None:
        hosts = playbook_members(inventory, playbook)
    else:
        hosts = tuple(h for h in inventory.hosts if h.role is not HostRole.DOMAIN_CONTROLLER)
    if limit is None:
        return hosts
    wanted = {host.name for host in select(inventory, limit)}
    chosen = tuple(host for host in hosts if host.name in wanted)
    if not chosen:
        raise UsageError(
            f"--limit {limit} leaves none of the members: "
            f"{', '.join(host.name for host in hosts)}.",
            cure="orchestrate hosts --limit shows whom a selection means.",
        )
    return chosen


def units_of(playbook: Playbook | None, hosts: Iterable[Host]) -> tuple[str, ...]:
    """Give the OUs that matter: the playbook's, else those that hosts are said to be in."""
    if playbook is not None:
        return (playbook.gpo.ou,)
    return tuple(dict.fromkeys(host.ou for host in hosts if host.ou))


def diagnose(
    world: World,
    playbook: Playbook | None,
    hosts: Sequence[Host],
    only: Sequence[str],
    tell: Tell,
    *,
    ports: Sequence[int] = (),
    open_reader: ReaderFactory = open_azure,
) -> tuple[Finding, ...]:
    """Examine everything; changes nothing anywhere.

    Args:
        world: Whom to ask.
        playbook: What is wanted, if somebody said so.
        hosts: The members to examine.
        only: Topics or ids; empty for all.
        tell: Is told what is being read, one short line each, from several threads.
        ports: TCP ports to try between the sides; none takes the playbook's.
        open_reader: Opens Azure.

    Returns:
        Findings by topic, then by check, hosts in inventory order.

    Raises:
        UsageError: A word of ``only`` is neither a topic nor a check.
    """
    chosen = chosen_checks(only)
    needs = needs_of(chosen)
    domain = examine_domain(
        world, units_of(playbook, hosts), playbook.gpo.name if playbook else None, needs, tell
    )
    if not ports and playbook is not None:
        ports = protected_ports(playbook)
    facts = HealthFacts(
        inventory=world.inventory,
        playbook=playbook,
        members=tuple(host.name for host in hosts),
        records=domain.records,
        directory=domain.directory,
        directory_clock=domain.directory_clock,
        controllers=domain.controllers,
        hosts=examine_hosts(world, hosts, needs, ports, tell),
    )
    findings = [finding for check in chosen for finding in check.examine(facts)]
    wanted = [word for word in only if word.partition(".")[0] == AZURE]
    if wanted or not only:
        azure = azure_findings(open_reader, world.inventory, world.clock, tell)
        findings += [f for f in azure if not wanted or {AZURE, f.check_id} & set(wanted)]
    # Stable: within a topic the order of the checks stays.
    return tuple(sorted(findings, key=lambda finding: topic_order(finding.topic)))

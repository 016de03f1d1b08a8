"""Asks the hosts, side by side, for what the chosen checks need."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ipsec_orchestrator.app.examination import NOT_ASKED, Tell, attempt
from ipsec_orchestrator.checks.check import Need
from ipsec_orchestrator.facts.health import HostFacts, NotRead, TimedAnswer
from ipsec_orchestrator.facts.host_health import HostHealth, parse_host_health
from ipsec_orchestrator.facts.member_policy import parse_member_policy
from ipsec_orchestrator.facts.probed_targets import ProbedTarget, parse_probed_targets
from ipsec_orchestrator.facts.resolved_names import ResolvedNames, parse_resolved_names
from ipsec_orchestrator.model.inventory import Address, Host, HostRole
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.policy import FilterActionKind, Playbook
from ipsec_orchestrator.ports import World

# A host asks for this many others at most: two thousand hosts would ask four million times.
_MOST_NAMES: Final = 64
_MOST_PEERS: Final = 3
# What a member needs of a DC: Kerberos, LDAP, SYSVOL.
_CONTROLLER_PORTS: Final = (88, 389, 445)
_TCP: Final = frozenset({0, 6})
_NAMES_SECONDS: Final = 150.0
_PATHS_SECONDS: Final = 240.0


def examine_hosts(
    world: World,
    hosts: Sequence[Host],
    needs: frozenset[Need],
    ports: Sequence[int],
    tell: Tell,
) -> Mapping[str, HostFacts]:
    """Ask every host; what can't be had is part of the answer.

    Args:
        world: How they are reached.
        hosts: Whom to ask.
        needs: What to ask for.
        ports: TCP ports to try on the hosts of the other side; none tries their WinRM port.
        tell: Is told of every host that has answered.
    """
    if not needs & {Need.POLICY, Need.HEALTH, Need.NAMES, Need.PATHS}:
        return {host.name: _unasked(host) for host in hosts}
    found: dict[str, HostFacts] = {}
    places = {host.name: place for place, host in enumerate(hosts)}

    def ask(host: Host) -> HostFacts:
        return _ask(host, places[host.name], world, needs, ports)

    for host, facts in world.runner.each(ask, hosts):
        found[host.name] = facts
        tell(f"asked {host.name} ({len(found)} of {len(hosts)})")
    return found


def protected_ports(playbook: Playbook) -> tuple[int, ...]:
    """Give the TCP ports that the playbook has negotiated, in order."""
    found: dict[int, None] = {}
    for policy in playbook.policies:
        for rule in policy.rules:
            if playbook.filter_action(rule.filter_action).kind is not FilterActionKind.NEGOTIATE:
                continue
            for wanted in playbook.filter_list(rule.filter_list).filters:
                if wanted.protocol in _TCP and wanted.destination_port:
                    found[wanted.destination_port] = None
    return tuple(found)


def _unasked(host: Host) -> HostFacts:
    return HostFacts(
        host=host, policy=NOT_ASKED, health=NOT_ASKED, names=NOT_ASKED, paths=NOT_ASKED
    )


def _ask(
    host: Host, place: int, world: World, needs: frozenset[Need], ports: Sequence[int]
) -> HostFacts:
    def run(name: str, parameters: Mapping[str, Json] | None = None, seconds: float = 60.0) -> Json:
        call = world.scripts(name, parameters, deadline_seconds=seconds)
        return world.members.run(host, call)

    before = world.clock.now()
    # Asked in any case: it tells soonest whether the host can be asked at all.
    policy = attempt(lambda: parse_member_policy(run("member_policy")))
    after = world.clock.now()
    if isinstance(policy, NotRead):
        return HostFacts(host=host, policy=policy, health=policy, names=policy, paths=policy)
    health: HostHealth | NotRead = NOT_ASKED
    names: ResolvedNames | NotRead = NOT_ASKED
    paths: Mapping[Address, ProbedTarget] | NotRead = NOT_ASKED
    if Need.HEALTH in needs:
        health = attempt(lambda: parse_host_health(run("host_health")))
    if Need.NAMES in needs:
        others = _rotated(host, place, world.inventory.hosts)[:_MOST_NAMES]
        questions = {
            "Names": [other.fqdn for other in others],
            "Addresses": [str(address) for other in others for address in other.addresses],
        }
        names = attempt(
            lambda: parse_resolved_names(run("resolve_names", questions, _NAMES_SECONDS))
        )
    if Need.PATHS in needs:
        targets = {"Targets": _targets(host, place, world.inventory.hosts, ports)}
        paths = attempt(lambda: parse_probed_targets(run("probe_targets", targets, _PATHS_SECONDS)))
    return HostFacts(
        host=host,
        policy=policy,
        clock=TimedAnswer(time=policy.time, before=before, after=after),
        health=health,
        names=names,
        paths=paths,
    )


def _rotated(host: Host, place: int, hosts: Iterable[Host]) -> list[Host]:
    """Give the others, beginning elsewhere for each host, so that together they ask for all."""
    others = [other for other in hosts if other.name != host.name]
    start = place % len(others) if others else 0
    return [*others[start:], *others[:start]]


def _targets(host: Host, place: int, hosts: Iterable[Host], ports: Sequence[int]) -> list[Json]:
    """Give the hosts to try on the other side: some members, and every DC that is there."""
    across = [
        other
        for other in _rotated(host, place, hosts)
        if _in_azure(other) is not _in_azure(host) and other.addresses
    ]
    controllers = [other for other in across if other.role is HostRole.DOMAIN_CONTROLLER]
    peers = [other for other in across if other.role is not HostRole.DOMAIN_CONTROLLER]
    tried = [(other, tuple(ports) or (other.winrm.effective_port,)) for other in peers]
    tried = tried[:_MOST_PEERS] + [(other, _CONTROLLER_PORTS) for other in controllers]
    return [" ".join(map(str, (other.addresses[0], *wanted))) for other, wanted in tried]


def _in_azure(host: Host) -> bool:
    return host.role is HostRole.AZURE_VM

"""The way between the two sides, tried from the hosts themselves."""

from collections.abc import Iterator
from typing import Final

from ipsec_orchestrator.checks.check import (
    Need,
    Verdict,
    failed,
    host_check,
    not_applicable,
    passed,
    unread,
)
from ipsec_orchestrator.facts.health import HealthFacts, HostFacts, NotRead
from ipsec_orchestrator.facts.probed_targets import (
    CONNECTED,
    PING_ANSWERED,
    PING_TOO_BIG,
    REFUSED,
    ProbedTarget,
)

_FULL_BYTES: Final = 1500
_NOBODY: Final = not_applicable("The inventory has no host with an address on the other side.")


def _targets(facts: HealthFacts, host: HostFacts) -> Iterator[tuple[str, ProbedTarget]]:
    """Give the names and paths of the hosts that were tried."""
    if isinstance(host.paths, NotRead):
        return
    for other in facts.inventory.hosts:
        for address in other.addresses:
            if address in host.paths:
                yield other.name, host.paths[address]


def _tcp(facts: HealthFacts, host: HostFacts) -> Verdict:
    if isinstance(host.paths, NotRead):
        return unread(host.paths)
    targets = tuple(_targets(facts, host))
    if not targets:
        return _NOBODY
    silent = [
        f"{name} port {port}"
        for name, target in targets
        for port, result in target.ports.items()
        if result not in (CONNECTED, REFUSED)
    ]
    if silent:
        return failed(
            f"No answer from {', '.join(silent)}.",
            "Check routes, network security groups and firewalls between the two sides for these "
            "ports.",
        )
    opened, refused = (
        sum(result == wanted for _, target in targets for result in target.ports.values())
        for wanted in (CONNECTED, REFUSED)
    )
    nobody = f"; {refused} answered that nothing listens there, so the way is open" * bool(refused)
    return passed(f"{len(targets)} hosts tried: {opened} connections opened{nobody}.")


def _ping(facts: HealthFacts, host: HostFacts) -> Verdict:
    if isinstance(host.paths, NotRead):
        return unread(host.paths)
    targets = tuple(_targets(facts, host))
    if not targets:
        return _NOBODY
    silent = [name for name, target in targets if target.ping != PING_ANSWERED]
    if len(silent) == len(targets):
        return not_applicable("Ping is not answered; Windows Firewall blocks it by default.")
    if silent:
        return not_applicable(f"Ping is not answered by {', '.join(silent)}, but by others.")
    return passed(f"{len(targets)} hosts answer.")


def _path_mtu(facts: HealthFacts, host: HostFacts) -> Verdict:
    if isinstance(host.paths, NotRead):
        return unread(host.paths)
    measured = [
        (name, target) for name, target in _targets(facts, host) if target.ping == PING_ANSWERED
    ]
    if not measured:
        return not_applicable("It is measured by ping, which is not answered.")
    swallowed = [
        f"{name} (packets over {target.path_mtu_bytes} bytes)"
        for name, target in measured
        if target.full_ping not in (PING_ANSWERED, PING_TOO_BIG)
    ]
    if swallowed:
        return failed(
            f"Large packets to {', '.join(swallowed)} vanish without a word; ESP makes packets "
            "larger, and connections would stall.",
            "Let ICMP type 3 code 4 (fragmentation needed) through between the two sides, or set "
            "the MTU of the adapters to what goes through.",
        )
    smallest = min(target.path_mtu_bytes or _FULL_BYTES for _, target in measured)
    if smallest < _FULL_BYTES:
        return passed(f"At least {smallest} bytes, and the way says so when a packet is too large.")
    return passed(f"{_FULL_BYTES} bytes go through to {len(measured)} hosts.")


CHECKS: Final = (
    host_check("connectivity.tcp", "TCP to the other side", [Need.PATHS], _tcp),
    host_check("connectivity.ping", "Ping to the other side", [Need.PATHS], _ping),
    host_check("connectivity.path-mtu", "Path MTU to the other side", [Need.PATHS], _path_mtu),
)

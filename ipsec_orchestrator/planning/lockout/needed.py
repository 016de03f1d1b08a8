"""The flows that administration needs: each of them has to stay open on every host."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, assert_never

from ipsec_orchestrator.model.administration import (
    AdministrationSettings,
    EndWord,
    ExtraFlow,
    FlowEnd,
    NamedHost,
)
from ipsec_orchestrator.model.inventory import Address, Host, HostRole
from ipsec_orchestrator.model.policy import FilterActionKind
from ipsec_orchestrator.planning.lockout.filters import Direction, OneWay
from ipsec_orchestrator.planning.lockout.flows import End, NeededFlow, Service
from ipsec_orchestrator.planning.lockout.regions import (
    EVERY_ADDRESS,
    EVERY_PROTOCOL,
    Span,
    box_of,
)

_ICMP, _TCP, _UDP, _ESP, _AH = 1, 6, 17, 50, 51
_NO_PORT: Final[Span] = (0, 0)
# Windows takes the ports of its own side from here on, and serves RPC there (RFC 6335 6).
DYNAMIC_PORTS: Final[Span] = (49_152, 65_535)
# Workstations may be Linux, whose range begins lower (net.ipv4.ip_local_port_range).
_WORKSTATION_PORTS: Final[Span] = (32_768, 65_535)
_AZURE_PLATFORM: Final = IPv4Address("168.63.129.16")
_AZURE_METADATA: Final = IPv4Address("169.254.169.254")
_WORKSTATION: Final = "workstation"
_EVERYBODY: Final = End(name="any address", spans=(EVERY_ADDRESS,))


def _tcp(port: int) -> tuple[int, Span]:
    return _TCP, (port, port)


def _udp(port: int) -> tuple[int, Span]:
    return _UDP, (port, port)


# What a member asks a domain controller for; the way back goes over the same ports.
_CONTROLLER_SERVICES: Final = (
    ("kerberos", "Kerberos (88, 464)", (_tcp(88), _udp(88), _tcp(464), _udp(464))),
    (
        "ldap",
        "LDAP and the DC locator (389, 636, 3268, 3269)",
        (_tcp(389), _udp(389), _tcp(636), _tcp(3268), _tcp(3269)),
    ),
    ("smb", "SMB to SYSVOL (tcp 445)", (_tcp(445),)),
    ("dns", "DNS (53)", (_tcp(53), _udp(53))),
    ("rpc", "RPC (tcp 135, 49152-65535)", (_tcp(135), (_TCP, DYNAMIC_PORTS))),
)


# Name resolution, and what the agent of a VM talks to.
_PLATFORM_SERVICES: Final = (_tcp(53), _udp(53), _tcp(80), _tcp(32_526))


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """A domain controller; without addresses they are unknown."""

    name: str
    fqdn: str
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Who is there.

    Attributes:
        settings: What the inventory adds.
        members: Hosts that get the policy.
        inventory: All hosts.
        controllers: All DCs of the domain.
        workstations: Where administration comes from; empty if nobody knows.
    """

    settings: AdministrationSettings
    members: tuple[Host, ...]
    inventory: tuple[Host, ...]
    controllers: tuple[Controller, ...]
    workstations: tuple[Address, ...]


def needed_flows(scene: Scene, filters: Iterable[OneWay]) -> Iterator[NeededFlow]:
    """Give every flow of which an end gets the policy, host by host.

    Key exchange (UDP 500 and 4500) is not among them: it is exempt from all filters while the
    policy has a rule that negotiates, and needed only then.
    """
    filters = tuple(filters)
    ends = _Ends(scene)
    for host in scene.members:
        yield from _of_host(host, ends, filters)
        if host.role is HostRole.DOMAIN_CONTROLLER:
            # A DC that gets the policy has to stay reachable from here too.
            yield from _directory_flows(
                _WORKSTATION, ends.workstation, ends.of_host(host), host.name
            )
    for extra in scene.settings.flows:
        yield from _extra(extra, ends)


class _Ends:
    """Hosts, controllers and workstations as ends of flows."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._members = {host.fqdn.casefold() for host in scene.members}
        self._addresses = {a for host in scene.members for a in host.addresses}
        self.members = _numbers(scene.members)
        self.hosts = _numbers(scene.inventory)
        self._by_name = {
            host.name.casefold(): self._host(host) for host in (*scene.inventory, *scene.members)
        }
        self.controllers = tuple(
            (found, self._end(found.name, found.addresses, has_policy=self._has_policy(found)))
            for found in scene.controllers
        )
        shown = ", ".join(map(str, scene.workstations)) or "address unknown"
        self.workstation = self._end(f"the workstation ({shown})", scene.workstations)

    def of_host(self, host: Host) -> End:
        return self._by_name[host.name.casefold()]

    def named(self, name: str) -> End:
        return self._by_name[name.casefold()]

    def at(self, where: Address | IPv4Network | IPv6Network) -> End:
        match where:
            case IPv4Address() | IPv6Address():
                return self._end(str(where), (where,))
            case IPv4Network():
                span = (int(where.network_address), int(where.broadcast_address))
                return End(
                    name=str(where),
                    spans=(span,),
                    has_policy=any(a in where for a in self._addresses),
                )
            case IPv6Network():
                return End(name=str(where), spans=())

    def _host(self, host: Host) -> End:
        has_policy = host.fqdn.casefold() in self._members
        return self._end(host.name, host.addresses, has_policy=has_policy)

    def _has_policy(self, found: Controller) -> bool:
        return found.fqdn.casefold() in self._members

    def _end(
        self, name: str, addresses: Sequence[Address], *, has_policy: bool | None = None
    ) -> End:
        # Filters in the directory's format are IPv4's; IPv6 passes them by.
        spans = tuple((int(a), int(a)) for a in addresses if isinstance(a, IPv4Address))
        if has_policy is None:
            has_policy = any(address in self._addresses for address in addresses)
        return End(
            name=name,
            spans=spans if addresses else (EVERY_ADDRESS,),
            is_known=bool(addresses),
            has_policy=has_policy,
        )


def _of_host(host: Host, ends: _Ends, filters: tuple[OneWay, ...]) -> Iterator[NeededFlow]:
    me, settings = ends.of_host(host), ends.scene.settings
    port = host.winrm.effective_port
    remote_control = [("winrm", f"WinRM (tcp {port})", [_tcp(port)])]
    if settings.rdp:
        remote_control.append(("rdp", "Remote Desktop (3389)", [_tcp(3389), _udp(3389)]))
    for name, title, services in remote_control:
        yield NeededFlow(
            name=name,
            title=title,
            subject=host.name,
            client=ends.workstation,
            server=me,
            services=_services(_WORKSTATION_PORTS, services),
        )
    for controller, end in ends.controllers:
        if controller.fqdn.casefold() != host.fqdn.casefold():
            yield from _directory_flows(host.name, me, end, controller.name)
    yield from _dhcp(host, me, ends)
    yield NeededFlow(
        name="icmp",
        title="ICMP into the host (path MTU)",
        subject=host.name,
        client=_EVERYBODY,
        server=me,
        services=(Service(protocol=(_ICMP, _ICMP), client_ports=_NO_PORT, server_ports=_NO_PORT),),
        is_two_way=False,
        # Routers send these messages; the hosts of the inventory are none.
        passed_over=ends.hosts,
    )
    peers = _peers(filters)
    if peers:
        yield NeededFlow(
            name="esp",
            title="ESP and AH (protocols 50, 51)",
            subject=host.name,
            client=me,
            server=End(name="its IPsec peers", spans=peers),
            services=(Service(protocol=(_ESP, _AH), client_ports=_NO_PORT, server_ports=_NO_PORT),),
            carries_ipsec=True,
        )
    if host.role is HostRole.AZURE_VM:
        yield from _azure(host, me)


def _directory_flows(
    subject: str, client: End, server: End, controller: str
) -> Iterator[NeededFlow]:
    ports = _WORKSTATION_PORTS if subject == _WORKSTATION else DYNAMIC_PORTS
    for name, title, services in _CONTROLLER_SERVICES:
        yield NeededFlow(
            name=name,
            title=title,
            subject=subject,
            other=controller,
            client=client,
            server=server,
            services=_services(ports, services),
            is_to_controller=True,
        )
    yield NeededFlow(
        name="ntp",
        title="NTP (udp 123)",
        subject=subject,
        other=controller,
        client=client,
        server=server,
        # Windows asks from port 123 as well as from a dynamic one.
        services=_services(ports, (_udp(123),)) + _services((123, 123), (_udp(123),)),
        is_to_controller=True,
    )


def _dhcp(host: Host, me: End, ends: _Ends) -> Iterator[NeededFlow]:
    server, settings = _EVERYBODY, ends.scene.settings
    if host.role is HostRole.AZURE_VM:
        # In Azure the platform's address is the DHCP server.
        server = End(name=str(_AZURE_PLATFORM), spans=_single(_AZURE_PLATFORM))
    elif settings.dhcp_servers is not None:
        known = [a for a in settings.dhcp_servers if isinstance(a, IPv4Address)]
        spans = tuple(span for address in known for span in _single(address))
        server = End(name="the DHCP servers", spans=spans)
    if server.spans:
        yield NeededFlow(
            name="dhcp",
            title="DHCP (udp 68 to 67)",
            subject=host.name,
            client=me,
            server=server,
            services=_services((68, 68), (_udp(67),)),
            passed_over=ends.members if server is _EVERYBODY else frozenset(),
        )


def _azure(host: Host, me: End) -> Iterator[NeededFlow]:
    yield NeededFlow(
        name="azure-platform",
        title="Azure's platform address (53, 80, 32526)",
        subject=host.name,
        client=me,
        server=End(name=str(_AZURE_PLATFORM), spans=_single(_AZURE_PLATFORM)),
        services=_services(DYNAMIC_PORTS, _PLATFORM_SERVICES),
    )
    yield NeededFlow(
        name="azure-metadata",
        title="Azure's instance metadata (tcp 80)",
        subject=host.name,
        client=me,
        server=End(name=str(_AZURE_METADATA), spans=_single(_AZURE_METADATA)),
        services=_services(DYNAMIC_PORTS, (_tcp(80),)),
    )


def _peers(filters: Iterable[OneWay]) -> tuple[Span, ...]:
    """Give the addresses with which some filter negotiates, seen from a host of the policy."""
    spans = {
        box[1]
        for found in filters
        if found.action.kind is FilterActionKind.NEGOTIATE
        for direction in Direction
        if (box := box_of(found, direction)) is not None
    }
    return tuple(sorted(spans))


def _extra(extra: ExtraFlow, ends: _Ends) -> Iterator[NeededFlow]:
    protocol = (extra.protocol, extra.protocol) if extra.protocol else EVERY_PROTOCOL
    has_ports = extra.protocol in {0, _TCP, _UDP}
    for source_name, source in _ends_of(extra.source, ends):
        for name, destination in _ends_of(extra.destination, ends):
            if source == destination or not (source.has_policy or destination.has_policy):
                continue
            names = [found for found in (source_name, name) if found]
            yield NeededFlow(
                name=extra.name,
                title=extra.name,
                subject=names[0] if names else "any",
                other=":".join(names[1:]),
                client=source,
                server=destination,
                services=(
                    Service(
                        protocol=protocol,
                        client_ports=_WORKSTATION_PORTS if has_ports else _NO_PORT,
                        server_ports=extra.ports if has_ports else _NO_PORT,
                    ),
                ),
                is_to_controller=any(end in (source, destination) for _, end in ends.controllers),
            )


def _ends_of(end: FlowEnd, ends: _Ends) -> Iterator[tuple[str, End]]:
    match end:
        case EndWord.MEMBERS:
            yield from ((host.name, ends.of_host(host)) for host in ends.scene.members)
        case EndWord.WORKSTATIONS:
            yield "", ends.workstation
        case EndWord.CONTROLLERS:
            yield from ((found.name, made) for found, made in ends.controllers)
        case EndWord.ANY:
            yield "", End(name="any address", spans=(EVERY_ADDRESS,))
        case NamedHost():
            yield end.name, ends.named(end.name)
        case IPv4Address() | IPv6Address() | IPv4Network() | IPv6Network():
            yield "", ends.at(end)
        case _ as never:
            assert_never(never)


def _numbers(hosts: Iterable[Host]) -> frozenset[int]:
    return frozenset(
        int(address)
        for host in hosts
        for address in host.addresses
        if isinstance(address, IPv4Address)
    )


def _services(client_ports: Span, services: Iterable[tuple[int, Span]]) -> tuple[Service, ...]:
    return tuple(
        Service(protocol=(protocol, protocol), client_ports=client_ports, server_ports=ports)
        for protocol, ports in services
    )


def _single(address: IPv4Address) -> tuple[Span, ...]:
    return ((int(address), int(address)),)

"""The ``administration`` section -> :class:`AdministrationSettings`: ends resolved, names checked."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from ipsec_orchestrator.adapters.specification.administration_schema import (
    AdministrationFlowSection,
    AdministrationSection,
)
from ipsec_orchestrator.adapters.specification.document import Place
from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.fields import quoted
from ipsec_orchestrator.adapters.specification.inventory_schema import InventoryFile
from ipsec_orchestrator.adapters.specification.traffic import PROTOCOLS_WITH_PORTS
from ipsec_orchestrator.model.administration import (
    FLOW_NAMES,
    AdministrationSettings,
    EndWord,
    ExtraFlow,
    FlowEnd,
    NamedHost,
)
from ipsec_orchestrator.model.inventory import Host, Network
from ipsec_orchestrator.model.suggestion import did_you_mean

_EVERY_PORT = (0, 65_535)


def lower_administration(
    sources: Sequence[Examined[InventoryFile]],
    hosts: Sequence[Host],
    networks: Sequence[Network],
) -> AdministrationSettings:
    """Make the settings of the one file that has the section; a second one is a problem."""
    found: AdministrationSettings | None = None
    first = ""
    for examined in sources:
        section = examined.content.administration if examined.content is not None else None
        if section is None:
            continue
        if found is not None:
            message = f"administration is already described at {first}."
            examined.add(("administration",), message, at_key=True)
            continue
        first = examined.where(("administration",))
        found = _settings(examined, section, hosts, networks)
    return found or AdministrationSettings()


def _settings(
    examined: Examined[InventoryFile],
    section: AdministrationSection,
    hosts: Sequence[Host],
    networks: Sequence[Network],
) -> AdministrationSettings:
    servers = section.dhcp_servers
    flows: list[ExtraFlow] = []
    names: dict[str, str] = dict.fromkeys(FLOW_NAMES, "")
    for index, flow in enumerate(section.flows):
        place = ("administration", "flows", index)
        key = flow.name.casefold()
        if key in names:
            where = names[key] or "what is proved anyway"
            message = f"the name '{flow.name}' is taken by {where}; take another one."
            examined.add((*place, "name"), message)
        names[key] = f"the flow at {examined.where(place)}"
        lowered = _flow(examined, place, flow, hosts, networks)
        if lowered is not None:
            flows.append(lowered)
    return AdministrationSettings(
        workstations=tuple(ip_address(text) for text in section.workstations),
        rdp=section.rdp,
        dhcp_servers=None if servers is None else tuple(ip_address(text) for text in servers),
        flows=tuple(flows),
    )


def _flow(
    examined: Examined[InventoryFile],
    place: Place,
    flow: AdministrationFlowSection,
    hosts: Sequence[Host],
    networks: Sequence[Network],
) -> ExtraFlow | None:
    if flow.protocol not in PROTOCOLS_WITH_PORTS and flow.port != _EVERY_PORT:
        message = "ports exist only with 'protocol: tcp' and 'protocol: udp'."
        examined.add((*place, "port"), message)
    ends: list[FlowEnd] = []
    for key, text in (("source", flow.source), ("destination", flow.destination)):
        if not examined.is_sound((*place, key)):
            continue
        try:
            ends.append(_end(text.strip(), hosts, networks))
        except ValueError as error:
            examined.add((*place, key), str(error))
    if len(ends) != 2:  # noqa: PLR2004 - source and destination
        return None
    return ExtraFlow(
        name=flow.name,
        source=ends[0],
        destination=ends[1],
        protocol=flow.protocol,
        ports=flow.port,
    )


def _end(word: str, hosts: Sequence[Host], networks: Sequence[Network]) -> FlowEnd:
    key = word.casefold()
    if key in tuple(EndWord):
        return EndWord(key)
    for host in hosts:
        if host.name.casefold() == key:
            return NamedHost(name=host.name)
    for network in networks:
        if network.name.casefold() == key:
            return network.subnet
    try:
        return ip_address(word)
    except ValueError:
        pass
    try:
        return ip_network(word)
    except ValueError:
        known = (*(host.name for host in hosts), *(n.name for n in networks), *EndWord)
        raise ValueError(
            f"{quoted(word)} is neither a host, a network, an address, a subnet nor one of "
            f"{', '.join(EndWord)}.{did_you_mean(word, known)}",
        ) from None

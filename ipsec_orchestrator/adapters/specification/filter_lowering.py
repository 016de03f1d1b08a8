"""Filters of a filter list: endpoints resolved, senseless and double filters refused."""

from collections.abc import Sequence

from ipsec_orchestrator.adapters.specification.document import Place
from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.playbook_schema import FilterSection, PlaybookFile
from ipsec_orchestrator.adapters.specification.traffic import PROTOCOLS_WITH_PORTS, parse_endpoint
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import Endpoint, Filter, NamedEndpoint


def lower_filters(
    examined: Examined[PlaybookFile],
    place: Place,
    sections: Sequence[FilterSection],
    inventory: Inventory | None,
) -> tuple[Filter, ...]:
    """Make the filters of a list; problems are added to the file.

    Args:
        examined: The playbook file.
        place: Where the list's filters are.
        sections: The filters as written.
        inventory: Where named networks are.
    """
    found: list[Filter] = []
    seen: dict[object, Place] = {}
    for index, section in enumerate(sections):
        at = (*place, index)
        lowered = _lower_filter(examined, at, section, inventory)
        if lowered is None:
            continue
        for packets in _packets(lowered):
            first = seen.setdefault(packets, at)
            if first is not at:
                message = f"the filter at {examined.where(first)} matches the same packets."
                examined.add(at, message)
                break
        found.append(lowered)
    return tuple(found)


def _lower_filter(
    examined: Examined[PlaybookFile],
    place: Place,
    section: FilterSection,
    inventory: Inventory | None,
) -> Filter | None:
    source = _endpoint(examined, (*place, "source"), section.source, inventory)
    destination = _endpoint(examined, (*place, "destination"), section.destination, inventory)
    if section.protocol not in PROTOCOLS_WITH_PORTS:
        for key, port in (
            ("source_port", section.source_port),
            ("destination_port", section.destination_port),
        ):
            if port:
                message = "ports exist only with 'protocol: tcp' and 'protocol: udp'."
                examined.add((*place, key), message)
    if source is None or destination is None:
        return None
    if source is NamedEndpoint.ME and destination is NamedEndpoint.ME:
        message = "from 'me' to 'me' no packet leaves the computer; name the other side."
        examined.add((*place, "destination"), message)
    return Filter(
        source=source,
        destination=destination,
        protocol=section.protocol,
        source_port=section.source_port,
        destination_port=section.destination_port,
        mirrored=section.mirrored,
        description=section.description,
    )


def _endpoint(
    examined: Examined[PlaybookFile],
    place: Place,
    text: str,
    inventory: Inventory | None,
) -> Endpoint | None:
    if not examined.is_sound(place):
        return None
    try:
        return parse_endpoint(text, inventory)
    except ValueError as error:
        examined.add(place, str(error))
        return None


def _packets(found: Filter) -> tuple[tuple[object, ...], ...]:
    """Give what a filter matches, one direction each; a mirrored filter matches two."""
    there = (
        found.source,
        found.destination,
        found.protocol,
        found.source_port,
        found.destination_port,
    )
    back = (
        found.destination,
        found.source,
        found.protocol,
        found.destination_port,
        found.source_port,
    )
    return (there, back) if found.mirrored and there != back else (there,)

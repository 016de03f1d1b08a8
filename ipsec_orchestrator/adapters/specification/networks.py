"""Named networks of the inventory: names, subnets, duplicates."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.fields import quoted
from ipsec_orchestrator.adapters.specification.inventory_schema import InventoryFile
from ipsec_orchestrator.model.inventory import Network, Subnet
from ipsec_orchestrator.model.policy import NamedEndpoint


def lower_networks(
    sources: Sequence[tuple[Examined[InventoryFile], InventoryFile]],
) -> tuple[Network, ...]:
    """Merge the networks of all files; problems are added to the files."""
    found: dict[str, Network] = {}
    places: dict[str, str] = {}
    for examined, content in sources:
        for name, text in content.networks.items():
            place = ("networks", name)
            key = name.casefold()
            if key in places:
                message = f"the network '{name}' is already defined at {places[key]}."
                examined.add(place, message, at_key=True)
                continue
            places[key] = examined.where(place)
            if key in tuple(NamedEndpoint) or _is_address(name):
                message = f"{quoted(name)} means something else in a playbook; take another name."
                examined.add(place, message, at_key=True)
                continue
            try:
                found[key] = Network(name=name, subnet=_subnet(text))
            except ValueError as error:
                examined.add(place, str(error))
    return tuple(found.values())


def _subnet(text: str) -> Subnet:
    try:
        subnet = ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError(f"{quoted(text)} is not a subnet such as 10.0.1.0/24.") from None
    if "/" in text and ip_address(text.strip().partition("/")[0]) != subnet.network_address:
        raise ValueError(
            f"{quoted(text)} has bits behind its prefix length. Did you mean '{subnet}'?",
        )
    return subnet


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True

"""Words of a filter -> the model: protocols, ports, sources and destinations."""

import re
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    NetmaskValueError,
    ip_network,
)
from typing import Annotated, TypeAlias

from pydantic import PlainValidator, WithJsonSchema

from ipsec_orchestrator.adapters.specification.fields import quoted, wrong
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import Endpoint, NamedEndpoint
from ipsec_orchestrator.model.suggestion import did_you_mean

# IANA protocol numbers under the names that netsh and the snap-in use.
PROTOCOLS = {"any": 0, "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "raw": 255}
PROTOCOLS_WITH_PORTS = frozenset({PROTOCOLS["tcp"], PROTOCOLS["udp"]})

# netsh's words for servers that a host learns from its network settings.
_SERVER_WORDS = frozenset({"dns", "wins", "dhcp", "gateway"})

_HIGHEST_PROTOCOL = 0xFF
_HIGHEST_PORT = 0xFFFF


def _protocol(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        if 0 <= value <= _HIGHEST_PROTOCOL:
            return value
    elif isinstance(value, str):
        number = PROTOCOLS.get(value.casefold())
        if number is not None:
            return number
    allowed = ", ".join(PROTOCOLS)
    hint = did_you_mean(value, PROTOCOLS) if isinstance(value, str) else ""
    raise wrong(
        f"{quoted(value)} is no protocol; allowed are {allowed} or a number from 0 to 255.{hint}",
    )


def _port(value: object) -> int:
    if isinstance(value, str) and value.casefold() == "any":
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _HIGHEST_PORT:
        return value
    if isinstance(value, str) and re.fullmatch(r"\d+\s*-\s*\d+", value, re.ASCII):
        raise wrong(
            f"{quoted(value)}: port ranges can't be stored in a way that is proved to work; "
            "write one filter a port.",
        )
    raise wrong(f"{quoted(value)} is no port; allowed are 'any' and 0 to {_HIGHEST_PORT}.")


ProtocolWord: TypeAlias = Annotated[
    int,
    PlainValidator(_protocol),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(PROTOCOLS)},
                {"type": "integer", "minimum": 0, "maximum": _HIGHEST_PROTOCOL},
            ],
        },
    ),
]
PortWord: TypeAlias = Annotated[
    int,
    PlainValidator(_port),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "any"},
                {"type": "integer", "minimum": 0, "maximum": _HIGHEST_PORT},
            ],
        },
    ),
]


def parse_endpoint(text: str, inventory: Inventory | None) -> Endpoint:
    """Read a source or destination.

    Args:
        text: An address, a subnet, ``me``, ``any``, or a network's name.
        inventory: Where named networks are; ``None`` if there is no inventory.

    Raises:
        ValueError: Nothing of all that, or nothing that the directory's format is proved to
            carry; its text says why.
    """
    word = text.strip()
    key = word.casefold()
    if key in (NamedEndpoint.ME, NamedEndpoint.ANY):
        return NamedEndpoint(key)
    network = inventory.network(word) if inventory else None
    if network is not None:
        if not isinstance(network.subnet, IPv4Network):
            raise ValueError(f"the network {quoted(word)} is IPv6. {_NO_IPV6}")
        return _endpoint_of_subnet(network.subnet)
    if re.fullmatch(r"[0-9./\s-]+", word):
        return _numeric(word)
    if ":" in word:
        try:
            ip_network(word, strict=False)
        except ValueError:
            raise ValueError(f"{quoted(word)} is not an address.") from None
        raise ValueError(f"{quoted(word)} is IPv6. {_NO_IPV6}")
    if key in _SERVER_WORDS:
        raise ValueError(
            f"{quoted(word)}: filters for the host's own {word.upper()} server can't be stored in "
            "a way that is proved to work; write the server's address.",
        )
    raise ValueError(_unknown_name(word, inventory))


_NO_IPV6 = (
    "IPv6 goes into a second section of the stored filter whose layout is not proved by any real "
    "object; use IPv4."
)


def _numeric(word: str) -> Endpoint:
    if "-" in word:
        raise ValueError(
            f"{quoted(word)}: address ranges go into a second section of the stored filter whose "
            "layout is not proved by any real object; write subnets or single addresses.",
        )
    try:
        if "/" not in word:
            return _endpoint_of_address(IPv4Address(word))
        subnet = IPv4Network(word, strict=False)
    except (AddressValueError, NetmaskValueError) as error:
        raise ValueError(f"{quoted(word)} is not an IPv4 address or subnet.") from error
    written = IPv4Address(word.partition("/")[0])
    if written != subnet.network_address:
        raise ValueError(
            f"{quoted(word)} has bits behind its prefix length. Did you mean '{subnet}'?",
        )
    return _endpoint_of_subnet(subnet)


def _endpoint_of_subnet(subnet: IPv4Network) -> Endpoint:
    if subnet.prefixlen == 0:
        return NamedEndpoint.ANY
    if subnet.prefixlen == subnet.max_prefixlen:
        return _endpoint_of_address(subnet.network_address)
    return subnet


def _endpoint_of_address(address: IPv4Address) -> Endpoint:
    if int(address) == 0:
        # Stored, 0.0.0.0 with a full mask means "me" [MS-GPIPSEC] 2.2.1.5.1.
        raise ValueError("0.0.0.0 is no address of a host; write 'me' or 'any'.")
    return address


def _unknown_name(word: str, inventory: Inventory | None) -> str:
    if inventory is None:
        return (
            f"{quoted(word)} is neither an address, a subnet, 'me' nor 'any'; names of networks "
            "need an inventory."
        )
    names = [network.name for network in inventory.networks]
    if re.fullmatch(r"[\w-]+(\.[\w-]+)+", word):
        return (
            f"{quoted(word)}: DNS names are looked up once, when a filter is made, and can't be "
            "stored in a way that is proved to work; write the address."
        )
    known = f"; the inventory has {', '.join(names)}" if names else "; the inventory has none"
    hint = did_you_mean(word, (*names, *NamedEndpoint))
    return f"{quoted(word)} is neither an address, 'me', 'any' nor a named network{known}.{hint}"

"""The single filters inside a filter list, in the old and the new form."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from uuid import UUID

from ipsec_orchestrator.codec.constants import AddressKind, AddressVersion, PortKind
from ipsec_orchestrator.codec.wide_string import EMPTY_STRING, WideString
from ipsec_orchestrator.codec.wire import BlobReader, BlobWriter

LEAST_SPEC_SIZE: Final = 64
"""Bytes of a version 1 filter whose strings have no bytes at all."""

LEAST_SPEC_V2_SIZE: Final = 132
"""Bytes of a version 2 filter whose strings have no bytes at all."""

ANY_ADDRESS: Final = IPv4Address("0.0.0.0")  # noqa: S104 - an address to store, none to bind to
ANY_MASK: Final = IPv4Address("0.0.0.0")  # noqa: S104 - as above
HOST_MASK: Final = IPv4Address("255.255.255.255")
"""With the address 0.0.0.0: "me". With any other: that single address."""

_ADDRESS_SIZE = 16
_IPV4_SIZE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSpec:
    """One version 1 filter, [MS-GPIPSEC] 2.2.1.5.1 Filter-Spec1.

    "Any" is the address 0.0.0.0 with the mask 0.0.0.0, "me" is 0.0.0.0 with 255.255.255.255.

    Attributes:
        id: Filter-Specification-ID1, the filter's own GUID.
        source: Source address.
        source_mask: Its mask.
        destination: Destination address.
        destination_mask: Its mask.
        protocol: IP protocol number, 0 is any.
        source_port: 0 is any.
        destination_port: 0 is any.
        mirrored: 1 if the other direction matches as well.
        special: A server that the member looks up, see :class:`~.constants.SpecialFilter`.
        source_name: DNS name the source was given as.
        destination_name: DNS name the destination was given as.
        description: Of this filter; that of the list is an attribute of the object.
        tunnel_address: Far end if ``is_tunnel``.
        is_tunnel: 1 for a tunnel filter.
        options: 0.
    """

    id: UUID
    source: IPv4Address
    source_mask: IPv4Address
    destination: IPv4Address
    destination_mask: IPv4Address
    protocol: int = 0
    source_port: int = 0
    destination_port: int = 0
    mirrored: int = 1
    special: int = 0
    source_name: WideString = EMPTY_STRING
    destination_name: WideString = EMPTY_STRING
    description: WideString = EMPTY_STRING
    tunnel_address: IPv4Address = ANY_ADDRESS
    is_tunnel: int = 0
    options: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterAddress:
    """One side of a version 2 filter, [MS-GPIPSEC] 2.2.1.5.1 Source-Address-Data.

    Attributes:
        kind: See :class:`~.constants.AddressKind`.
        version: See :class:`~.constants.AddressVersion`.
        primary: 16 bytes in network order: the address, or the first of a range. An IPv4
            address is in the first 4.
        secondary: 16 bytes in network order: the last address of a range, an IPv4 mask in the
            first 4, or an IPv6 prefix length in the first.
    """

    kind: int
    version: int
    primary: bytes = bytes(_ADDRESS_SIZE)
    secondary: bytes = bytes(_ADDRESS_SIZE)

    @property
    def primary_address(self) -> IPv4Address | IPv6Address | None:
        """The address or the first of a range; None for kinds and versions without one."""
        return self._address(self.primary)

    @property
    def range_end(self) -> IPv4Address | IPv6Address | None:
        """The last address of a range; None for everything else."""
        return self._address(self.secondary) if self.kind == AddressKind.RANGE else None

    def _address(self, packed: bytes) -> IPv4Address | IPv6Address | None:
        if self.kind not in (AddressKind.SINGLE, AddressKind.RANGE, AddressKind.SUBNET):
            return None
        if self.version == AddressVersion.IPV4:
            return ip_address(packed[:_IPV4_SIZE])
        return ip_address(packed) if self.version == AddressVersion.IPV6 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterPort:
    """A port or a range of ports of a version 2 filter.

    Attributes:
        kind: See :class:`~.constants.PortKind`.
        port: The port, or the first of a range.
        range_end: The last of a range.
    """

    kind: int = PortKind.ANY
    port: int = 0
    range_end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSpecV2:
    """One version 2 filter, [MS-GPIPSEC] 2.2.1.5.1 Filter-Spec2 (not on Windows 2000 to 2003).

    No blob of a real system with one is known; this follows the specification.

    Attributes:
        id: Filter-Specification-ID2, the filter's own GUID.
        source: Source address or addresses.
        destination: Destination address or addresses.
        source_port: Source port or ports.
        destination_port: Destination port or ports.
        protocol: IP protocol number, 0 is any.
        flags: 8 if this filter replaces version 1 filters that spell out its range as subnets.
        mirrored: 1 if the other direction matches as well.
        source_name: DNS name the source was given as.
        destination_name: DNS name the destination was given as.
        description: Of this filter.
    """

    id: UUID
    source: FilterAddress
    destination: FilterAddress
    source_port: FilterPort = FilterPort()
    destination_port: FilterPort = FilterPort()
    protocol: int = 0
    flags: int = 0
    mirrored: int = 1
    source_name: WideString = EMPTY_STRING
    destination_name: WideString = EMPTY_STRING
    description: WideString = EMPTY_STRING


def read_spec(reader: BlobReader) -> FilterSpec:
    """Read one version 1 filter."""
    # Keyword arguments are evaluated in the order in which they are written here.
    return FilterSpec(
        source_name=reader.wide_string("Source-Length-Of-DNS-Name1", "Source-DNS-Name1"),
        destination_name=reader.wide_string(
            "Destination-Length-Of-DNS-Name1", "Destination-DNS-Name1"
        ),
        description=reader.wide_string("Filter-Description-Length1", "Filter-Description1"),
        id=reader.guid("Filter-Specification-ID1"),
        mirrored=reader.u32("Legacy-Mirror-Options"),
        source=reader.ipv4("Legacy-Source-Address"),
        source_mask=reader.ipv4("Legacy-Source-Mask"),
        destination=reader.ipv4("Legacy-Destination-Address"),
        destination_mask=reader.ipv4("Legacy-Destination-Mask"),
        tunnel_address=reader.ipv4("Legacy-Tunnel-Address"),
        protocol=reader.u32("Legacy-Protocol"),
        source_port=reader.u16("Legacy-Source-Port"),
        destination_port=reader.u16("Legacy-Destination-Port"),
        is_tunnel=reader.u8("Legacy-Is-Tunnel"),
        special=reader.u8("Legacy-Special-Filter"),
        options=reader.u16("Legacy-Filter-Options"),
    )


def write_spec(writer: BlobWriter, spec: FilterSpec) -> None:
    """Append one version 1 filter."""
    writer.wide_string(spec.source_name, "Source-Length-Of-DNS-Name1")
    writer.wide_string(spec.destination_name, "Destination-Length-Of-DNS-Name1")
    writer.wide_string(spec.description, "Filter-Description-Length1")
    writer.guid(spec.id)
    writer.u32(spec.mirrored, "Legacy-Mirror-Options")
    writer.ipv4(spec.source)
    writer.ipv4(spec.source_mask)
    writer.ipv4(spec.destination)
    writer.ipv4(spec.destination_mask)
    writer.ipv4(spec.tunnel_address)
    writer.u32(spec.protocol, "Legacy-Protocol")
    writer.u16(spec.source_port, "Legacy-Source-Port")
    writer.u16(spec.destination_port, "Legacy-Destination-Port")
    writer.u8(spec.is_tunnel, "Legacy-Is-Tunnel")
    writer.u8(spec.special, "Legacy-Special-Filter")
    writer.u16(spec.options, "Legacy-Filter-Options")


def read_spec_v2(reader: BlobReader) -> FilterSpecV2:
    """Read one version 2 filter."""
    # Keyword arguments are evaluated in the order in which they are written here.
    return FilterSpecV2(
        source_name=reader.wide_string("Source-Length-Of-DNS-Name2", "Source-DNS-Name2"),
        destination_name=reader.wide_string(
            "Destination-Length-Of-DNS-Name2", "Destination-DNS-Name2"
        ),
        description=reader.wide_string("Filter-Description-Length2", "Filter-Description2"),
        id=reader.guid("Filter-Specification-ID2"),
        mirrored=reader.u32("Mirror-Flags"),
        source=_read_address(reader, "Source-Address-Data"),
        destination=_read_address(reader, "Destination-Address-Data"),
        source_port=_read_port(reader, "Source-Port-Data"),
        destination_port=_read_port(reader, "Destination-Port-Data"),
        protocol=reader.u32("Filter-Protocol"),
        flags=reader.u32("Filter-Flags"),
    )


def write_spec_v2(writer: BlobWriter, spec: FilterSpecV2) -> None:
    """Append one version 2 filter."""
    writer.wide_string(spec.source_name, "Source-Length-Of-DNS-Name2")
    writer.wide_string(spec.destination_name, "Destination-Length-Of-DNS-Name2")
    writer.wide_string(spec.description, "Filter-Description-Length2")
    writer.guid(spec.id)
    writer.u32(spec.mirrored, "Mirror-Flags")
    _write_address(writer, spec.source, "Source-Address-Data")
    _write_address(writer, spec.destination, "Destination-Address-Data")
    _write_port(writer, spec.source_port, "Source-Port-Data")
    _write_port(writer, spec.destination_port, "Destination-Port-Data")
    writer.u32(spec.protocol, "Filter-Protocol")
    writer.u32(spec.flags, "Filter-Flags")


def _read_address(reader: BlobReader, field: str) -> FilterAddress:
    return FilterAddress(
        kind=reader.u32(field),
        version=reader.u32(field),
        primary=reader.take(_ADDRESS_SIZE, field),
        secondary=reader.take(_ADDRESS_SIZE, field),
    )


def _write_address(writer: BlobWriter, address: FilterAddress, field: str) -> None:
    writer.u32(address.kind, field)
    writer.u32(address.version, field)
    writer.fixed(address.primary, _ADDRESS_SIZE, field)
    writer.fixed(address.secondary, _ADDRESS_SIZE, field)


def _read_port(reader: BlobReader, field: str) -> FilterPort:
    return FilterPort(kind=reader.u32(field), port=reader.u16(field), range_end=reader.u16(field))


def _write_port(writer: BlobWriter, port: FilterPort, field: str) -> None:
    writer.u32(port.kind, field)
    writer.u16(port.port, field)
    writer.u16(port.range_end, field)

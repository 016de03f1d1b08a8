"""``ipsecData`` of an ipsecNFA object, [MS-GPIPSEC] 2.2.1.3.1: a rule.

Up to Windows 2003 the blob ends after Tunnel-End-Point-Name. Later systems append sections, each
behind a marker GUID: the authentication methods once more, their flags, an IPv6 tunnel address.
None of these is counted by Data-Length, so that old systems stop reading before them.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Final, Self

from ipsec_orchestrator.codec.auth_method import AuthMethod
from ipsec_orchestrator.codec.constants import NFA_BLOB_ID, AuthKind, InterfaceType
from ipsec_orchestrator.codec.wide_string import EMPTY_STRING, WideString
from ipsec_orchestrator.codec.wire import BlobReader, BlobWriter

_CLASS = "ipsecNFA"
_DATA_LENGTH_OFFSET = 16
_LEAST_METHOD_SIZE = 8
_FLAG_SIZE = 4
_IPV6_SIZE = 16

_MARKER_METHODS: Final = b"\1" * 16
_MARKER_FLAGS: Final = b"\1" * 15 + b"\2"
_MARKER_IPV6_TUNNEL: Final = b"\1" * 15 + b"\3"
_UNSPECIFIED = IPv4Address(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFlags:
    """Section Alt-Auth-Method-Id2: one set of flags for each alternate method.

    Attributes:
        flags: See :class:`~.constants.CertificateFlag`; as many as there are alternate methods.
        zero1: The field before the flags. The specification calls it ignored, Windows writes
            the number of flags.
    """

    flags: tuple[int, ...]
    zero1: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternateAuth:
    """Section Alt-Auth-Method-Id1: the methods as Windows Vista and later read them.

    Attributes:
        methods: As in the first part, but Kerberos without content.
        certificate_flags: The section with the flags; None if the blob has none.
    """

    methods: tuple[AuthMethod, ...]
    certificate_flags: CertificateFlags | None

    @classmethod
    def mirroring(cls, methods: tuple[AuthMethod, ...], flags: tuple[int, ...] = ()) -> Self:
        """Give the section that belongs to methods of the first part.

        Args:
            methods: The methods of the first part, in their order.
            flags: Flags of the first methods; those left over get 0.
        """
        padded = flags + (0,) * (len(methods) - len(flags))
        return cls(
            methods=tuple(_alternate(method) for method in methods),
            certificate_flags=CertificateFlags(flags=padded, zero1=len(padded)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Nfa:
    """A rule: how peers authenticate, and on which interfaces; its references are attributes.

    To make a new one, call :meth:`modern`.

    Attributes:
        auth_methods: Most preferred first.
        alternate_auth: The methods once more for Windows Vista and later; None in blobs of
            Windows 2000 to 2003.
        interface_type: Connection type, see :class:`~.constants.InterfaceType`.
        interface_name: Empty on Windows.
        is_active: 1, or 0 for a rule that is switched off.
        is_tunnel: 1 if the rule is a tunnel.
        tunnel_address: IPv4 address of the far end of the tunnel.
        tunnel_address_ipv6: IPv6 address of the far end, replaces ``tunnel_address``.
        tunnel_end_point_name: Name of the far end.
        length_skew: By how much the stored Data-Length differs from the size of the first part.
        trailing: What follows all sections, one zero byte on Windows.
    """

    auth_methods: tuple[AuthMethod, ...]
    alternate_auth: AlternateAuth | None
    interface_type: int = InterfaceType.ALL
    interface_name: WideString = EMPTY_STRING
    is_active: int = 1
    is_tunnel: int = 0
    tunnel_address: IPv4Address = _UNSPECIFIED
    tunnel_address_ipv6: IPv6Address | None = None
    tunnel_end_point_name: WideString = EMPTY_STRING
    length_skew: int = 0
    trailing: bytes = field(default=b"\0", repr=False)

    @classmethod
    def modern(
        cls,
        *,
        auth_methods: tuple[AuthMethod, ...],
        certificate_flags: tuple[int, ...] = (),
        interface_type: int = InterfaceType.ALL,
        is_active: bool = True,
    ) -> Self:
        """Give a rule without tunnel as ``netsh`` of Windows Vista and later writes it.

        Args:
            auth_methods: Most preferred first.
            certificate_flags: Flags of the first methods; those left over get 0.
            interface_type: Connection type.
            is_active: False switches the rule off.
        """
        return cls(
            auth_methods=auth_methods,
            alternate_auth=AlternateAuth.mirroring(auth_methods, certificate_flags),
            interface_type=interface_type,
            is_active=int(is_active),
        )


def decode_nfa(blob: bytes, *, offset: int = 0) -> Nfa:
    """Read the blob.

    Args:
        blob: The bytes.
        offset: Where in them the NFA starts.

    Raises:
        CodecError: It is cut short, of another class, or announces more than it has.
    """
    reader = BlobReader(format_name=_CLASS, blob=blob, offset=offset)
    reader.identifier(NFA_BLOB_ID, "NFA-Policy-ID")
    length = reader.data_length()
    start = reader.offset
    count = reader.count("Auth-Method-Count", item_size=_LEAST_METHOD_SIZE)
    auth_methods = tuple(_read_method(reader, prefix="Auth") for _ in range(count))
    interface_type = reader.u32("Interface-Type")
    interface_name = reader.wide_string("Interface-Name-Length", "Interface-Name")
    tunnel_address = reader.ipv4("Tunnel-Address")
    is_tunnel = reader.u32("Is-Tunnel-Specifier")
    is_active = reader.u32("Is-Active-Specifier")
    end_point = reader.wide_string("Tunnel-End-Point-Name-Length", "Tunnel-End-Point-Name")
    skew = length - (reader.offset - start)
    return Nfa(
        auth_methods=auth_methods,
        alternate_auth=_read_alternate(reader),
        interface_type=interface_type,
        interface_name=interface_name,
        is_active=is_active,
        is_tunnel=is_tunnel,
        tunnel_address=tunnel_address,
        tunnel_address_ipv6=_read_ipv6_tunnel(reader),
        tunnel_end_point_name=end_point,
        length_skew=skew,
        trailing=reader.rest(),
    )


def encode_nfa(nfa: Nfa) -> bytes:
    """Write the blob.

    Raises:
        CodecError: A number does not fit its field, or flags and methods differ in number.
    """
    writer = BlobWriter(format_name=_CLASS)
    writer.guid(NFA_BLOB_ID)
    writer.u32(0, "Data-Length")
    start = len(writer)
    writer.u32(len(nfa.auth_methods), "Auth-Method-Count")
    for method in nfa.auth_methods:
        _write_method(writer, method, prefix="Auth")
    writer.u32(nfa.interface_type, "Interface-Type")
    writer.wide_string(nfa.interface_name, "Interface-Name-Length")
    writer.ipv4(nfa.tunnel_address)
    writer.u32(nfa.is_tunnel, "Is-Tunnel-Specifier")
    writer.u32(nfa.is_active, "Is-Active-Specifier")
    writer.wide_string(nfa.tunnel_end_point_name, "Tunnel-End-Point-Name-Length")
    # The sections below are not counted.
    writer.patch_u32(_DATA_LENGTH_OFFSET, len(writer) - start + nfa.length_skew, "Data-Length")
    if nfa.alternate_auth is not None:
        _write_alternate(writer, nfa.alternate_auth)
    if nfa.tunnel_address_ipv6 is not None:
        writer.raw(_MARKER_IPV6_TUNNEL)
        writer.raw(nfa.tunnel_address_ipv6.packed)
    writer.raw(nfa.trailing)
    return writer.finish()


def _alternate(method: AuthMethod) -> AuthMethod:
    # The specification wants the same content in both halves; Windows leaves Kerberos empty.
    if method.kind == AuthKind.KERBEROS:
        return AuthMethod(kind=method.kind, content=b"")
    return method


def _read_method(reader: BlobReader, *, prefix: str) -> AuthMethod:
    kind = reader.u32(f"{prefix}-Type")
    return AuthMethod(kind=kind, content=reader.counted(f"{prefix}-Length", f"{prefix}-Data"))


def _write_method(writer: BlobWriter, method: AuthMethod, *, prefix: str) -> None:
    writer.u32(method.kind, f"{prefix}-Type")
    writer.counted(method.content, f"{prefix}-Length")


def _read_alternate(reader: BlobReader) -> AlternateAuth | None:
    if not reader.section_follows(_MARKER_METHODS, "Alt-Auth-Method-Id1"):
        return None
    count = reader.count("Alt-Auth-Num-Methods-Count", item_size=_LEAST_METHOD_SIZE)
    methods = tuple(_read_method(reader, prefix="Alt-Auth") for _ in range(count))
    flags = None
    if reader.section_follows(_MARKER_FLAGS, "Alt-Auth-Method-Id2"):
        zero1 = reader.u32("Zero1")
        if count * _FLAG_SIZE > reader.remaining:
            reader.fail(
                "Alt-Auth-Method-Flags",
                f"{count * _FLAG_SIZE} bytes expected, {reader.remaining} left",
            )
        numbers = tuple(reader.u32("Alt-Auth-Method-Flags") for _ in range(count))
        flags = CertificateFlags(flags=numbers, zero1=zero1)
    return AlternateAuth(methods=methods, certificate_flags=flags)


def _write_alternate(writer: BlobWriter, alternate: AlternateAuth) -> None:
    writer.raw(_MARKER_METHODS)
    writer.u32(len(alternate.methods), "Alt-Auth-Num-Methods-Count")
    for method in alternate.methods:
        _write_method(writer, method, prefix="Alt-Auth")
    section = alternate.certificate_flags
    if section is None:
        return
    writer.raw(_MARKER_FLAGS)
    writer.u32(section.zero1, "Zero1")
    if len(section.flags) != len(alternate.methods):
        writer.fail(
            "Alt-Auth-Method-Flags", f"{len(section.flags)} for {len(alternate.methods)} methods"
        )
    for number in section.flags:
        writer.u32(number, "Alt-Auth-Method-Flags")


def _read_ipv6_tunnel(reader: BlobReader) -> IPv6Address | None:
    if not reader.section_follows(_MARKER_IPV6_TUNNEL, "IPv6-Tunnel-Mode-ID"):
        return None
    return IPv6Address(reader.take(_IPV6_SIZE, "IPv6-Tunnel-Mode-Address"))

"""Stored objects in the playbook's own words: for diffs, and for ``orchestrate show``.

Whatever has no word (a number that no specification lists) is shown as the number, so that
nothing in a stored object is passed over.
"""

from ipaddress import IPv4Address, IPv4Network
from typing import assert_never
from uuid import UUID

from ipsec_orchestrator import codec
from ipsec_orchestrator.codec import constants
from ipsec_orchestrator.errors import CodecError
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.planning.desired import KIND_OF_CLASS, ObjectKind

Field = tuple[str, str]

_CIPHER_WORDS = {0: "None", 1: "DES", 3: "3DES"}
_INTEGRITY_WORDS = {0: "None", 1: "MD5", 2: "SHA1"}
_GROUP_WORDS = {1: "1", 2: "2", 0x10000001: "3"}
_OVERRIDE_WORDS = {1: "DES-MD5-3", 2: "DES-SHA1-3", 3: "3DES-MD5-3", 4: "3DES-SHA1-3"}
_INTERFACE_WORDS = {0xFFFFFFFD: "all", 0xFFFFFFFE: "lan", 0xFFFFFFFF: "dial-up"}
_AUTH_WORDS = {1: "pre-shared key", 3: "certificate", 5: "kerberos"}
_PROTOCOL_WORDS = {0: "any", 1: "icmp", 6: "tcp", 17: "udp", 255: "raw"}
_SPECIAL_WORDS = {1: "dns", 2: "wins", 3: "dhcp", 4: "gateway"}
_ACTION_WORDS = {
    constants.ACTION_BLOCK: ("block", False),
    constants.ACTION_PERMIT: ("permit", False),
    constants.ACTION_NEGOTIATE: ("negotiate", False),
    constants.ACTION_INBOUND_PASS_THROUGH: ("negotiate", True),
}
_PORT_PROTOCOLS = (6, 17)
_DESTINATION_SPECIAL = 0x80
_HOST_MASK = IPv4Address("255.255.255.255")


def kind_of(attributes: Attributes) -> ObjectKind | None:
    """Tell what an object is; ``None`` for a class that is not one of ours."""
    for name in attributes.texts("objectClass"):
        if (kind := KIND_OF_CLASS.get(name.casefold())) is not None:
            return kind
    return None


def value_of(attributes: Attributes) -> codec.IpsecValue | CodecError | None:
    """Decode an object's ``ipsecData``; ``None`` if it has none, the error if it is malformed."""
    blobs = attributes.values_of("ipsecData")
    classes = [n for n in attributes.texts("objectClass") if n.casefold() in KIND_OF_CLASS]
    if not blobs or not classes:
        return None
    try:
        return codec.decode(classes[0], blobs[0])
    except CodecError as error:
        return error


def describe(attributes: Attributes) -> tuple[Field, ...]:
    """Give the fields of a stored object by the playbook's names."""
    fields: list[Field] = []
    if (text := attributes.text("description")) is not None:
        fields.append(("description", text))
    value = value_of(attributes)
    if value is None:
        return tuple(fields)
    if isinstance(value, CodecError):
        return (*fields, ("stored bytes", f"can't be read: {value}"))
    action = attributes.text("iPSECNegotiationPolicyAction")
    return (*fields, *describe_value(value, action))


def describe_value(value: codec.IpsecValue, action: str | None) -> tuple[Field, ...]:
    """Give the fields of a decoded ``ipsecData``; ``action`` is that of a negotiation policy."""
    fields: list[Field] = []
    match value:
        case codec.IpsecPolicy():
            interval = value.polling_interval_seconds or constants.DEFAULT_POLLING_INTERVAL_SECONDS
            fields.append(("polling interval", f"{interval} s"))
        case codec.IsakmpPolicy():
            fields += _key_exchange(value)
        case codec.Nfa():
            fields += _rule(value)
        case codec.NegotiationPolicy():
            fields += _filter_action(value, action or "")
        case codec.IpsecFilter():
            fields += _filters(value)
        case codec.VersionInformation():
            fields.append(("kind", "version information, no rule"))
        case _:
            assert_never(value)
    return tuple(fields)


def _key_exchange(value: codec.IsakmpPolicy) -> list[Field]:
    lifetime = value.lifetime_seconds or constants.DEFAULT_MAIN_MODE_LIFETIME_SECONDS
    first = [_OVERRIDE_WORDS.get(number, f"override {number}") for number in value.new_dh if number]
    methods = [*first, *(main_mode_word(method) for method in value.methods)]
    fields = [
        ("key exchange methods", ", ".join(methods)),
        ("key exchange lifetime", f"{lifetime} s"),
        ("master key PFS", _yes(value.master_pfs_required)),
    ]
    if value.quick_mode_limit:
        fields.append(("quick modes per main mode", str(value.quick_mode_limit)))
    if value.options:
        fields.append(("key exchange options", str(value.options)))
    return fields


def main_mode_word(method: codec.IsakmpMethod) -> str:
    """Write a main-mode method as netsh does, for example ``3DES-SHA1-3``."""
    if method.override:
        return _OVERRIDE_WORDS.get(method.override, f"override {method.override}")
    cipher = _CIPHER_WORDS.get(method.encryption, str(method.encryption))
    integrity = _INTEGRITY_WORDS.get(method.integrity, str(method.integrity))
    group = _GROUP_WORDS.get(method.oakley_group, str(method.oakley_group))
    return f"{cipher}-{integrity}-{group}"


def _rule(value: codec.Nfa) -> list[Field]:
    methods = [
        _AUTH_WORDS.get(method.kind, f"method {method.kind}") for method in value.auth_methods
    ]
    fields = [
        (
            "connection",
            _INTERFACE_WORDS.get(value.interface_type, f"0x{value.interface_type:08X}"),
        ),
        ("authentication", ", ".join(methods)),
        ("tunnel", str(value.tunnel_address) if value.is_tunnel else "none"),
        ("active", _yes(value.is_active)),
    ]
    if value.tunnel_address_ipv6 is not None:
        fields.append(("tunnel IPv6", str(value.tunnel_address_ipv6)))
    return fields


def _filter_action(value: codec.NegotiationPolicy, text: str) -> list[Field]:
    try:
        word, accepts = _ACTION_WORDS.get(UUID(text), (text, False))
    except ValueError:
        word, accepts = text or "absent", False
    fields = [("action", word)]
    if word == "negotiate":
        real = [offer for offer in value.offers if offer.algorithms]
        fallback = len(real) != len(value.offers)
        fields += [
            ("methods", ", ".join(security_method_word(offer) for offer in real)),
            ("accept unsecured inbound", _yes(accepts)),
            ("allow fallback to clear", _yes(fallback)),
            ("session key PFS", _yes(bool(real and real[0].pfs))),
        ]
    return fields


def security_method_word(offer: codec.SecurityOffer) -> str:
    """Write a security method as netsh does, for example ``ESP[3DES,SHA1]:100000k/3600s``."""
    parts: list[str] = []
    for algorithm in offer.algorithms:
        if algorithm.protocol == constants.SecurityProtocol.AH:
            parts.append(f"AH[{_INTEGRITY_WORDS.get(algorithm.algorithm, algorithm.algorithm)}]")
        else:
            cipher = _CIPHER_WORDS.get(algorithm.algorithm, str(algorithm.algorithm))
            integrity = _INTEGRITY_WORDS.get(algorithm.integrity, str(algorithm.integrity))
            parts.append(f"ESP[{cipher},{integrity}]")
    word = "+".join(parts)
    if offer.lifetime_kilobytes or offer.lifetime_seconds:
        word += f":{offer.lifetime_kilobytes}k/{offer.lifetime_seconds}s"
    return word


def _filters(value: codec.IpsecFilter) -> list[Field]:
    fields = [
        (f"filter {number}", filter_word(spec)) for number, spec in enumerate(value.filters, 1)
    ]
    if value.version_2 is not None:
        fields += [
            (f"filter {number} (version 2)", f"{spec.source} to {spec.destination}")
            for number, spec in enumerate(value.version_2.filters, 1)
        ]
    return fields


def filter_word(spec: codec.FilterSpec) -> str:
    """Write a filter in one line, for example ``10.0.1.0/24 to 10.2.27.0/25, tcp ...``."""
    special = spec.special
    source = endpoint_word(spec.source, spec.source_mask)
    destination = endpoint_word(spec.destination, spec.destination_mask)
    if special & _DESTINATION_SPECIAL:
        destination = _SPECIAL_WORDS.get(special & 0x7F, f"special {special}")
    elif special:
        source = _SPECIAL_WORDS.get(special, f"special {special}")
    words = [f"{source} to {destination}", _PROTOCOL_WORDS.get(spec.protocol, str(spec.protocol))]
    if spec.protocol in _PORT_PROTOCOLS:
        words[-1] += f" {spec.source_port or 'any'} to {spec.destination_port or 'any'}"
    words.append("mirrored" if spec.mirrored else "not mirrored")
    if spec.is_tunnel:
        words.append(f"tunnel {spec.tunnel_address}")
    if spec.description.text:
        words.append(f"“{spec.description.text}”")
    return ", ".join(words)


def endpoint_word(address: IPv4Address, mask: IPv4Address) -> str:
    """Write an address and its mask as ``me``, ``any``, an address or a subnet."""
    if int(address) == 0 and int(mask) == 0:
        return "any"
    if mask == _HOST_MASK:
        return "me" if int(address) == 0 else str(address)
    try:
        return str(IPv4Network(f"{address}/{mask}"))
    except ValueError:
        # A mask that is not contiguous, or host bits below it: shown as stored.
        return f"{address}/{mask}"


def _yes(value: int) -> str:
    return "yes" if value else "no"

"""One door to the five ``ipsecData`` formats."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Final, TypeAlias, assert_never

from ipsec_orchestrator.codec.filter_blob import IpsecFilter, decode_filter, encode_filter
from ipsec_orchestrator.codec.isakmp_blob import IsakmpPolicy, decode_isakmp, encode_isakmp
from ipsec_orchestrator.codec.negotiation_blob import (
    NegotiationPolicy,
    decode_negotiation,
    encode_negotiation,
)
from ipsec_orchestrator.codec.nfa_blob import Nfa, decode_nfa, encode_nfa
from ipsec_orchestrator.codec.policy_blob import IpsecPolicy, decode_policy, encode_policy
from ipsec_orchestrator.codec.version_information import (
    VersionInformation,
    decode_version_information,
    encode_version_information,
    starts_version_information,
)
from ipsec_orchestrator.errors import CodecError

IpsecValue: TypeAlias = (
    IpsecPolicy | IsakmpPolicy | Nfa | NegotiationPolicy | IpsecFilter | VersionInformation
)
"""What ``ipsecData`` decodes to."""


def _decode_nfa_object(blob: bytes) -> Nfa | VersionInformation:
    if starts_version_information(blob):
        return decode_version_information(blob)
    return decode_nfa(blob)


_DECODERS: Final[Mapping[str, Callable[[bytes], IpsecValue]]] = {
    "ipsecpolicy": decode_policy,
    "ipsecisakmppolicy": decode_isakmp,
    "ipsecnfa": _decode_nfa_object,
    "ipsecnegotiationpolicy": decode_negotiation,
    "ipsecfilter": decode_filter,
}


def decode(object_class: str, data: bytes) -> IpsecValue:
    """Read the ``ipsecData`` of an object.

    Everything is kept: ``encode(decode(c, b)) == b`` for all bytes that are accepted.

    Args:
        object_class: LDAP class of the object, in any case.
        data: The attribute's value.

    Raises:
        CodecError: The class has no such attribute; or the bytes are cut short, of another
            class, or announce more than there is.
    """
    decoder = _DECODERS.get(object_class.lower())
    if decoder is None:
        raise CodecError(
            format="ipsecData",
            field="objectClass",
            offset=0,
            reason=f"{object_class!r} is none of ipsecPolicy, ipsecISAKMPPolicy, ipsecNFA, "
            "ipsecNegotiationPolicy, ipsecFilter",
        )
    return decoder(bytes(data))


def encode(value: IpsecValue) -> bytes:
    """Write a value as ``ipsecData``.

    Raises:
        CodecError: A number or byte string does not fit its field, or the value could not be
            read back as it is, for example because its trailing bytes look like a section.
    """
    object_class, blob = object_class_of(value), _write(value)
    again = decode(object_class, blob)
    if again != value:
        raise CodecError(
            format=object_class,
            field=_first_difference(value, again),
            offset=0,
            reason="would read back as something else",
        )
    return blob


def object_class_of(value: IpsecValue) -> str:
    """Give the LDAP class whose ``ipsecData`` a value is."""
    match value:
        case IpsecPolicy():
            return "ipsecPolicy"
        case IsakmpPolicy():
            return "ipsecISAKMPPolicy"
        case Nfa() | VersionInformation():
            return "ipsecNFA"
        case NegotiationPolicy():
            return "ipsecNegotiationPolicy"
        case IpsecFilter():
            return "ipsecFilter"
        case _:
            assert_never(value)


def _write(value: IpsecValue) -> bytes:
    match value:
        case IpsecPolicy():
            return encode_policy(value)
        case IsakmpPolicy():
            return encode_isakmp(value)
        case Nfa():
            return encode_nfa(value)
        case VersionInformation():
            return encode_version_information(value)
        case NegotiationPolicy():
            return encode_negotiation(value)
        case IpsecFilter():
            return encode_filter(value)
        case _:
            assert_never(value)


def _first_difference(value: IpsecValue, again: IpsecValue) -> str:
    differing = (
        field.name
        for field in fields(value)
        if getattr(value, field.name) != getattr(again, field.name, None)
    )
    return next(differing, "value")

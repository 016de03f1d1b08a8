"""Bytes and text of stored policies to values and back; pure, and exact to the byte.

Binary ``ipsecData`` formats ([MS-GPIPSEC] 2.2.1) behind :func:`decode` and :func:`encode`; the
text formats of Group Policy ([MS-GPOL]) and security descriptors ([MS-DTYP]) in modules of their
own. What is read is kept, known or not, so that writing it again changes nothing.
"""

from ipsec_orchestrator.codec.auth_method import AuthMethod
from ipsec_orchestrator.codec.blobs import IpsecValue, decode, encode, object_class_of
from ipsec_orchestrator.codec.filter_blob import FilterSectionV2, IpsecFilter
from ipsec_orchestrator.codec.filter_spec import (
    FilterAddress,
    FilterPort,
    FilterSpec,
    FilterSpecV2,
)
from ipsec_orchestrator.codec.isakmp_blob import IsakmpMethod, IsakmpPolicy
from ipsec_orchestrator.codec.negotiation_blob import (
    AlgorithmOffer,
    NegotiationPolicy,
    SecurityOffer,
)
from ipsec_orchestrator.codec.nfa_blob import AlternateAuth, CertificateFlags, Nfa
from ipsec_orchestrator.codec.policy_blob import IpsecPolicy
from ipsec_orchestrator.codec.version_information import VersionInformation
from ipsec_orchestrator.codec.wide_string import WideString

__all__ = [
    "AlgorithmOffer",
    "AlternateAuth",
    "AuthMethod",
    "CertificateFlags",
    "FilterAddress",
    "FilterPort",
    "FilterSectionV2",
    "FilterSpec",
    "FilterSpecV2",
    "IpsecFilter",
    "IpsecPolicy",
    "IpsecValue",
    "IsakmpMethod",
    "IsakmpPolicy",
    "NegotiationPolicy",
    "Nfa",
    "SecurityOffer",
    "VersionInformation",
    "WideString",
    "decode",
    "encode",
    "object_class_of",
]

"""As much of Active Directory's schema as the shipped directory needs: classes and syntaxes."""

from collections.abc import Mapping, Sequence

from ipsec_orchestrator.codec.sddl import SidNames, parse_sddl
from ipsec_orchestrator.codec.security_descriptor import encode_descriptor
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.model.directory import DN_ATTRIBUTES

# [MS-ADSC]: class -> superclasses from ``top`` down, and the name of its schema object.
_CLASSES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "computer": (
        ("top", "person", "organizationalPerson", "user", "computer"),
        "Computer",
    ),
    "container": (("top", "container"), "Container"),
    "domainDNS": (("top", "domain", "domainDNS"), "Domain-DNS"),
    "group": (("top", "group"), "Group"),
    "groupPolicyContainer": (
        ("top", "container", "groupPolicyContainer"),
        "Group-Policy-Container",
    ),
    "ipsecFilter": (("top", "ipsecBase", "ipsecFilter"), "Ipsec-Filter"),
    "ipsecISAKMPPolicy": (("top", "ipsecBase", "ipsecISAKMPPolicy"), "Ipsec-ISAKMP-Policy"),
    "ipsecNegotiationPolicy": (
        ("top", "ipsecBase", "ipsecNegotiationPolicy"),
        "Ipsec-Negotiation-Policy",
    ),
    "ipsecNFA": (("top", "ipsecBase", "ipsecNFA"), "Ipsec-NFA"),
    "ipsecPolicy": (("top", "ipsecBase", "ipsecPolicy"), "Ipsec-Policy"),
    "nTDSDSA": (("top", "applicationSettings", "nTDSDSA"), "NTDS-DSA"),
    "organizationalUnit": (("top", "organizationalUnit"), "Organizational-Unit"),
    "server": (("top", "server"), "Server"),
    "user": (("top", "person", "organizationalPerson", "user"), "User"),
}
_BY_FOLDED_NAME = {name.casefold(): known for name, known in _CLASSES.items()}

# Attributes of DN syntax: their values must exist, follow renames, and show deletions.
REFERENCES = (DN_ATTRIBUTES - {"distinguishedname"}) | {
    "fsmoroleowner",
    "member",
    "serverreference",
}

OCTET_STRINGS = frozenset(
    {"invocationid", "ipsecdata", "ntsecuritydescriptor", "objectguid", "objectsid"}
)

# Kept by the directory itself; a client's write is refused ([MS-ADTS] 3.1.1.5.3.2).
SYSTEM_OWNED = frozenset(
    {
        "distinguishedname",
        "instancetype",
        "objectcategory",
        "objectguid",
        "usnchanged",
        "usncreated",
        "whenchanged",
        "whencreated",
    }
)

# What a deleted object keeps without a recycle bin, of what is known here ([MS-ADTS]
# 3.1.1.5.5.1.1); its name, isDeleted and lastKnownParent are made anew.
PRESERVED = (
    "instancetype",
    "ntsecuritydescriptor",
    "objectclass",
    "objectguid",
    "objectsid",
    "samaccountname",
    "usnchanged",
    "usncreated",
    "useraccountcontrol",
    "whenchanged",
    "whencreated",
)

BOOLEANS = frozenset({"iscriticalsystemobject", "showinadvancedviewonly"})


def superclasses(name: str) -> tuple[str, ...] | None:
    """Give the class with all above it, ``top`` first; ``None`` for a class not known here."""
    known = _BY_FOLDED_NAME.get(name.casefold())
    return known[0] if known else None


def category(name: str) -> str | None:
    """Give the name of the class's schema object, which ``objectCategory`` refers to."""
    known = _BY_FOLDED_NAME.get(name.casefold())
    return known[1] if known else None


# defaultSecurityDescriptor of the class [MS-ADSC] 2.62: administrators edit, everybody who is
# authenticated reads and applies.
_GPO_SDDL = (
    "O:DAG:DAD:P"
    "(A;CI;RPWPCCDCLCLOLORCWOWDSDDTSW;;;DA)"
    "(A;CI;RPWPCCDCLCLOLORCWOWDSDDTSW;;;EA)"
    "(A;CI;RPWPCCDCLCLOLORCWOWDSDDTSW;;;CO)"
    "(A;CI;RPWPCCDCLCLORCWOWDSDDTSW;;;SY)"
    "(A;CI;RPLCLORC;;;AU)"
    "(OA;CI;CR;edacfd8f-ffb3-11d1-b41d-00a0c968f939;;AU)"
    "(A;CI;RPLCLORC;;;ED)"
)
DOMAIN_SID = "S-1-5-21-1004336348-1177238915-682003330"
"""SID of the shipped domain; of the form that every domain has, and of no domain that exists."""


def defaults_of(chain: Sequence[str]) -> Mapping[str, tuple[bytes, ...]]:
    """Give what the directory itself sets on a new object.

    Args:
        chain: The class with all above it.
    """
    if chain[-1] == "groupPolicyContainer":
        names = SidNames(domain=Sid.parse(DOMAIN_SID))
        descriptor = encode_descriptor(parse_sddl(_GPO_SDDL, names))
        return {"showInAdvancedViewOnly": (b"TRUE",), "nTSecurityDescriptor": (descriptor,)}
    if "ipsecBase" in chain or "container" in chain:
        return {"showInAdvancedViewOnly": (b"TRUE",)}
    return {}

"""Reading an assigned policy as a member does, [MS-GPIPSEC] 3.2.5.3 and 3.2.5.4."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.errors import DirectoryError
from ipsec_orchestrator.facts.gpo import assignment_dns, escape_filter
from ipsec_orchestrator.model.directory import Entry, Scope, parent_dn, split_dn
from ipsec_orchestrator.ports import Directory

_LDAP_NO_SUCH_OBJECT: Final = 32
_LDAP_INSUFFICIENT_ACCESS: Final = 50
_COMMON: Final = (
    "ipsecID",
    "description",
    "ipsecName",
    "ipsecDataType",
    "ipsecData",
    "whenChanged",
)
# What the client asks for, by class [MS-GPIPSEC] 2.2.3.
_ATTRIBUTES: Final = {
    "ipsecPolicy": (*_COMMON, "ipsecISAKMPReference", "ipsecNFAReference"),
    "ipsecISAKMPPolicy": _COMMON,
    "ipsecNFA": (*_COMMON, "ipsecNegotiationPolicyReference", "ipsecFilterReference"),
    "ipsecNegotiationPolicy": (
        *_COMMON,
        "iPSECNegotiationPolicyType",
        "iPSECNegotiationPolicyAction",
    ),
    "ipsecFilter": _COMMON,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a GPO's ``CN=IPSEC`` object says.

    Attributes:
        policy_dn: The assigned policy; ``None`` for a cleared assignment.
        name: Its name as noted there.
    """

    policy_dn: str | None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An IP security object as downloaded: class, RDN value such as ``ipsecNFA{...}``, entry."""

    object_class: str
    name: str
    entry: Entry


def read_assignment(directory: Directory, gpo_dn: str) -> Assignment:
    """Read which policy a GPO assigns: two base searches, as the protocol prescribes.

    Raises:
        DirectoryError: The object is not there or can't be read; the member then keeps what it
            has ("known-safe state").
    """
    dn = assignment_dns(gpo_dn)[-1]
    if directory.read(dn, ("objectClass",)) is None:
        raise DirectoryError(
            dn=dn,
            code=_LDAP_NO_SUCH_OBJECT,
            reason="the GPO has no IPsec assignment object",
        )
    entry = directory.read(dn, ("ipsecOwnersReference", "description", "ipsecName"))
    if entry is None:
        raise DirectoryError(
            dn=dn, code=_LDAP_NO_SUCH_OBJECT, reason="it went between two searches"
        )
    return Assignment(
        policy_dn=entry.attributes.text("ipsecOwnersReference"),
        name=entry.attributes.text("ipsecName"),
    )


def download_policy(directory: Directory, policy_dn: str) -> tuple[StoredObject, ...]:
    """Read a policy and everything it refers to, one one-level search an object.

    Raises:
        DirectoryError: The policy itself is not there or its attributes can't be read.
    """
    policy = _find(directory, policy_dn, "ipsecPolicy")
    if policy is None:
        raise DirectoryError(
            dn=policy_dn,
            code=_LDAP_NO_SUCH_OBJECT,
            reason="the assigned policy does not exist",
        )
    if not policy.entry.attributes.values_of("ipsecData"):
        raise DirectoryError(
            dn=policy_dn,
            code=_LDAP_INSUFFICIENT_ACCESS,
            reason="the assigned policy is listed, but its attributes can't be read",
        )
    return tuple(_unique([policy, *_below_policy(directory, policy.entry)]))


def _below_policy(directory: Directory, policy: Entry) -> Iterator[StoredObject]:
    yield from _referred(directory, policy, "ipsecISAKMPReference", "ipsecISAKMPPolicy")
    for nfa in _referred(directory, policy, "ipsecNFAReference", "ipsecNFA"):
        yield nfa
        yield from _referred(
            directory,
            nfa.entry,
            "ipsecNegotiationPolicyReference",
            "ipsecNegotiationPolicy",
        )
        yield from _referred(directory, nfa.entry, "ipsecFilterReference", "ipsecFilter")


def _referred(
    directory: Directory,
    entry: Entry,
    attribute: str,
    object_class: str,
) -> Iterator[StoredObject]:
    """Follow a reference; objects that are missing are left out, as the agent does (event 5462)."""
    for dn in entry.attributes.texts(attribute):
        found = _find(directory, dn, object_class)
        if found is not None:
            yield found


def _find(directory: Directory, dn: str, object_class: str) -> StoredObject | None:
    # The client does not read the DN: it searches its parent for class and name [spec 2.2.3.2].
    name = split_dn(dn)[0].partition("=")[2]
    wanted = f"(&(objectClass={object_class})(cn={escape_filter(name)}))"
    attributes = _ATTRIBUTES[object_class]
    for entry in directory.search(parent_dn(dn), Scope.CHILDREN, wanted, attributes):
        return StoredObject(object_class=object_class, name=name, entry=entry)
    return None


def _unique(objects: Sequence[StoredObject]) -> Iterator[StoredObject]:
    """Leave out repetitions: filter lists and actions are shared between rules."""
    seen: set[str] = set()
    for found in objects:
        if found.name.casefold() not in seen:
            seen.add(found.name.casefold())
            yield found

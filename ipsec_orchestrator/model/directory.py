"""Directory names, attributes and entries, compared as Active Directory compares them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from typing_extensions import override

# How many names are remembered in their comparable form; a large domain's policy objects fit in.
_REMEMBERED = 8192


def split_dn(dn: str) -> tuple[str, ...]:
    r"""Split a DN into its RDNs, leaf first; commas escaped by ``\`` stay inside their RDN."""
    parts: list[str] = []
    current: list[str] = []
    escaped = False
    for character in dn:
        if character == "," and not escaped:
            parts.append("".join(current).strip())
            current = []
        else:
            current.append(character)
        escaped = character == "\\" and not escaped
    last = "".join(current).strip()
    return (*parts, last) if last or parts else ()


@lru_cache(maxsize=_REMEMBERED)
def dn_key(dn: str) -> str:
    """Give the form under which two spellings of one DN are equal (case and blanks folded)."""
    folded: list[str] = []
    for rdn in split_dn(dn):
        name, _, value = rdn.partition("=")
        folded.append(f"{name.strip().casefold()}={value.strip().casefold()}")
    return ",".join(folded)


def same_dn(one: str, other: str) -> bool:
    """Tell whether two DNs name one object; case and blanks do not matter."""
    return dn_key(one) == dn_key(other)


def parent_dn(dn: str) -> str:
    """Give the DN of the container; empty for a DN of one part."""
    return ",".join(split_dn(dn)[1:])


def is_below(dn: str, ancestor: str) -> bool:
    """Tell whether ``dn`` is ``ancestor`` or stands anywhere below it."""
    key, above = dn_key(dn), dn_key(ancestor)
    return key == above or key.endswith("," + above)


def domain_dn(dns_name: str) -> str:
    """``ipsectest.com`` -> ``DC=ipsectest,DC=com``."""
    return ",".join(f"DC={label}" for label in dns_name.strip(".").split("."))


def deleted_objects_dn(domain: str) -> str:
    """Give the DN of the container in which the remains of a domain's deleted objects lie."""
    return f"CN=Deleted Objects,{domain}"


def domain_dns_name(dn: str) -> str:
    """``OU=x,DC=ipsectest,DC=com`` -> ``ipsectest.com``."""
    labels = [rdn.partition("=")[2] for rdn in split_dn(dn) if rdn.casefold().startswith("dc=")]
    return ".".join(labels)


class Attributes(Mapping[str, tuple[bytes, ...]]):
    """Attribute values of an object: immutable, names case-blind, iterated in name order.

    An attribute without values stands for "absent"; that is how a step says that an attribute
    is not there before or after it.
    """

    __slots__ = ("_spelling", "_values")

    def __init__(self, values: Mapping[str, Iterable[bytes]] | None = None) -> None:
        pairs = sorted((values or {}).items(), key=lambda pair: pair[0].casefold())
        self._values = {name.casefold(): tuple(found) for name, found in pairs}
        self._spelling = {name.casefold(): name for name, _ in pairs}

    @classmethod
    def of_text(cls, **values: str | Iterable[str]) -> "Attributes":
        """Build from text values; a single string is one value."""
        return cls(
            {
                name: (value.encode(),) if isinstance(value, str) else [v.encode() for v in value]
                for name, value in values.items()
            },
        )

    @override
    def __getitem__(self, name: str) -> tuple[bytes, ...]:
        return self._values[name.casefold()]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._spelling.values())

    @override
    def __len__(self) -> int:
        return len(self._values)

    @override
    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.casefold() in self._values

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Attributes) and self._values == other._values

    @override
    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    @override
    def __repr__(self) -> str:
        # Values stay out: an NFA's ipsecData may hold a readable pre-shared key.
        return f"Attributes({', '.join(self)})"

    def values_of(self, name: str) -> tuple[bytes, ...]:
        """Give the values, or none for an absent attribute."""
        return self._values.get(name.casefold(), ())

    def text(self, name: str) -> str | None:
        """Give the first value as text, ``None`` for an absent attribute."""
        found = self.values_of(name)
        return found[0].decode(errors="surrogateescape") if found else None

    def texts(self, name: str) -> tuple[str, ...]:
        """Give all values as text."""
        return tuple(value.decode(errors="surrogateescape") for value in self.values_of(name))

    def with_values(self, name: str, values: Iterable[bytes]) -> "Attributes":
        """Give a copy in which one attribute has other values."""
        return Attributes({**dict(self.items()), name: tuple(values)})

    def only(self, names: Iterable[str]) -> "Attributes":
        """Give the named attributes; absent ones come out without values."""
        return Attributes({name: self.values_of(name) for name in names})


class Scope(StrEnum):
    """How far a search goes: the object, its children, or all below it."""

    BASE = "base"
    CHILDREN = "children"
    SUBTREE = "subtree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An object as read: its DN as the server spells it, and the attributes that were asked for.

    Attributes:
        dn: As the server spells it.
        attributes: Content.
        guid: objectGUID, where it was asked for as identity and not as content.
        usn: uSNChanged, likewise.
    """

    dn: str
    attributes: Attributes
    guid: UUID | None = field(default=None, compare=False)
    usn: int | None = field(default=None, compare=False)


# Syntax 2.5.5.1 (a DN) in the schema of the classes that we touch [MS-ADA1 2.324-2.330].
DN_ATTRIBUTES = frozenset(
    name.casefold()
    for name in (
        "ipsecOwnersReference",
        "ipsecNFAReference",
        "ipsecISAKMPReference",
        "ipsecFilterReference",
        "ipsecNegotiationPolicyReference",
        "distinguishedName",
    )
)
# Syntax 2.5.5.2 and GUID texts, where case has no meaning.
CASE_BLIND_ATTRIBUTES = frozenset(
    name.casefold()
    for name in (
        "objectClass",
        "ipsecID",
        "iPSECNegotiationPolicyType",
        "iPSECNegotiationPolicyAction",
    )
)


_DESCRIPTOR = "ntsecuritydescriptor"
_DESCRIPTOR_HEAD = 20
# Owner, group, DACL and SACL defaulted [MS-DTYP] 2.4.6.
_BY_DEFAULT = 0x002B


def _descriptor_content(value: bytes) -> bytes:
    """Bring the parts of a self-relative descriptor into one order [MS-DTYP] 2.4.6.

    Bits that say that a part was not given but taken by default are left out: a directory clears
    them as soon as the descriptor is written.
    """
    if len(value) < _DESCRIPTOR_HEAD:
        return value
    control = int.from_bytes(value[2:4], "little") & ~_BY_DEFAULT
    places = [int.from_bytes(value[at : at + 4], "little") for at in (4, 8, 12, 16)]
    sids = [_sid_at(value, place) for place in places[:2]]
    lists = [_acl_at(value, place) for place in places[2:]]
    return b"|".join([control.to_bytes(2, "little"), *sids, *lists])


def _sid_at(value: bytes, place: int) -> bytes:
    return value[place : place + 8 + 4 * value[place + 1]] if 0 < place < len(value) - 1 else b""


def _acl_at(value: bytes, place: int) -> bytes:
    size = int.from_bytes(value[place + 2 : place + 4], "little")
    return value[place : place + size] if place > 0 else b""


def comparable(name: str, values: Iterable[bytes]) -> frozenset[bytes]:
    """Give the form under which two lists of one attribute's values are equal.

    Attribute values are a set; DNs and names of classes and GUIDs are case-blind. Of a security
    descriptor counts whose it is and who may do what, not how its parts lie.
    """
    key = name.casefold()
    if key == _DESCRIPTOR:
        return frozenset(map(_descriptor_content, values))
    if key in DN_ATTRIBUTES:
        return frozenset(
            dn_key(value.decode(errors="surrogateescape")).encode(errors="surrogateescape")
            for value in values
        )
    if key in CASE_BLIND_ATTRIBUTES:
        return frozenset(value.lower() for value in values)
    return frozenset(values)


def same_values(name: str, one: Iterable[bytes], other: Iterable[bytes]) -> bool:
    """Tell whether two lists of values of one attribute mean the same."""
    return comparable(name, one) == comparable(name, other)

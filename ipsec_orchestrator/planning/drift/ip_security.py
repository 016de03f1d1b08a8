"""The IP security objects in a picture, field by field."""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from ipsec_orchestrator.facts.ip_security_container import (
    OBJECT_ATTRIBUTES,
    IpSecurityContainer,
)
from ipsec_orchestrator.model.directory import DN_ATTRIBUTES, Attributes, comparable, dn_key
from ipsec_orchestrator.model.drift import Difference
from ipsec_orchestrator.planning.describe import describe, kind_of
from ipsec_orchestrator.planning.desired import DesiredPolicy, ObjectKind, marker
from ipsec_orchestrator.planning.drift.compare import STORED_ACTION, STORED_BYTES, WHOLE
from ipsec_orchestrator.planning.drift.picture import ABSENT, Picture, Thing, Trait
from ipsec_orchestrator.planning.previous import previous_objects

_DATA: Final = "ipsecData"
_CLASSES: Final = "objectClass"
_ACTION: Final = "iPSECNegotiationPolicyAction"
# Words for what ipsecData does not hold.
_ATTRIBUTES: Final = {"action": _ACTION, "accept unsecured inbound": _ACTION}
_FILTER: Final = re.compile(r"filter \d+")
_DESCRIPTION: Final = "description"
_ID: Final = "ipsecID"
_OWNERS: Final = "ipsecOwnersReference"
_DIGEST_DIGITS: Final = 16
_BETWEEN: Final = "; "
_TOMBSTONE: Final = "DEL:"
_WORDS: Final = {
    "ipsecName": "name",
    "ipsecDataType": "data type",
    "ipsecOwnersReference": "owners",
    "ipsecISAKMPReference": "key exchange",
    "ipsecNFAReference": "rules",
    "ipsecNegotiationPolicyReference": "filter action",
    "ipsecFilterReference": "filter list",
    _ACTION: STORED_ACTION,
    "iPSECNegotiationPolicyType": "type",
    "adminDescription": "mark",
}


@dataclass(frozen=True, slots=True)
class _Names:
    """What objects are called: DN key -> words for people."""

    names: Mapping[str, str] = field(default_factory=dict[str, str])
    strangers: frozenset[str] = frozenset()

    def name(self, dn: str) -> str:
        return self.names.get(dn_key(dn), dn)


def wanted_objects(policies: Iterable[DesiredPolicy]) -> Picture:
    """Draw the objects that a playbook asks for."""
    things = {dn_key(t.dn): t for policy in policies for t in policy.objects}
    names = _Names({key: f"{thing.kind.value} {thing.name}" for key, thing in things.items()})
    return Picture(
        things=tuple(
            Thing(
                kind=thing.kind.value,
                name=thing.name,
                object=thing.dn,
                traits=dict(_traits(thing.dn, thing.complete, names)),
            )
            for thing in things.values()
        ),
    )


def found_objects(container: IpSecurityContainer, playbook: str, wanted: Picture) -> Picture:
    """Draw the objects that are there: those that bear our mark, and those in the place of ours."""
    marked = previous_objects(container, playbook, frozenset())
    called = {dn_key(old.entry.dn): (old.kind.value, old.name, old.entry) for old in marked}
    for thing in wanted.things:
        entry = container.entry(thing.object)
        if entry is not None and kind_of(entry.attributes) is not None:
            called[dn_key(entry.dn)] = (thing.kind, thing.name, entry)
    strangers = frozenset(
        key
        for key, entry in container.entries.items()
        if key not in called and entry.attributes.text("adminDescription") != marker(playbook)
    )
    names = _Names({key: f"{kind} {name}" for key, (kind, name, _) in called.items()}, strangers)
    return Picture(
        things=tuple(
            Thing(
                kind=kind,
                name=name,
                object=entry.dn,
                traits=dict(_traits(entry.dn, entry.attributes, names)),
            )
            for kind, name, entry in called.values()
        ),
    )


def _traits(dn: str, attributes: Attributes, names: _Names) -> Iterator[tuple[str, Trait]]:
    filters = 0
    for name, text in describe(attributes):
        filters += bool(_FILTER.fullmatch(name))
        if name != _DESCRIPTION:
            yield name, Trait(text=text, attribute=_ATTRIBUTES.get(name, _DATA))
    if filters:
        yield "filters", Trait(text=str(filters), attribute=_DATA)
    for attribute in OBJECT_ATTRIBUTES:
        values = attributes.values_of(attribute)
        if attribute == _DATA:
            digest = sha256(b"\0".join(values)).hexdigest()[:_DIGEST_DIGITS] if values else ABSENT
            yield STORED_BYTES, Trait(text=digest, attribute=_DATA)
        elif attribute == _CLASSES:
            yield "class", Trait(text=_class(attributes), attribute=attribute)
        elif attribute == _ID:
            yield "id", Trait(text=_id(dn, attributes), attribute=attribute)
        else:
            word = _WORDS.get(attribute, attribute)
            yield word, Trait(text=_text(attribute, values, names), attribute=attribute)


def _id(dn: str, attributes: Attributes) -> str:
    """Give the id; one that an object's name repeats is as good as any other."""
    text = attributes.text(_ID)
    if text is None:
        return ABSENT
    return "as in its name" if text.casefold() in dn_key(dn) else text


def _class(attributes: Attributes) -> str:
    """Name the class that says what an object is; the server adds its superclasses."""
    classes = [c for c in attributes.texts(_CLASSES) if c.casefold() not in {"top", "ipsecbase"}]
    return ", ".join(sorted(classes)) or ABSENT


def _text(attribute: str, values: tuple[bytes, ...], names: _Names) -> str:
    texts = [value.decode(errors="backslashreplace") for value in values]
    if attribute.casefold() in DN_ATTRIBUTES:
        if attribute == _OWNERS:
            # Whoever else uses an object of ours adds an owner; that is not ours to judge.
            texts = [dn for dn in texts if dn_key(dn) not in names.strangers]
        return _BETWEEN.join(sorted(names.name(dn) for dn in texts)) or ABSENT
    shown = sorted(
        value.decode(errors="backslashreplace") for value in comparable(attribute, values)
    )
    return ", ".join(shown) or ABSENT


def without_consequences(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Leave out what only follows from an object being gone.

    A directory takes a deleted object out of every reference to it, or leaves the DN of its
    tombstone there; the object itself is reported already.
    """
    differences = tuple(differences)
    absent = [each for each in differences if each.field == WHOLE and each.found == ABSENT]
    gone = {f"{each.thing} {each.name}" for each in absent}
    # An assignment calls its policy by the name alone.
    gone |= {each.name for each in absent if each.thing == ObjectKind.POLICY.value}
    return tuple(each for each in differences if not _follows(each, gone))


def _follows(difference: Difference, gone: AbstractSet[str]) -> bool:
    if (difference.attribute or "").casefold() not in DN_ATTRIBUTES or not gone:
        return False
    expected = set(difference.expected.split(_BETWEEN)) - {ABSENT}
    found = {
        name
        for name in difference.found.split(_BETWEEN)
        if name != ABSENT and _TOMBSTONE not in name
    }
    return found <= expected and expected - found <= gone

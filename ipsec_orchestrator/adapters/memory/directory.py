"""The Directory port in memory, with the semantics of a DC that this tool relies on."""

import re
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID, uuid5

from typing_extensions import override

from ipsec_orchestrator.adapters.memory.filters import parse_filter
from ipsec_orchestrator.adapters.memory.objects import StoredObject, is_well_formed, leaf
from ipsec_orchestrator.adapters.memory.refusals import (
    check_values,
    has_children,
    malformed,
    no_such_class,
    no_such_object,
    no_such_reference,
    unchangeable,
)
from ipsec_orchestrator.adapters.memory.schema import (
    PRESERVED,
    REFERENCES,
    SYSTEM_OWNED,
    category,
    defaults_of,
    superclasses,
)
from ipsec_orchestrator.errors import ObjectExistsError
from ipsec_orchestrator.model.directory import (
    Attributes,
    Entry,
    Scope,
    deleted_objects_dn,
    dn_key,
    is_below,
    parent_dn,
    same_dn,
    split_dn,
)
from ipsec_orchestrator.ports.clock import Clock
from ipsec_orchestrator.ports.directory import Directory, DomainNames

# [MS-ADTS] 3.1.1.3.1.2.4: one of the other names that an object goes by.
_GUID_DN = re.compile(r"<GUID=([0-9a-f-]{36})>", re.IGNORECASE)
_NAMESPACE = UUID("5c1f3f0e-2f8e-5a55-8f0e-6a9f3d1f7b42")
# Given only when asked for by name ([MS-ADTS] 3.1.1.3.1.3.2 and SD flags).
_ON_DEMAND = frozenset({"ntsecuritydescriptor"})


class MemoryDirectory(Directory):
    """One domain. Identities are derived, so the same history gives the same directory."""

    def __init__(self, names: DomainNames, clock: Clock) -> None:
        self._names = names
        self._clock = clock
        self._lock = threading.RLock()
        self._by_dn: dict[str, StoredObject] = {}
        self._by_guid: dict[UUID, StoredObject] = {}
        self._usn = 0

    @override
    def names(self) -> DomainNames:
        return self._names

    @override
    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        if not dn:
            return Entry(dn="", attributes=self._root(attributes))
        if not is_well_formed(dn):
            raise malformed(dn, "read")
        with self._lock:
            found = self._by_dn.get(dn_key(dn))
            return self._entry(found, attributes) if found else None

    @override
    def search(
        self,
        base: str,
        scope: Scope,
        ldap_filter: str,
        attributes: Sequence[str],
    ) -> Iterator[Entry]:
        if not is_well_formed(base):
            raise malformed(base, "search")
        matches = parse_filter(ldap_filter)
        with self._lock:
            if dn_key(base) not in self._by_dn:
                return
            inside = [found for found in self._by_dn.values() if _in_scope(found.dn, base, scope)]
            entries = [
                self._entry(found, attributes)
                for found in inside
                if matches(partial(self._values_of, found))
            ]
        yield from entries

    @override
    def deleted(self, ldap_filter: str, attributes: Sequence[str]) -> tuple[Entry, ...] | None:
        matches = parse_filter(ldap_filter)
        with self._lock:
            return tuple(
                self._entry(found, attributes)
                for found in self._by_guid.values()
                if found.deleted and matches(partial(self._values_of, found))
            )

    @override
    def add(self, dn: str, attributes: Attributes) -> None:
        with self._lock:
            naming = leaf(dn)
            if naming is None or not is_well_formed(dn):
                raise malformed(dn, "add")
            if dn_key(dn) in self._by_dn:
                raise ObjectExistsError(object=dn)
            parent = self._by_dn.get(dn_key(parent_dn(dn)))
            if parent is None and self._by_dn:
                raise no_such_object(dn, "add")
            object_class = attributes.texts("objectClass")
            chain = superclasses(object_class[-1]) if object_class else None
            if chain is None:
                raise no_such_class(dn)
            self._check(dn, attributes, "add")
            usn = self._next_usn()
            made = StoredObject(
                guid=uuid5(_NAMESPACE, f"{dn_key(dn)}/{usn}"),
                dn=f"{split_dn(dn)[0]},{parent.dn if parent else parent_dn(dn)}",
            )
            for name, values in defaults_of(chain).items():
                made.put(name, values)
            self._apply(made, attributes)
            made.put("objectClass", tuple(name.encode() for name in chain))
            made.put(naming[0].lower(), (naming[1].encode(),))
            made.put("name", (naming[1].encode(),))
            made.put("instanceType", (b"4",))
            made.put("objectGUID", (made.guid.bytes_le,))
            schema = f"CN={category(chain[-1])},CN=Schema,{self._names.configuration_dn}"
            made.put("objectCategory", (schema.encode(),))
            made.put("whenCreated", (self._now(),))
            made.put("uSNCreated", (str(usn).encode(),))
            self._touch(made, usn)
            self._by_dn[dn_key(dn)] = made
            self._by_guid[made.guid] = made

    @override
    def replace(self, dn: str, attributes: Attributes) -> None:
        with self._lock:
            found = self._existing(dn, "replace")
            for name in attributes:
                naming = leaf(found.dn)
                if naming and name.casefold() in {naming[0].casefold(), "name"}:
                    raise unchangeable(dn)
            self._check(dn, attributes, "replace")
            if not attributes:
                return
            self._apply(found, attributes)
            self._touch(found, self._next_usn())

    @override
    def delete(self, dn: str) -> None:
        with self._lock:
            found = self._existing(dn, "delete")
            dn = found.dn
            if any(same_dn(parent_dn(other.dn), found.dn) for other in self._by_dn.values()):
                raise has_children(dn)
            del self._by_dn[dn_key(dn)]
            # References to it stay and show where it lies now ([MS-ADTS] 3.1.1.5.5.1.1).
            self._bury(found)

    def _bury(self, found: StoredObject) -> None:
        """Leave of an object what a directory without a recycle bin leaves of it."""
        kept = {name: found.values[name] for name in PRESERVED if name in found.values}
        name = found.values["name"][0] + f"\nDEL:{found.guid}".encode()
        kept |= {"name": (name,), "cn": (name,), "isdeleted": (b"TRUE",)}
        kept["lastknownparent"] = (parent_dn(found.dn).encode(),)
        found.dn = (
            f"{split_dn(found.dn)[0]}\\0ADEL:{found.guid},"
            f"{deleted_objects_dn(self._names.domain_dn)}"
        )
        found.values, found.references = kept, {}
        found.spelling |= {"isdeleted": "isDeleted", "lastknownparent": "lastKnownParent"}
        found.deleted = True
        self._touch(found, self._next_usn())

    def _existing(self, dn: str, order: str) -> StoredObject:
        by_guid = _GUID_DN.fullmatch(dn)
        if by_guid:
            found = self._by_guid.get(UUID(by_guid[1]))
        elif is_well_formed(dn):
            found = self._by_dn.get(dn_key(dn))
        else:
            raise malformed(dn, order)
        if found is None or found.deleted:
            raise no_such_object(dn, order)
        return found

    def _check(self, dn: str, attributes: Attributes, order: str) -> None:
        """Refuse before anything is changed: an operation is done whole or not at all."""
        for name, values in attributes.items():
            check_values(dn, name, values, order)
            if name.casefold() in REFERENCES:
                for value in values:
                    target = value.decode(errors="surrogateescape")
                    if dn_key(target) not in self._by_dn:
                        raise no_such_reference(dn, order, name=name)

    def _apply(self, to: StoredObject, attributes: Attributes) -> None:
        for name, values in attributes.items():
            if name.casefold() in REFERENCES:
                keys = (dn_key(value.decode(errors="surrogateescape")) for value in values)
                to.refer(name, tuple(self._by_dn[key].guid for key in keys))
            elif name.casefold() not in SYSTEM_OWNED:
                to.put(name, tuple(values))

    def _touch(self, changed: StoredObject, usn: int) -> None:
        changed.put("whenChanged", (self._now(),))
        changed.put("uSNChanged", (str(usn).encode(),))

    def _next_usn(self) -> int:
        self._usn += 1
        return self._usn

    def _now(self) -> bytes:
        return _generalized_time(self._clock.now())

    def _values_of(self, found: StoredObject, name: str) -> tuple[bytes, ...]:
        key = name.casefold()
        if key == "distinguishedname":
            return (found.dn.encode(),)
        if key in found.references:
            return tuple(self._by_guid[guid].dn.encode() for guid in found.references[key])
        return found.values.get(key, ())

    def _entry(self, found: StoredObject, attributes: Sequence[str]) -> Entry:
        wanted = list(attributes)
        if "*" in wanted or "+" in wanted:
            every = (name for name in found.names() if name.casefold() not in _ON_DEMAND)
            wanted += ["distinguishedName", *every]
        values = {
            found.spelling.get(name.casefold(), name): self._values_of(found, name)
            for name in wanted
            if name not in {"*", "+"}
        }
        given = {name: known for name, known in values.items() if known}
        return Entry(dn=found.dn, attributes=Attributes(given))

    def _settings_dn(self) -> str:
        """Give the DN of the only DC's NTDS settings."""
        return next(
            (
                found.dn
                for found in self._by_dn.values()
                if b"nTDSDSA" in found.values.get("objectclass", ())
            ),
            "",
        )

    def _root(self, attributes: Sequence[str]) -> Attributes:
        known = Attributes.of_text(
            dnsHostName=self._names.dc,
            defaultNamingContext=self._names.domain_dn,
            rootDomainNamingContext=self._names.domain_dn,
            configurationNamingContext=self._names.configuration_dn,
            dsServiceName=self._settings_dn(),
            currentTime=_generalized_time(self._clock.now()).decode(),
            highestCommittedUSN=str(self._usn),
        )
        if "*" in attributes or "+" in attributes:
            return known
        return Attributes({name: known[name] for name in attributes if name in known})


def _in_scope(dn: str, base: str, scope: Scope) -> bool:
    match scope:
        case Scope.BASE:
            return same_dn(dn, base)
        case Scope.CHILDREN:
            return same_dn(parent_dn(dn), base)
        case Scope.SUBTREE:
            return is_below(dn, base)


def _generalized_time(moment: datetime) -> bytes:
    return moment.strftime("%Y%m%d%H%M%S.0Z").encode()

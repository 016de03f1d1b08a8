"""Who changed an attribute last, as far as the directory knows: the DC, the time, how often.

A DC keeps for every attribute where and when it was changed, but not by whom; that is in the
security log of the originating DC, where auditing is on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ipsec_orchestrator.codec.replication_metadata import (
    REPLICATION_METADATA,
    attribute_id_of,
    decode_replication_metadata,
)
from ipsec_orchestrator.model.directory import Entry, Scope, parent_dn
from ipsec_orchestrator.ports import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOrigin:
    """The last change of one attribute.

    Attributes:
        version: How often the attribute was changed, its first value included.
        time: When, by the clock of the DC where it was changed; ``None`` if that is not stored.
        invocation_id: Identity of that DC's database.
        controller: FQDN of that DC; ``None`` if no DC of today has that identity, because it was
            demoted or restored since.
        usn: Number of the write on that DC.
    """

    version: int
    time: datetime | None
    invocation_id: UUID
    controller: str | None
    usn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginReader:
    """What it takes to read the metadata of any number of objects.

    Attributes:
        numbers: Numbers of attributes by their folded names.
        controllers: FQDNs of DCs by invocationId.
    """

    numbers: Mapping[str, int] = field(hash=False)
    controllers: Mapping[UUID, str] = field(hash=False)

    def origins(self, entry: Entry) -> dict[str, ChangeOrigin]:
        """Tell where and when the attributes of an object were changed last.

        Args:
            entry: Read with ``replPropertyMetaData``.

        Returns:
            By folded name; those that the directory knows nothing about are left out.

        Raises:
            CodecError: What is stored can't be read.
        """
        stored = entry.attributes.values_of(REPLICATION_METADATA)
        found = decode_replication_metadata(stored[0]) if stored else ()
        changes = {change.attribute_id: change for change in found}
        return {
            name: ChangeOrigin(
                version=change.version,
                time=change.time,
                invocation_id=change.originating_dsa,
                controller=self.controllers.get(change.originating_dsa),
                usn=change.originating_usn,
            )
            for name, number in self.numbers.items()
            if (change := changes.get(number)) is not None
        }


def read_origin_reader(directory: Directory, attributes: Iterable[str]) -> OriginReader:
    """Read from schema and sites what the metadata of these attributes is spelled with.

    Raises:
        BackendError: The directory can't be read.
    """
    return OriginReader(
        numbers=read_attribute_ids(directory, attributes),
        controllers=read_invocation_ids(directory),
    )


def read_attribute_ids(directory: Directory, attributes: Iterable[str]) -> dict[str, int]:
    """Give the numbers under which a DC's metadata knows attributes, by their folded names."""
    wanted = "".join(f"(lDAPDisplayName={name})" for name in attributes)
    found = directory.search(
        f"CN=Schema,{directory.names().configuration_dn}",
        Scope.CHILDREN,
        f"(&(objectClass=attributeSchema)(|{wanted}))",
        ("lDAPDisplayName", "attributeID", "msDS-IntId"),
    )
    numbers: dict[str, int] = {}
    for entry in found:
        name = entry.attributes.text("lDAPDisplayName") or ""
        own = entry.attributes.text("msDS-IntId")
        number = int(own) % (1 << 32) if own else None
        if number is None:
            number = attribute_id_of(entry.attributes.text("attributeID") or "")
        if number is not None:
            numbers[name.casefold()] = number
    return numbers


def read_invocation_ids(directory: Directory) -> Mapping[UUID, str]:
    """Give the FQDN of every DC of the forest by its invocationId."""
    settings = directory.search(
        f"CN=Sites,{directory.names().configuration_dn}",
        Scope.SUBTREE,
        "(objectClass=nTDSDSA)",
        ("invocationId",),
    )
    found: dict[UUID, str] = {}
    for entry in settings:
        server = directory.read(parent_dn(entry.dn), ("dNSHostName",))
        fqdn = server.attributes.text("dNSHostName") if server else None
        for value in entry.attributes.values_of("invocationId"):
            if fqdn:
                found[UUID(bytes_le=value)] = fqdn
    return found

"""Which object it is, beside what it is called and what it holds: GUID, USN, and the DC's own id.

A DN can be given to another object, and content can be the same by chance or by intent; the GUID
stays with the object. An update sequence number counts the writes of one DC's database, and its
invocationId names that database ([MS-ADTS] 3.1.1.1.9): after a restore from a backup it is new.
"""

from typing import Final
from uuid import UUID

from ipsec_orchestrator.model.directory import Attributes, Entry
from ipsec_orchestrator.ports import Directory

IDENTITY_ATTRIBUTES: Final = ("objectGUID", "uSNChanged")
_FOLDED: Final = frozenset(name.casefold() for name in IDENTITY_ATTRIBUTES)
_GUID_BYTES: Final = 16


def identified(entry: Entry) -> Entry:
    """Give the entry with GUID and USN apart from its content, if they were asked for."""
    number = entry.attributes.text("uSNChanged")
    names = [name for name in entry.attributes if name.casefold() not in _FOLDED]
    return Entry(
        dn=entry.dn,
        attributes=Attributes({name: entry.attributes[name] for name in names}),
        guid=_guid(entry.attributes.values_of("objectGUID")),
        usn=int(number) if number and number.isdecimal() else None,
    )


def read_invocation_id(directory: Directory) -> UUID | None:
    """Read the id of the DC's database; ``None`` if it may not be read."""
    root = directory.read("", ("dsServiceName",))
    settings = root.attributes.text("dsServiceName") if root else None
    if not settings:
        return None
    entry = directory.read(settings, ("invocationId",))
    return _guid(entry.attributes.values_of("invocationId")) if entry else None


def _guid(values: tuple[bytes, ...]) -> UUID | None:
    found = values[0] if values else b""
    return UUID(bytes_le=found) if len(found) == _GUID_BYTES else None

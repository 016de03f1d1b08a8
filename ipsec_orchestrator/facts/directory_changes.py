"""How far a DC's database has come, and which objects have changed since a point of it."""

from collections.abc import Iterable
from uuid import UUID

from ipsec_orchestrator.errors import DirectoryError
from ipsec_orchestrator.facts.identity import IDENTITY_ATTRIBUTES, identified
from ipsec_orchestrator.model.directory import Entry, Scope
from ipsec_orchestrator.model.watermark import ChangedObject
from ipsec_orchestrator.ports import Directory

_USN = "highestCommittedUSN"
_ASKED = ("objectClass", *IDENTITY_ATTRIBUTES)


def read_highest_usn(directory: Directory) -> int:
    """Read the number below which all writes of the DC are done ([MS-ADTS] 3.1.1.3.2.6).

    Raises:
        DirectoryError: The DC does not tell.
        BackendError: The directory can't be read.
    """
    root = directory.read("", (_USN,))
    number = root.attributes.text(_USN) if root else None
    if number is None or not number.isdecimal():
        raise DirectoryError(dn="", code=0, reason=f"the DC does not tell its {_USN}")
    return int(number)


def read_changes(
    directory: Directory, after: int, pin: UUID | None = None
) -> tuple[ChangedObject, ...] | None:
    """Give every object of the domain with a number greater than this one, deleted ones as well.

    Args:
        directory: The DC whose numbers are meant.
        after: What was seen already.
        pin: An object that is wanted in any case, if it is there.

    Returns:
        ``None`` if our account may not see deleted objects: then changes are not all changes.

    Raises:
        BackendError: The directory can't be read.
    """
    wanted = f"(uSNChanged>={after + 1})"
    if pin is not None:
        octets = "".join(f"\\{octet:02x}" for octet in pin.bytes_le)
        wanted = f"(|{wanted}(objectGUID={octets}))"
    deleted = directory.deleted(wanted, _ASKED)
    if deleted is None:
        return None
    domain = directory.names().domain_dn
    alive = directory.search(domain, Scope.SUBTREE, wanted, _ASKED)
    return (*_changed(alive, deleted=False), *_changed(deleted, deleted=True))


def _changed(entries: Iterable[Entry], *, deleted: bool) -> Iterable[ChangedObject]:
    for entry in map(identified, entries):
        if entry.guid is not None and entry.usn is not None:
            yield ChangedObject(
                guid=entry.guid,
                dn=entry.dn,
                usn=entry.usn,
                classes=entry.attributes.texts("objectClass"),
                deleted=deleted,
            )

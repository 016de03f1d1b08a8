"""What a directory keeps of its deleted objects: when and where an object was deleted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ipsec_orchestrator.codec.replication_metadata import REPLICATION_METADATA
from ipsec_orchestrator.facts.gpo import escape_filter
from ipsec_orchestrator.model.directory import Entry, dn_key, parent_dn, split_dn
from ipsec_orchestrator.ports import Directory

# [MS-ADTS] 3.1.1.5.5.1.1: the name of a tombstone is the old one, a line feed, and DEL:GUID.
_DELETED_MARK: Final = "\nDEL:"
_DELETED_IN_DN: Final = r"\0ADEL:"
_KEPT: Final = (
    "name",
    "objectGUID",
    "lastKnownParent",
    "whenChanged",
    "uSNChanged",
    REPLICATION_METADATA,
)
DELETION: Final = "isDeleted"
"""The attribute whose metadata tells when and on which DC an object was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """The remains of one object; ``guid`` is its objectGUID."""

    dn: str
    guid: UUID
    entry: Entry


def read_tombstones(directory: Directory, dns: Iterable[str]) -> dict[str, Tombstone] | None:
    """Find what is left of objects that are gone.

    Args:
        directory: The DC.
        dns: DNs that they had.

    Returns:
        By DN as given. Of several that bore one name, one after the other, the one that was
        deleted last; those of which nothing is left are left out. ``None`` if this account may
        not see deleted objects.

    Raises:
        BackendError: The directory can't be read.
    """
    found: dict[str, Tombstone] = {}
    for dn in dns:
        name = split_dn(dn)[0].partition("=")[2]
        remains = directory.deleted(
            f"(&(isDeleted=TRUE)(name={escape_filter(name)}*))",
            _KEPT,
        )
        if remains is None:
            return None
        fitting = [entry for entry in remains if _was(entry, name, parent_dn(dn))]
        if fitting:
            last = max(fitting, key=_age)
            guid = UUID(bytes_le=last.attributes.values_of("objectGUID")[0])
            found[dn] = Tombstone(dn=dn, guid=guid, entry=last)
    return found


def read_deleted_account(directory: Directory, host: str) -> str | None:
    """Give the DN that the deleted computer account of a host had.

    Args:
        directory: The DC.
        host: DNS name of the host; accounts bear its first label.

    Returns:
        ``None`` if nothing is left of such an account, or nothing may be seen.

    Raises:
        BackendError: The directory can't be read.
    """
    account = escape_filter(f"{host.partition('.')[0]}$")
    remains = directory.deleted(f"(&(isDeleted=TRUE)(sAMAccountName={account}))", _KEPT)
    last = max(remains or (), key=_age, default=None)
    parent = last.attributes.text("lastKnownParent") if last else None
    if last is None or parent is None:
        return None
    return f"{split_dn(last.dn)[0].partition(_DELETED_IN_DN)[0]},{parent}"


def _age(entry: Entry) -> tuple[str, int]:
    """Give what grows from one deletion to the next; times are to the second."""
    attributes = entry.attributes
    return attributes.text("whenChanged") or "", int(attributes.text("uSNChanged") or "0")


def _was(entry: Entry, name: str, parent: str) -> bool:
    """Tell whether it had that name below that parent."""
    before = (entry.attributes.text("name") or "").partition(_DELETED_MARK)[0]
    where = entry.attributes.text("lastKnownParent") or parent
    return before.casefold() == name.casefold() and _is_same_place(where, parent)


def _is_same_place(where: str, parent: str) -> bool:
    """Compare two containers; of one that is deleted as well only the name is left."""
    name, is_deleted, _ = split_dn(where)[0].partition(_DELETED_IN_DN)
    if is_deleted:
        return dn_key(name) == dn_key(split_dn(parent)[0])
    return dn_key(where) == dn_key(parent)

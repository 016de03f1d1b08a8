"""The part of a DC's security log that is about its directory: events as Windows writes them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from ipsec_orchestrator.facts.gpo import escape_filter
from ipsec_orchestrator.facts.tombstones import read_tombstones
from ipsec_orchestrator.lab.domain.directory_changes import DirectoryChange
from ipsec_orchestrator.model.directory import Entry, Scope, domain_dns_name
from ipsec_orchestrator.ports import Directory

MODIFIED: Final = 5136
CREATED: Final = 5137
MOVED: Final = 5139
DELETED: Final = 5141
# Samba notes no renames, so that a move has no author here.
_EVENTS: Final = {"Add": CREATED, "Modify": MODIFIED, "Delete": DELETED}
# "Active Directory Domain Services", and value added: message ids, never words.
_SERVICE: Final = "%%14676"
_VALUE_ADDED: Final = "%%14674"

ReadChanges = Callable[[], Iterable[DirectoryChange]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryEvent:
    """One event with its named fields."""

    event_id: int
    time: datetime
    fields: Mapping[str, str]


class DirectoryLog:
    """Events out of what the directory's server noted; a real DC needs SACLs, this one does not.

    Args:
        read_changes: Gives the notes, oldest first.
        open_directory: Opens the directory as an administrator, for GUIDs and names of users.
    """

    def __init__(
        self,
        read_changes: ReadChanges,
        open_directory: Callable[[], AbstractContextManager[Directory]],
    ) -> None:
        self._read_changes = read_changes
        self._open_directory = open_directory

    def events(
        self, ids: Sequence[int], start: datetime, end: datetime, most: int
    ) -> list[DirectoryEvent]:
        """Give the events of these ids in a window of time, newest first.

        Raises:
            BackendError: The directory can't be read.
        """
        changes = [
            change
            for change in self._read_changes()
            if start <= change.time <= end and _EVENTS.get(change.operation) in ids
        ]
        if not changes:
            return []
        with self._open_directory() as directory:
            found = [event for change in changes for event in _events(change, directory)]
        return found[::-1][:most]


def _events(change: DirectoryChange, directory: Directory) -> Iterator[DirectoryEvent]:
    event_id = _EVENTS[change.operation]
    entry = directory.read(change.dn, ("objectGUID", "objectClass"))
    fields = {**_subject(change.user_sid, directory), "DSType": _SERVICE}
    fields["DSName"] = domain_dns_name(change.dn)
    fields["ObjectGUID"] = f"{{{_guid(change.dn, entry, directory)}}}"
    fields["ObjectClass"] = entry.attributes.texts("objectClass")[-1] if entry else ""
    fields["ObjectDN"] = change.dn
    if event_id != MODIFIED:
        yield DirectoryEvent(event_id=event_id, time=change.time, fields=fields)
        return
    for name in change.attributes:
        told = {"AttributeLDAPDisplayName": name, "OperationType": _VALUE_ADDED}
        yield DirectoryEvent(event_id=event_id, time=change.time, fields={**fields, **told})


def _guid(dn: str, entry: Entry | None, directory: Directory) -> str:
    if entry is not None:
        return str(UUID(bytes_le=entry.attributes.values_of("objectGUID")[0])).upper()
    remains = read_tombstones(directory, (dn,)) or {}
    return str(remains[dn].guid).upper() if dn in remains else str(UUID(int=0))


def _subject(sid: str, directory: Directory) -> dict[str, str]:
    """Name the user; a SID without an account is told as Windows tells it."""
    names = directory.names()
    wanted = f"(objectSid={escape_filter(sid)})"
    found = directory.search(names.domain_dn, Scope.SUBTREE, wanted, ("sAMAccountName",))
    user = next((entry.attributes.text("sAMAccountName") for entry in found), None)
    domain = names.domain.partition(".")[0].upper()
    return {
        "SubjectUserSid": sid,
        "SubjectUserName": user or "-",
        "SubjectDomainName": domain if user else "-",
    }

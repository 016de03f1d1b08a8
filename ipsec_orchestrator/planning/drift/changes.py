"""What has changed in the directory since a watermark, and what of it makes a whole read necessary.

An unchanged object has its old ``uSNChanged`` (Microsoft, *Polling for Changes Using USNChanged*).
That does not show everything: if a container is moved or renamed, the names of all objects below
change and their numbers do not; likewise references by DN, and permissions that are inherited.
So a change of anything but an object of a few well-known kinds, which have nothing below that
matters here and which nobody refers to, means that everything is read again.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ipsec_orchestrator.model.directory import Entry, Scope, is_below, same_dn
from ipsec_orchestrator.model.watermark import ChangedObject, DirectoryMark, Pin, Position, Question

# Kinds of which a busy domain changes some every minute: passwords and logon times of accounts,
# dynamic updates of DNS, recovery keys. Nothing that a look for drift reads refers to one.
_LEAVES: Final = frozenset(
    name.casefold()
    for name in (
        "user",
        "contact",
        "dnsNode",
        "foreignSecurityPrincipal",
        "group",
        "infrastructureUpdate",
        "msFVE-RecoveryInformation",
        "msTPM-InformationObject",
        "printQueue",
        "rIDManager",
        "rIDSet",
        "secret",
        "serviceConnectionPoint",
    )
)


def is_leaf(changed: ChangedObject) -> bool:
    """Tell whether nothing else changes with it; a computer is a user by class."""
    return not _LEAVES.isdisjoint(name.casefold() for name in changed.classes)


def why_whole(
    mark: DirectoryMark | None, here: Position, now: datetime, max_age: timedelta
) -> str | None:
    """Tell why everything has to be read whatever has changed; ``None`` if it has not."""
    if mark is None:
        return "there is no earlier look to begin from"
    if mark.dc.casefold() != here.dc.casefold():
        return f"the earlier look was at {mark.dc}, and every DC has numbers of its own"
    if mark.invocation_id != here.invocation_id:
        return f"the database of {here.dc} is another one: it was restored or made anew"
    if here.usn < mark.usn:
        return f"the database of {here.dc} is older than it was: somebody put back a copy"
    if not timedelta() <= now - mark.read_whole < max_age:
        return "everything was read too long ago, or the clock was put back"
    return None


def why_changed(mark: DirectoryMark, changes: Sequence[ChangedObject]) -> str | None:
    """Tell why what has changed makes a whole read necessary; ``None`` if it does not."""
    pin = mark.pin
    if pin is not None:
        found = next((each for each in changes if each.guid == pin.guid), None)
        if found is None or (found.usn != pin.usn and found.usn <= mark.usn):
            return "the database lacks a change that was there: somebody put back a copy"
    for each in news(mark, changes):
        if not is_leaf(each):
            return f"{each.dn} was {'deleted' if each.deleted else 'changed'}"
    return None


def news(mark: DirectoryMark, changes: Iterable[ChangedObject]) -> tuple[ChangedObject, ...]:
    """Give those that are newer than the mark: the pin is asked for in any case."""
    return tuple(each for each in changes if each.usn > mark.usn)


def is_touched(
    question: Question, entries: Iterable[Entry], changes: Sequence[ChangedObject]
) -> bool:
    """Tell whether an answer may be another one after these changes."""
    if not changes:
        return False
    changed = {each.guid for each in changes}
    return any(entry.guid in changed for entry in entries) or any(
        _in_reach(question, each) for each in changes
    )


def _in_reach(question: Question, changed: ChangedObject) -> bool:
    if question.scope is Scope.BASE:
        return same_dn(changed.dn, question.base)
    return not changed.deleted and is_below(changed.dn, question.base)


def merged(
    entries: Iterable[Entry], fresh: Sequence[Entry], changed: AbstractSet[UUID]
) -> tuple[Entry, ...]:
    """Bring an answer up to date.

    Args:
        entries: The answer as it was.
        fresh: What the same question finds among the objects that changed.
        changed: All that changed, also those that are not found any more.
    """
    old = changed | {entry.guid for entry in fresh}
    return (*(entry for entry in entries if entry.guid not in old), *fresh)


def newest(
    changes: Iterable[ChangedObject], answers: Mapping[Question, Iterable[Entry]]
) -> Pin | None:
    """Choose the object by which an older copy of the database will be recognised."""
    seen = [Pin(guid=each.guid, usn=each.usn) for each in changes]
    seen += [
        Pin(guid=entry.guid, usn=entry.usn)
        for entries in answers.values()
        for entry in entries
        if entry.guid is not None and entry.usn is not None
    ]
    return max(seen, key=lambda pin: (pin.usn, str(pin.guid)), default=None)

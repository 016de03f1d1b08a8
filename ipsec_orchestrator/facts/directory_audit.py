"""Who changed an object of the directory: the answer of ``directory_changes.ps1``, and its reading.

A DC notes that only where the subcategory "Directory Service Changes" is audited and the object,
or a container above it, has an audit entry (SACL) for the change. The fields
of the events 5136, 5137, 5139 and 5141 are named in Microsoft's pages on advanced auditing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from ipsec_orchestrator.facts.answer_fields import AnswerFields
from ipsec_orchestrator.model.directory import dn_key
from ipsec_orchestrator.model.json import Json

CHANGES: Final = "directory_changes"
MAXIMUM_EVENTS: Final = 2000
"""Of one window; a DC that makes more changes in a minute says so and is asked no further."""
MAXIMUM_WINDOWS: Final = 40
# The log and the metadata are of one DC and one clock; the log is written a little later.
_BEFORE: Final = timedelta(seconds=5)
_AFTER: Final = timedelta(seconds=30)
_SUCCESS: Final = 1


class ChangeEvent(IntEnum):
    """What the security log calls a change."""

    ATTRIBUTE = 5136
    CREATED = 5137
    MOVED = 5139
    DELETED = 5141


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedChange:
    r"""One event.

    Attributes:
        kind: What was done.
        time: When, by the DC's clock.
        guid: objectGUID in small letters without braces, as far as the event has it.
        names: DN keys of the object; of a moved one both.
        attribute: LDAP name of the attribute, folded; empty for other kinds.
        author: ``DOMAIN\\user``, or the SID where the event has no name.
    """

    kind: ChangeEvent
    time: datetime
    guid: str
    names: tuple[str, ...]
    attribute: str
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryAudit:
    """What one DC told.

    Attributes:
        audits: Whether changes are audited there; ``None`` if that could not be seen.
        since: The oldest entry of the log.
        problem: Error id if the log could not be read.
        is_cut_off: Whether there were more events than were read.
        changes: The events.
    """

    audits: bool | None
    since: datetime | None
    problem: str | None
    is_cut_off: bool
    changes: tuple[AuditedChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtChange:
    """A change whose author is looked for.

    Attributes:
        dn: DN that the object has, or had before it was deleted.
        guid: objectGUID in small letters; empty if it is not known.
        kind: What was done.
        attribute: LDAP name of the attribute; empty for other kinds.
        time: When, by the clock of that DC, to the second.
    """

    dn: str
    guid: str
    kind: ChangeEvent
    attribute: str
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorship:
    """Who it was, or why that is not known; one of the two is empty."""

    who: str = ""
    reason: str = ""


def question(sought: Iterable[SoughtChange]) -> Mapping[str, Json]:
    """Give the parameters of the script: what to look for, in which windows of time.

    Windows that overlap are one. Of more than ``MAXIMUM_WINDOWS`` the latest are asked for.
    """
    sought = tuple(sought)
    windows: list[tuple[datetime, datetime]] = []
    for moment in sorted(change.time for change in sought):
        start, end = moment - _BEFORE, moment + _AFTER
        if windows and start <= windows[-1][1]:
            windows[-1] = (windows[-1][0], end)
        else:
            windows.append((start, end))
    windows = windows[-MAXIMUM_WINDOWS:]
    objects = dict.fromkeys(text for change in sought for text in (change.guid, change.dn) if text)
    return {
        "Objects": list(objects),
        "Starts": [_text(start) for start, _ in windows],
        "Ends": [_text(end) for _, end in windows],
        "MaximumEvents": MAXIMUM_EVENTS,
    }


def parse_directory_changes(answer: Json) -> DirectoryAudit:
    """Read the script's answer.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(CHANGES, answer)
    setting = fields.optional_number("audited")
    kinds = {kind.value: kind for kind in ChangeEvent}
    return DirectoryAudit(
        audits=None if setting is None else bool(setting & _SUCCESS),
        since=fields.optional_moment("since"),
        problem=fields.optional_text("problem"),
        is_cut_off=fields.flag("cut_off"),
        changes=tuple(
            _change(kinds[number], item)
            for item in fields.objects("events")
            if (number := item.number("id")) in kinds
        ),
    )


def author_of(sought: SoughtChange, audit: DirectoryAudit, controller: str) -> Authorship:
    """Tell who made a change, by the event of that object, kind and attribute nearest in time."""
    # Attributes that an object was made with may have no event of their own.
    made = replace(sought, kind=ChangeEvent.CREATED, attribute="")
    fitting = _fitting(audit, sought) or _fitting(audit, made)
    if fitting:
        nearest = min(fitting, key=lambda change: abs(change.time - sought.time))
        return Authorship(who=nearest.author)
    if audit.problem is not None:
        return Authorship(
            reason=f"the security log of {controller} can't be read ({audit.problem}): "
            "it takes a member of Event Log Readers"
        )
    if audit.audits is False:
        return Authorship(reason=f"{controller} does not audit directory service changes")
    if audit.since is not None and audit.since > sought.time:
        return Authorship(
            reason=f"the security log of {controller} begins after the change, "
            f"at {_text(audit.since)}"
        )
    if audit.is_cut_off:
        return Authorship(
            reason=f"{controller} has more than {MAXIMUM_EVENTS} events around that time"
        )
    return Authorship(
        reason=f"the security log of {controller} has no event of it: the object has no audit "
        "entry (SACL) for such a change, or directory service changes were not audited then"
    )


def _fitting(audit: DirectoryAudit, sought: SoughtChange) -> list[AuditedChange]:
    return [change for change in audit.changes if _fits(change, sought)]


def _fits(change: AuditedChange, sought: SoughtChange) -> bool:
    is_same = change.guid == sought.guid if sought.guid and change.guid else False
    is_called_so = dn_key(sought.dn) in change.names
    return (
        (is_same or is_called_so)
        and change.kind is sought.kind
        and change.attribute == sought.attribute.casefold()
        and sought.time - _BEFORE <= change.time <= sought.time + _AFTER
    )


def _change(kind: ChangeEvent, item: AnswerFields) -> AuditedChange:
    user, domain = item.text("user"), item.text("domain")
    named = f"{domain}\\{user}" if domain else user
    is_attribute = kind is ChangeEvent.ATTRIBUTE
    return AuditedChange(
        kind=kind,
        time=item.moment("time"),
        guid=item.text("guid").casefold(),
        names=_keys(item.texts("names")),
        attribute=item.text("attribute").casefold() if is_attribute else "",
        author=named if user and user != "-" else item.text("sid"),
    )


def _keys(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dn_key(name) for name in names)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")

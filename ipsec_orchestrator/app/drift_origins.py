"""When, where and by whom the differences came about, as far as directory and DCs know."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from ipsec_orchestrator.codec.replication_metadata import REPLICATION_METADATA
from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.facts.change_origins import OriginReader, read_origin_reader
from ipsec_orchestrator.facts.computers import find_account
from ipsec_orchestrator.facts.directory_audit import (
    CHANGES,
    Authorship,
    ChangeEvent,
    DirectoryAudit,
    SoughtChange,
    author_of,
    parse_directory_changes,
    question,
)
from ipsec_orchestrator.facts.tombstones import (
    DELETION,
    Tombstone,
    read_deleted_account,
    read_tombstones,
)
from ipsec_orchestrator.model.directory import Entry
from ipsec_orchestrator.model.drift import Difference
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.planning.drift.compare import WHOLE
from ipsec_orchestrator.planning.drift.members import ACCOUNT, PLACE
from ipsec_orchestrator.planning.drift.picture import ABSENT
from ipsec_orchestrator.ports import World

Tell = Callable[[str], None]
# Attributes whose metadata tells of a change that is none of an attribute.
_CREATION: Final = "whenCreated"
_MOVE: Final = "name"
_IDENTITY: Final = ("objectGUID", "whenChanged", REPLICATION_METADATA)
_NO_TOMBSTONE: Final = "nothing is left of it in the directory any more"
_HIDDEN: Final = "this account may not see the directory's deleted objects"
_LOST: Final = "the DC where it was done is not there any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Which write brought a difference about: ``attribute`` has the metadata of it."""

    dn: str
    kind: ChangeEvent
    attribute: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """What the directory knows of it."""

    time: datetime | None = None
    controller: str | None = None
    guid: str = ""
    reason: str = ""


def with_origins(
    differences: Iterable[Difference], world: World, tell: Tell
) -> tuple[Difference, ...]:
    """Add when, where and by whom each difference was made.

    Time and place are in the directory's metadata. The author is in the security log of the DC
    where it was done; a DC that can't be asked is a reason for "unknown", no error.

    Raises:
        BackendError: The directory can't be read.
    """
    differences = tuple(differences)
    questions = {place: asked for place, d in enumerate(differences) if (asked := _asked(d, world))}
    origins = _read_origins(set(questions.values()), world)
    authors = _read_authors(questions.values(), origins, world, tell)
    return tuple(
        _told(difference, questions.get(place), origins, authors)
        for place, difference in enumerate(differences)
    )


def _asked(difference: Difference, world: World) -> _Question | None:
    """Tell what to ask the directory for; ``None`` for what is not in the directory."""
    holder = difference.holder
    if (difference.thing, difference.field) == (ACCOUNT, PLACE):
        return _asked_of_account(difference.object, world)
    if "=" not in holder:
        return None
    if difference.attribute is not None:
        return _Question(dn=holder, kind=ChangeEvent.ATTRIBUTE, attribute=difference.attribute)
    if difference.field != WHOLE:
        return None
    if difference.found == ABSENT:
        return _Question(dn=holder, kind=ChangeEvent.DELETED, attribute=DELETION)
    return _Question(dn=holder, kind=ChangeEvent.CREATED, attribute=_CREATION)


def _asked_of_account(host: str, world: World) -> _Question | None:
    """Tell what to ask for where a computer account is not where it ought to be."""
    there = find_account(world.directory, host)
    if there is not None:
        return _Question(dn=there, kind=ChangeEvent.MOVED, attribute=_MOVE)
    gone = read_deleted_account(world.directory, host)
    if gone is not None:
        return _Question(dn=gone, kind=ChangeEvent.DELETED, attribute=DELETION)
    return None


def _read_origins(questions: set[_Question], world: World) -> Mapping[_Question, _Origin]:
    if not questions:
        return {}
    directory = world.directory
    reader = read_origin_reader(directory, {asked.attribute for asked in questions})
    gone = {asked.dn for asked in questions if asked.kind is ChangeEvent.DELETED}
    remains = read_tombstones(directory, sorted(gone)) if gone else {}
    entries = {dn: directory.read(dn, _IDENTITY) for dn in {asked.dn for asked in questions} - gone}
    return {
        asked: _origin_of_deletion(asked, remains, reader)
        if asked.dn in gone
        else _origin(asked, entries[asked.dn], reader)
        for asked in questions
    }


def _origin_of_deletion(
    asked: _Question, remains: Mapping[str, Tombstone] | None, reader: OriginReader
) -> _Origin:
    if remains is None:
        return _Origin(reason=_HIDDEN)
    tombstone = remains.get(asked.dn)
    return (
        _Origin(reason=_NO_TOMBSTONE)
        if tombstone is None
        else _origin(asked, tombstone.entry, reader)
    )


def _origin(asked: _Question, entry: Entry | None, reader: OriginReader) -> _Origin:
    if entry is None:
        return _Origin()
    ids = entry.attributes.values_of("objectGUID")
    guid = str(UUID(bytes_le=ids[0])) if ids else ""
    origin = reader.origins(entry).get(asked.attribute.casefold())
    if origin is None:
        return _Origin(guid=guid)
    return _Origin(
        time=origin.time,
        controller=origin.controller,
        guid=guid,
        reason="" if origin.controller else _LOST,
    )


def _read_authors(
    questions: Iterable[_Question],
    origins: Mapping[_Question, _Origin],
    world: World,
    tell: Tell,
) -> Mapping[_Question, Authorship]:
    """Ask every DC on which something was changed, once, for all of it."""
    by_controller: dict[str, dict[_Question, SoughtChange]] = {}
    for asked in questions:
        origin = origins[asked]
        if origin.controller is not None and origin.time is not None:
            by_controller.setdefault(origin.controller, {})[asked] = SoughtChange(
                dn=asked.dn,
                guid=origin.guid,
                kind=asked.kind,
                attribute=asked.attribute if asked.kind is ChangeEvent.ATTRIBUTE else "",
                time=origin.time,
            )
    authors: dict[_Question, Authorship] = {}
    for controller, sought in by_controller.items():
        tell(f"asking {controller} who it was")
        audit = _audit(controller, sought.values(), world)
        for asked, change in sought.items():
            authors[asked] = (
                Authorship(reason=audit)
                if isinstance(audit, str)
                else author_of(change, audit, controller)
            )
    return authors


def _audit(controller: str, sought: Iterable[SoughtChange], world: World) -> DirectoryAudit | str:
    """Read the security log of a DC; the reason if that can't be done."""
    host = _host(controller, world)
    if host is None:
        return f"{controller} is not in the inventory, so that its security log can't be read"
    try:
        answer = world.members.run(host, world.scripts(CHANGES, question(sought)))
        return parse_directory_changes(answer)
    except OrchestratorError as error:
        return str(error)


def _host(controller: str, world: World) -> Host | None:
    key = controller.casefold()
    return next((host for host in world.inventory.hosts if host.fqdn.casefold() == key), None)


def _told(
    difference: Difference,
    asked: _Question | None,
    origins: Mapping[_Question, _Origin],
    authors: Mapping[_Question, Authorship],
) -> Difference:
    if asked is None:
        return difference
    origin = origins[asked]
    author = authors.get(asked, Authorship(reason=origin.reason))
    return replace(
        difference,
        when=origin.time,
        where=origin.controller,
        who=author.who or None,
        why_unknown=author.reason,
    )

"""Reading of the directory what has changed since the earlier look, and everything where need be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ipsec_orchestrator.adapters.remembering_directory import (
    RememberingDirectory,
    with_identity,
    with_identity_attributes,
)
from ipsec_orchestrator.facts.directory_changes import read_changes, read_highest_usn
from ipsec_orchestrator.facts.identity import read_invocation_id
from ipsec_orchestrator.model.directory import Entry, Scope
from ipsec_orchestrator.model.watermark import (
    ChangedObject,
    DirectoryMark,
    Position,
    Question,
)
from ipsec_orchestrator.planning.drift.changes import (
    is_touched,
    merged,
    newest,
    news,
    why_changed,
    why_whole,
)
from ipsec_orchestrator.ports import Directory

_NO_RIGHT = "our account may not see deleted objects, so that changes can't be told for certain"
# So far back we look for the object that was written last.
_RECENT_WRITES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryReading:
    """A directory to be read in this look, and how much of it has to be.

    Attributes:
        directory: Knows the earlier answers that still hold.
        real: The one behind it.
        here: Where its database stood at the beginning.
        read_whole: When everything was read the last time; now, if it is now.
        whole: Why everything is read; ``None`` if only changes are.
        changes: What has changed since the earlier look, if only changes are read.
    """

    directory: RememberingDirectory
    real: Directory
    here: Position
    read_whole: datetime
    whole: str | None = None
    changes: tuple[ChangedObject, ...] = ()

    def mark(self) -> DirectoryMark | None:
        """Give the mark for the next look, when this one has asked everything.

        Returns:
            ``None`` if the next look can't ask for changes.

        Raises:
            BackendError: The directory can't be read any more.
        """
        if self.here.invocation_id is None:
            return None
        changes: tuple[ChangedObject, ...] | None = self.changes
        if self.whole is not None:
            changes = read_changes(self.real, max(0, self.here.usn - _RECENT_WRITES))
        if changes is None:
            return None
        answers = self.directory.kept()
        return DirectoryMark(
            dc=self.here.dc,
            invocation_id=self.here.invocation_id,
            usn=self.here.usn,
            read_whole=self.read_whole,
            pin=newest(changes, answers),
            answers=answers,
        )


def read_all(real: Directory, now: datetime, why: str) -> DirectoryReading:
    """Begin to read everything.

    Args:
        real: The DC.
        now: The time.
        why: The reason, as it is told.

    Raises:
        BackendError: The directory can't be read.
    """
    directory = RememberingDirectory(real)
    here = _position(real, directory)
    return DirectoryReading(directory=directory, real=real, here=here, read_whole=now, whole=why)


def catch_up(
    real: Directory, mark: DirectoryMark, now: datetime, max_age: timedelta
) -> DirectoryReading:
    """Begin to read what has changed since a mark, or everything where that is not enough.

    Args:
        real: The DC.
        mark: What the earlier look left.
        now: The time.
        max_age: How long after a whole read changes alone may be read.

    Raises:
        BackendError: The directory can't be read.
    """
    directory = RememberingDirectory(real)
    here = _position(real, directory)
    whole = why_whole(mark, here, now, max_age)
    changes: tuple[ChangedObject, ...] | None = ()
    if whole is None:
        changes = read_changes(real, mark.usn, mark.pin.guid if mark.pin else None)
        whole = _NO_RIGHT if changes is None else why_changed(mark, changes)
    if whole is not None or changes is None:
        return DirectoryReading(
            directory=directory, real=real, here=here, read_whole=now, whole=whole
        )
    directory.know(_brought_up_to_date(mark, news(mark, changes), real))
    return DirectoryReading(
        directory=directory,
        real=real,
        here=here,
        read_whole=mark.read_whole,
        changes=changes,
    )


def _position(real: Directory, directory: RememberingDirectory) -> Position:
    """Tell where the database stands; the number comes first, so that nothing falls between."""
    usn = read_highest_usn(real)
    return Position(
        usn=usn,
        dc=directory.names().dc,
        invocation_id=read_invocation_id(directory),
    )


def _brought_up_to_date(
    mark: DirectoryMark, changes: tuple[ChangedObject, ...], real: Directory
) -> Mapping[Question, tuple[Entry, ...]]:
    """Give the answers that hold, and of searches that found what has changed, the new ones."""
    changed = frozenset(each.guid for each in changes)
    known: dict[Question, tuple[Entry, ...]] = {}
    for question, entries in mark.answers.items():
        if not is_touched(question, entries, changes):
            known[question] = entries
        elif question.scope is not Scope.BASE:
            found = real.search(
                question.base,
                question.scope,
                f"(&{question.ldap_filter}(uSNChanged>={mark.usn + 1}))",
                with_identity_attributes(question),
            )
            fresh = with_identity(tuple(found), question)
            known[question] = merged(entries, fresh, changed)
    return known

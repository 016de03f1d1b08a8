"""What Samba notes of every write to the directory: its own audit log, read.

A server that runs in the foreground writes all its logs to one output; the notes are the lines of
JSON of type ``dsdbChange`` in there (Samba's manual, "Configuring Logging for Samba: JSON").
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

LOG_CLASS: Final = "dsdb_json_audit:5"
"""What makes Samba write them, in ``log level``."""
_TYPE: Final = "dsdbChange"
_DONE: Final = 0
_SYSTEM_SID: Final = "S-1-5-18"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryChange:
    """One write that was done.

    Attributes:
        time: When.
        operation: ``Add``, ``Modify``, ``Delete``; Samba does not note renames.
        dn: The object.
        user_sid: Who did it.
        attributes: Names of the attributes.
    """

    time: datetime
    operation: str
    dn: str
    user_sid: str
    attributes: tuple[str, ...]


def directory_changes(log: Iterable[str]) -> Iterator[DirectoryChange]:
    """Give the writes of a server's log, oldest first; those of its own account are left out."""
    for line in log:
        # Samba may be about to write the end of a line.
        if line.startswith("{") and f'"{_TYPE}"' in line and line.rstrip().endswith("}"):
            found = _change(json.loads(line))
            if found is not None:
                yield found


def _change(line: Mapping[str, Any]) -> DirectoryChange | None:
    note: Mapping[str, Any] = line.get(_TYPE, {})
    sid = note.get("userSid")
    if note.get("statusCode") != _DONE or sid is None or sid == _SYSTEM_SID:
        return None
    return DirectoryChange(
        time=datetime.fromisoformat(line["timestamp"]).astimezone(UTC),
        operation=note["operation"],
        dn=note["dn"],
        user_sid=sid,
        attributes=tuple(note.get("attributes", {})),
    )

"""The answer of ``directory_changes.ps1`` without a PowerShell."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ipsec_orchestrator.lab.windows.commands import Arguments, WindowsCommands
from ipsec_orchestrator.lab.windows.directory_log import (
    CREATED,
    DELETED,
    MODIFIED,
    MOVED,
    DirectoryEvent,
)
from ipsec_orchestrator.lab.windows.health_commands import DIRECTORY_CHANGES
from ipsec_orchestrator.lab.windows.utc_text import utc_text
from ipsec_orchestrator.model.json import Json

_NAMES: Final = ("ObjectDN", "OldObjectDN", "NewObjectDN")
_LOG_REACHES_BACK: Final = timedelta(days=30)


def directory_changes(commands: WindowsCommands, parameters: Arguments) -> Json:
    """Answer as the script does on this DC."""
    wanted = {text.lower() for text in _texts(parameters, "Objects")}
    most = parameters.get("MaximumEvents")
    limit = most if isinstance(most, int) else 1
    events: list[Json] = []
    cut_off = False
    for start, end in zip(_texts(parameters, "Starts"), _texts(parameters, "Ends"), strict=True):
        found = commands.directory_log.events(
            (MODIFIED, CREATED, MOVED, DELETED),
            datetime.fromisoformat(start),
            datetime.fromisoformat(end),
            limit,
        )
        cut_off = cut_off or len(found) >= limit
        events += [_event(event) for event in found if _is_about(event, wanted)]
    return {
        "audited": commands.health.audit_setting(DIRECTORY_CHANGES),
        "audit_problem": None,
        "since": utc_text(commands.host.now() - _LOG_REACHES_BACK),
        "problem": None,
        "cut_off": cut_off,
        "events": events,
    }


def _event(event: DirectoryEvent) -> Json:
    fields = event.fields
    return {
        "id": event.event_id,
        "time": utc_text(event.time),
        "guid": _guid(event),
        "names": list[Json](_names(event)),
        "attribute": fields.get("AttributeLDAPDisplayName", ""),
        "user": fields.get("SubjectUserName", ""),
        "domain": fields.get("SubjectDomainName", ""),
        "sid": fields.get("SubjectUserSid", ""),
    }


def _is_about(event: DirectoryEvent, wanted: set[str]) -> bool:
    return not wanted.isdisjoint({_guid(event), *_names(event)})


def _guid(event: DirectoryEvent) -> str:
    return event.fields.get("ObjectGUID", "").strip("{}").lower()


def _names(event: DirectoryEvent) -> list[str]:
    return [event.fields[name].lower() for name in _NAMES if event.fields.get(name)]


def _texts(parameters: Arguments, name: str) -> Sequence[str]:
    value = parameters.get(name)
    return [str(item) for item in value] if isinstance(value, list) else [str(value)] * bool(value)

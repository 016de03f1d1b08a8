"""JSON lines with the field names of the Elastic Common Schema, which log collectors know."""

import json
import os
from datetime import UTC
from pathlib import Path
from typing import Final

from typing_extensions import override

from ipsec_orchestrator.errors import ChannelError
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.news import EVENT_NUMBERS, Announcement, Level, LogRecord
from ipsec_orchestrator.ports import Channel

# https://www.elastic.co/guide/en/ecs/8.11/ecs-field-reference.html
_ECS_VERSION: Final = "8.11.0"
_PROVIDER: Final = "ipsec_orchestrator"
_LEVELS: Final = {
    Level.GOOD: "info",
    Level.NOTE: "notice",
    Level.WARNING: "warning",
    Level.ALARM: "error",
}


class EcsFile(Channel):
    """A file that grows; it is opened anew each time, so that it may be rotated."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    @override
    def key(self) -> str:
        return f"ecs:{self._path}"

    @property
    @override
    def title(self) -> str:
        return f"the log {self._path}"

    @override
    def tell(self, announcement: Announcement) -> None:
        lines = [
            json.dumps(ecs_document(record), ensure_ascii=False) for record in announcement.records
        ]
        content = "".join(f"{line}\n" for line in lines).encode()
        try:
            # Whoever collects logs is in the file's group; names in it are nobody else's business.
            number = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            with os.fdopen(number, "ab") as file:
                file.write(content)
        except OSError as error:
            raise ChannelError(channel=self.title, reason=str(error.strerror)) from error


def ecs_document(record: LogRecord) -> dict[str, Json]:
    """Give a record with the names of the schema; what it has no name for is a label."""
    fields = dict(record.fields)
    document: dict[str, Json] = {
        "@timestamp": record.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "ecs.version": _ECS_VERSION,
        "message": record.text,
        "log.level": _LEVELS[record.level],
        "event.kind": "alert" if record.level >= Level.WARNING else "event",
        "event.category": ["configuration"],
        "event.type": ["change"],
        "event.action": record.kind.value,
        "event.code": str(EVENT_NUMBERS[record.kind]),
        "event.provider": _PROVIDER,
    }
    if who := fields.pop("who", ""):
        document["user.name"] = who
    if where := fields.pop("where", ""):
        document["host.name"] = where
    document["labels"] = dict(fields)
    return document

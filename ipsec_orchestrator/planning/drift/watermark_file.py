"""Watermarks as JSON and back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from ipsec_orchestrator.model.directory import Attributes, Entry, Scope
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.watermark import (
    DirectoryMark,
    MemberReading,
    Pin,
    Question,
    Watermark,
)
from ipsec_orchestrator.planning.json_shapes import mapping, sequence
from ipsec_orchestrator.planning.stepfile import attributes_from_json, attributes_to_json

FORMAT: Final = 1


def watermark_to_json(mark: Watermark) -> dict[str, Json]:
    """Give a watermark as it stands in its file."""
    return {
        "format": FORMAT,
        "playbook": mark.playbook,
        "domain": mark.domain,
        "tool_version": mark.tool_version,
        "directory": None if mark.directory is None else _directory_to_json(mark.directory),
        "readings": {
            name: [reading.at.isoformat(), reading.account, reading.basis, reading.clean]
            for name, reading in mark.readings.items()
        },
    }


def watermark_from_json(found: Json) -> Watermark:
    """Read what :func:`watermark_to_json` gave.

    Raises:
        ValueError, TypeError, KeyError: It is something else, or of another format.
    """
    document = mapping(found)
    if document["format"] != FORMAT:
        message = f"format {document['format']}"
        raise ValueError(message)
    directory = document["directory"]
    return Watermark(
        playbook=str(document["playbook"]),
        domain=str(document["domain"]),
        tool_version=str(document["tool_version"]),
        directory=None if directory is None else _directory(mapping(directory)),
        readings={name: _reading(each) for name, each in mapping(document["readings"]).items()},
    )


def _directory_to_json(mark: DirectoryMark) -> Json:
    return {
        "dc": mark.dc,
        "invocation_id": str(mark.invocation_id),
        "usn": mark.usn,
        "read_whole": mark.read_whole.isoformat(),
        "pin": None if mark.pin is None else [str(mark.pin.guid), mark.pin.usn],
        "answers": [
            {
                "base": question.base,
                "scope": question.scope.value,
                "filter": question.ldap_filter,
                "attributes": list(question.attributes),
                "entries": [
                    [entry.dn, str(entry.guid), entry.usn, attributes_to_json(entry.attributes)]
                    for entry in entries
                ],
            }
            for question, entries in mark.answers.items()
        ],
    }


def _directory(found: Mapping[str, Json]) -> DirectoryMark:
    pin = found["pin"]
    return DirectoryMark(
        dc=str(found["dc"]),
        invocation_id=UUID(str(found["invocation_id"])),
        usn=_number(found["usn"]),
        read_whole=_moment(found["read_whole"]),
        pin=None if pin is None else _pin(pin),
        answers=dict(_answer(mapping(each)) for each in sequence(found["answers"])),
    )


def _pin(found: Json) -> Pin:
    guid, usn = sequence(found)
    return Pin(guid=UUID(str(guid)), usn=_number(usn))


def _answer(found: Mapping[str, Json]) -> tuple[Question, tuple[Entry, ...]]:
    question = Question(
        base=str(found["base"]),
        scope=Scope(str(found["scope"])),
        ldap_filter=str(found["filter"]),
        attributes=tuple(str(name) for name in sequence(found["attributes"])),
    )
    return question, tuple(_entry(each) for each in sequence(found["entries"]))


def _entry(found: Json) -> Entry:
    dn, guid, usn, attributes = sequence(found)
    return Entry(
        dn=str(dn),
        attributes=attributes_from_json(attributes) or Attributes(),
        guid=UUID(str(guid)),
        usn=None if usn is None else _number(usn),
    )


def _reading(found: Json) -> MemberReading:
    at, account, basis, clean = sequence(found)
    if not isinstance(clean, bool):
        message = "clean is true or false"
        raise TypeError(message)
    return MemberReading(at=_moment(at), account=str(account), basis=str(basis), clean=clean)


def _number(found: Json) -> int:
    if not isinstance(found, int) or isinstance(found, bool):
        message = f"a number was expected, not {type(found).__name__}"
        raise TypeError(message)
    return found


def _moment(found: Json) -> datetime:
    moment = datetime.fromisoformat(str(found))
    if moment.tzinfo is None:
        message = f"{found} has no time zone"
        raise ValueError(message)
    return moment

"""A backup as JSON and back, for journals: one place a key."""

import base64
import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from ipsec_orchestrator.model.backup import Backup
from ipsec_orchestrator.model.directory import Entry, dn_key
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.planning.desired import guid_text
from ipsec_orchestrator.planning.stepfile import (
    attributes_from_json,
    attributes_to_json,
    mapping,
)

# Files are named as in SYSVOL; no DN looks like that.
_FILE: Final = re.compile(r"\{(?P<gpo>[0-9A-Fa-f-]{36})\}/(?P<path>.+)")


def backup_to_json(backup: Backup) -> dict[str, Json]:
    """Give the places by DN, or as ``{GPO}/path``; ``None`` where nothing was."""
    places: dict[str, Json] = {}
    for key, entry in backup.entries.items():
        if entry is None:
            places[key] = None
        else:
            places[entry.dn] = {"attributes": attributes_to_json(entry.attributes)}
    for (gpo_id, path), content in backup.files.items():
        name = f"{guid_text(gpo_id)}/{path}"
        text = None if content is None else base64.b64encode(content).decode()
        places[name] = None if text is None else {"content": text}
    return places


def backup_from_json(places: Mapping[str, Json]) -> Backup:
    """Read what :func:`backup_to_json` wrote.

    Raises:
        TypeError, ValueError: It is no backup.
    """
    entries: dict[str, Entry | None] = {}
    files: dict[tuple[UUID, str], bytes | None] = {}
    for place, found in places.items():
        file = _FILE.fullmatch(place)
        if file is not None:
            content = None if found is None else mapping(found)["content"]
            files[UUID(file["gpo"]), file["path"]] = (
                None if content is None else base64.b64decode(str(content), validate=True)
            )
        elif found is None:
            entries[dn_key(place)] = None
        else:
            attributes = attributes_from_json(mapping(found)["attributes"])
            if attributes is not None:
                entries[dn_key(place)] = Entry(dn=place, attributes=attributes)
    return Backup(entries=entries, files=files)

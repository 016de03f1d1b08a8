"""The mark in everything that is installed: that it is ours, and what it was made from."""

import json
import re
from dataclasses import asdict, fields
from typing import Final, cast

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.schedule import Schedule, SchedulerKind, UnattendedSource

_WORD: Final = "ipsec_orchestrator/schedule"
_MARK: Final = re.compile(rf"{_WORD} (\{{.*\}})")


def mark(schedule: Schedule) -> str:
    """Give the mark: one line of ASCII, without a comment sign."""
    return f"{_WORD} {json.dumps(asdict(schedule), sort_keys=True)}"


def comment_lines(schedule: Schedule) -> tuple[str, str]:
    """Give the mark as comments of a file, with a line for people before it."""
    return (
        "# Made by orchestrate schedule install; orchestrate schedule remove takes it away.",
        f"# {mark(schedule)}",
    )


def is_marked(text: str) -> bool:
    """Tell whether a text was made by this program, even if the mark can't be read any more."""
    return _WORD in text


def marked_schedule(text: str) -> Schedule | None:
    """Read the schedule out of a text that was made from it.

    Returns:
        ``None`` if there is no mark, or if it is damaged or of another version.
    """
    found = _MARK.search(text)
    if found is None:
        return None
    try:
        document: Json = json.loads(found[1])
        return _schedule(document)
    except (ValueError, TypeError):
        return None


def _schedule(document: Json) -> Schedule:
    """Build the value; ``TypeError`` or ``ValueError`` for anything that does not fit."""
    if not isinstance(document, dict):
        raise TypeError
    values = dict(document)
    known = {field.name: field.type for field in fields(Schedule)}
    if set(values) != set(known):
        raise ValueError
    built: dict[str, object] = {}
    for name, value in values.items():
        kind = known[name]
        if kind == tuple[str, ...]:
            if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
                raise TypeError
            built[name] = tuple(cast("list[str]", value))
        elif kind is SchedulerKind and isinstance(value, str):
            built[name] = SchedulerKind(value)
        elif kind is UnattendedSource and isinstance(value, str):
            built[name] = UnattendedSource(value)
        elif type(value) is kind:
            built[name] = value
        else:
            raise TypeError
    return Schedule(**built)  # type: ignore[arg-type]  # each of its field's type, see above

"""A YAML file as read: plain values, and where each of them stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ipsec_orchestrator.errors import Problem
from ipsec_orchestrator.model.json import Json

# Where a value is in a document: mapping keys and list indexes from the root on.
Place: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A position in a file; line and column count from 1, as editors do."""

    line: int
    column: int


START = Position(line=1, column=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One YAML file.

    Attributes:
        file: The file as the user named it.
        value: Its content; mappings have text keys only, so it is JSON.
        keys: Position of each mapping key, by the place of its value.
        values: Position of each value.
    """

    file: str
    value: Json
    keys: Mapping[Place, Position]
    values: Mapping[Place, Position]

    def key_position(self, place: Place) -> Position:
        """Give the position of the key, or of the value where there is no key (list items)."""
        return self.keys.get(place) or self.value_position(place)

    def value_position(self, place: Place) -> Position:
        """Give the position of the value; of the nearest one around it if it does not exist."""
        while place not in self.values and place:
            place = place[:-1]
        return self.values.get(place, START)

    def has(self, place: Place) -> bool:
        """Tell whether something is written at this place, be it an empty value."""
        return place in self.values

    def problem(self, place: Place, message: str, *, at_key: bool = False) -> Problem:
        """Make a problem of this document, at a key or at a value."""
        position = self.key_position(place) if at_key else self.value_position(place)
        return Problem(
            file=self.file,
            line=position.line,
            column=position.column,
            path=path_text(place),
            message=message,
        )

    def where(self, place: Place) -> str:
        """Give ``file:line:column`` of a key, to be named in another problem's message."""
        position = self.key_position(place)
        return f"{self.file}:{position.line}:{position.column}"


def path_text(place: Place) -> str:
    """Write a place as people do: ``filter_lists[0].filters[1].protocol``."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text

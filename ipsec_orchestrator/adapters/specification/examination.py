"""A document against its schema: all problems of shape, and the sound rest to go on with.

Rules between keys (references, duplicates) are checked on what is left when everything that
has a problem of its own is cut out or replaced, so one run shows all problems of a file.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from ipsec_orchestrator.adapters.specification.document import Document, Place
from ipsec_orchestrator.adapters.specification.explanations import explain, field_at, place_of
from ipsec_orchestrator.adapters.specification.secrets_refusal import CURE, find_secrets
from ipsec_orchestrator.errors import Problem
from ipsec_orchestrator.model.json import Json

_Model = TypeVar("_Model", bound=BaseModel)

# A stand-in can uncover one more level of errors; schemas are eight levels deep.
_ROUNDS = 8

_SECRET = f"a password or another secret must not be in this file. {CURE}"


@dataclass(frozen=True, slots=True)
class Shift:
    """What cutting out does to the indexes of the list items that stay."""

    cut: frozenset[Place]

    def original(self, place: Place) -> Place:
        """Give the place before the cut of a place after it."""
        found: Place = ()
        for part in place:
            if isinstance(part, int):
                left = -1
                index = -1
                while left < part:
                    index += 1
                    left += (*found, index) not in self.cut
                found = (*found, index)
            else:
                found = (*found, part)
        return found


@dataclass(slots=True, kw_only=True)
class Examined(Generic[_Model]):
    """A document, what is sound of it, and its problems.

    Attributes:
        document: The file's content and positions.
        content: The sound part in the schema's types; ``None`` if the root is no mapping.
        problems: Problems of shape, then those added by :meth:`add`.
    """

    document: Document
    content: _Model | None
    problems: list[Problem]
    _damaged: frozenset[Place]
    _shift: Shift

    def add(self, place: Place, message: str, *, at_key: bool = False) -> None:
        """Add a problem at a place of ``content``, unless a worse one is there already."""
        original = self.original(place)
        if not self._is_damaged(original):
            self.problems.append(self.document.problem(original, message, at_key=at_key))

    def is_sound(self, place: Place) -> bool:
        """Tell whether the file itself says what stands at this place of ``content``."""
        original = self.original(place)
        return not any(original[: len(cut)] == cut for cut in self._damaged)

    def knows_names(self, section: str) -> bool:
        """Tell whether the names of all items of a list of the root could be read."""
        depth = 3  # (section, index, "name")
        return not any(
            damaged[:1] == (section,) and (len(damaged) < depth or damaged[2:] == ("name",))
            for damaged in self._damaged
        )

    def raw_keys(self, section: str) -> list[str]:
        """Give the keys of a mapping of the root as written, sound or not."""
        root = self.document.value
        found = root.get(section) if isinstance(root, dict) else None
        return list(found) if isinstance(found, dict) else []

    def has(self, place: Place) -> bool:
        """Tell whether the file says something at this place of ``content``."""
        return self.document.has(self.original(place))

    def where(self, place: Place) -> str:
        """Give ``file:line:column`` of a place of ``content``."""
        return self.document.where(self.original(place))

    def original(self, place: Place) -> Place:
        """Give the place in the file of a place in ``content``."""
        return self._shift.original(place)

    def _is_damaged(self, place: Place) -> bool:
        return any(
            place[: len(damaged)] == damaged or damaged[: len(place)] == place
            for damaged in self._damaged
        )


def examine(document: Document, model: type[_Model]) -> Examined[_Model]:
    """Check a document against a schema and against secrets."""
    repair = _Repair(document=document, model=model)
    problems: list[Problem] = []
    for place in find_secrets(document):
        problems.append(document.problem(place, _SECRET, at_key=True))
        repair.cut.add(place)
        repair.damaged.add(place)
    content: _Model | None = None
    for number in range(_ROUNDS):
        shift = Shift(frozenset(repair.cut))
        try:
            content = model.model_validate(repair.value())
            break
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
        for single in found:
            place = shift.original(place_of(single))
            # What comes up in later rounds was made by our own stand-ins.
            if number == 0 and place not in repair.damaged:
                problems.append(explain(single, place, model, document))
            repair.mend(place)
        if () in repair.damaged:
            break
    return Examined(
        document=document,
        content=content,
        problems=problems,
        _damaged=frozenset(repair.damaged),
        _shift=Shift(frozenset(repair.cut)),
    )


@dataclass(slots=True, kw_only=True)
class _Repair:
    """Makes a document valid: unsound optional things go, required ones get a stand-in."""

    document: Document
    model: type[BaseModel]
    cut: set[Place] = field(default_factory=set[Place])
    damaged: set[Place] = field(default_factory=set[Place])
    stand_ins: dict[Place, dict[str, Json]] = field(default_factory=dict[Place, dict[str, Json]])

    def mend(self, place: Place) -> None:
        self.damaged.add(place)
        schema_field = field_at(self.model, place)
        if schema_field is not None and schema_field.is_required() and schema_field.examples:
            self.stand_ins.setdefault(place[:-1], {})[str(place[-1])] = schema_field.examples[0]
        else:
            self.cut.add(place)

    def value(self) -> Json:
        return self._value(self.document.value, ())

    def _value(self, value: Json, place: Place) -> Json:
        if isinstance(value, dict):
            left = {
                key: self._value(inner, (*place, key))
                for key, inner in value.items()
                if (*place, key) not in self.cut
            }
            return left | self.stand_ins.get(place, {})
        if isinstance(value, list):
            return [
                self._value(inner, (*place, index))
                for index, inner in enumerate(value)
                if (*place, index) not in self.cut
            ]
        return value

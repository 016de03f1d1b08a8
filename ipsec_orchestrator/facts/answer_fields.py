"""Reading the JSON answer of a script field by field; what has another shape is named exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn
from uuid import UUID

from ipsec_orchestrator.errors import UnexpectedAnswerError
from ipsec_orchestrator.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFields:
    """One JSON object of an answer.

    Attributes:
        script: Name of the script, for errors.
        path: Where the object is in the answer; empty for the answer itself.
        fields: The object.
    """

    script: str
    path: str
    fields: Mapping[str, Json]

    @classmethod
    def of(cls, script: str, answer: Json, path: str = "") -> "AnswerFields":
        """Take a JSON value that has to be an object.

        Raises:
            UnexpectedAnswerError: It is something else.
        """
        if not isinstance(answer, Mapping):
            raise UnexpectedAnswerError(
                script=script,
                field=path or "answer",
                reason=f"an object was expected, not {_kind(answer)}",
            )
        return cls(script=script, path=path, fields=answer)

    def text(self, name: str) -> str:
        """Give a text; it must be there."""
        value = self.optional_text(name)
        return self._fail(name, "is missing") if value is None else value

    def optional_text(self, name: str) -> str | None:
        """Give a text, ``None`` for null."""
        value = self._value(name)
        if value is None or isinstance(value, str):
            return value
        return self._fail(name, f"a text was expected, not {_kind(value)}")

    def number(self, name: str) -> int:
        """Give a whole number; it must be there."""
        value = self.optional_number(name)
        return self._fail(name, "is missing") if value is None else value

    def optional_number(self, name: str) -> int | None:
        """Give a whole number, ``None`` for null."""
        value = self._value(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return self._fail(name, f"a whole number was expected, not {_kind(value)}")

    def flag(self, name: str) -> bool:
        """Give a truth value; it must be there."""
        value = self._value(name)
        if isinstance(value, bool):
            return value
        return self._fail(name, f"a truth value was expected, not {_kind(value)}")

    def real(self, name: str) -> float:
        """Give a number; it must be there."""
        value = self._value(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        return self._fail(name, f"a number was expected, not {_kind(value)}")

    def guid(self, name: str) -> UUID:
        """Give a GUID; it must be there."""
        text = self.text(name)
        try:
            return UUID(text)
        except ValueError:
            return self._fail(name, "a GUID was expected")

    def moment(self, name: str) -> datetime:
        """Give a UTC time; it must be there."""
        value = self.optional_moment(name)
        return self._fail(name, "is missing") if value is None else value

    def optional_moment(self, name: str) -> datetime | None:
        """Give a UTC time, ``None`` for null."""
        text = self.optional_text(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return self._fail(name, "an ISO 8601 time was expected")
        if moment.tzinfo is None:
            return self._fail(name, "the time has no zone")
        return moment.astimezone(UTC)

    def object(self, name: str) -> "AnswerFields":
        """Give an object; it must be there."""
        return AnswerFields.of(self.script, self._value(name), self._below(name))

    def optional_object(self, name: str) -> "AnswerFields | None":
        """Give an object, ``None`` for null."""
        return None if self._value(name) is None else self.object(name)

    def objects(self, name: str) -> "tuple[AnswerFields, ...]":
        """Give a list of objects; null is an empty one."""
        value = self._value(name)
        if value is None:
            return ()
        if isinstance(value, str) or not isinstance(value, Sequence):
            return self._fail(name, f"a list was expected, not {_kind(value)}")
        return tuple(
            AnswerFields.of(self.script, item, f"{self._below(name)}[{place}]")
            for place, item in enumerate(value)
        )

    def texts(self, name: str) -> tuple[str, ...]:
        """Give a list of texts; null is an empty one, a single text a list of one."""
        value = self.fields.get(name)
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, Sequence):
            return self._fail(name, f"a list of texts was expected, not {_kind(value)}")
        texts = tuple(item for item in value if isinstance(item, str))
        if len(texts) != len(value):
            return self._fail(name, "not all of its items are texts")
        return texts

    def is_null(self, name: str) -> bool:
        """Tell whether the field is null; it must be there."""
        return self._value(name) is None

    def value_of(self, name: str) -> Json:
        """Give a field that need not be there, case-blind as the registry names its values."""
        key = name.casefold()
        return next((v for found, v in self.fields.items() if found.casefold() == key), None)

    def _value(self, name: str) -> Json:
        if name not in self.fields:
            return self._fail(name, "is missing")
        return self.fields[name]

    def _below(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _fail(self, name: str, reason: str) -> NoReturn:
        raise UnexpectedAnswerError(script=self.script, field=self._below(name), reason=reason)


def _kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a truth value"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case Mapping():
            return "an object"
        case _:
            return "a list"

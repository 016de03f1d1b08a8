"""pydantic's errors -> sentences for administrators, at the right place of the file."""

from collections.abc import Mapping
from enum import Enum
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ipsec_orchestrator.adapters.specification.document import Document, Place
from ipsec_orchestrator.adapters.specification.fields import WRONG, quoted
from ipsec_orchestrator.errors import Problem
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.suggestion import did_you_mean

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
}


def place_of(error: ErrorDetails) -> Place:
    """Give the place that an error is about; pydantic marks errors of keys by ``[key]``."""
    place = error["loc"]
    return place[:-1] if place and place[-1] == "[key]" else place


def explain(
    error: ErrorDetails,
    place: Place,
    model: type[BaseModel],
    document: Document,
) -> Problem:
    """Say what is wrong at a place, what is allowed there, and what was probably meant.

    Args:
        error: What pydantic says; its own place may be shifted by what was cut out before.
        place: The place in the document.
        model: The schema of the whole document.
        document: The document.
    """
    context: Mapping[str, object] = error.get("ctx", {})
    is_key = bool(error["loc"]) and error["loc"][-1] == "[key]"
    kind = error["type"]
    found = _value_at(document.value, place)
    if kind == WRONG:
        return document.problem(place, str(context["sentence"]), at_key=is_key)
    if kind == "extra_forbidden":
        allowed = list(allowed_keys(model, place[:-1]))
        hint = did_you_mean(str(place[-1]), allowed)
        message = f"unknown key {quoted(place[-1])}; allowed here are {', '.join(allowed)}.{hint}"
        return document.problem(place, message, at_key=True)
    if kind == "missing":
        message = f"the key '{place[-1]}' is missing{_meaning(model, place)}."
        if document.has(place):
            return document.problem(place, message, at_key=True)
        return document.problem(place[:-1], message, at_key=True)
    words = allowed_words(model, place[:-1] if is_key else place, of_key=is_key)
    if kind in ("enum", "literal_error") and words:
        written = str(place[-1]) if is_key else found
        hint = did_you_mean(written, words) if isinstance(written, str) else ""
        shown = quoted(written) if isinstance(written, (str, int)) else _kind_of(found)
        message = f"{shown} is not allowed; allowed are {', '.join(words)}.{hint}"
        return document.problem(place, message, at_key=is_key)
    return document.problem(place, _plain(error, found), at_key=is_key)


def _plain(error: ErrorDetails, found: Json) -> str:
    kind = error["type"]
    if kind == "bool_type" and isinstance(found, str) and found.casefold() in _SPOKEN:
        return f"must be true or false. Did you mean {_SPOKEN[found.casefold()]}?"
    if kind == "string_type" and isinstance(found, (bool, int, float)):
        return "must be text; put it in quotes."
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}, not {_kind_of(found)}."
    context: Mapping[str, object] = error.get("ctx", {})
    limits = {
        "greater_than_equal": f"must be at least {context.get('ge')}.",
        "less_than_equal": f"must be at most {context.get('le')}.",
        "too_short": "must not be empty.",
    }
    return limits.get(kind, f"{error['msg']}.")


# What YAML 1.1 took for booleans.
_SPOKEN = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def _kind_of(value: Json) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case dict():
            return "a mapping"
        case _:
            return "a list"


def _value_at(value: Json, place: Place) -> Json:
    for part in place:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def allowed_keys(model: type[BaseModel], place: Place) -> tuple[str, ...]:
    """Give the keys that the schema has for the mapping at a place."""
    shape = _model_at(model, place)
    return tuple(shape.model_fields) if shape else ()


def field_at(model: type[BaseModel], place: Place) -> FieldInfo | None:
    """Give the field of the schema at a place; ``None`` for list items and free keys."""
    if not place:
        return None
    shape = _model_at(model, place[:-1])
    return shape.model_fields.get(str(place[-1])) if shape else None


def allowed_words(model: type[BaseModel], place: Place, *, of_key: bool = False) -> tuple[str, ...]:
    """Give the words of the enumeration at a place, or of its keys."""
    shape = _shape_at(model, place)
    if of_key:
        arguments = get_args(shape)
        shape = _bare(arguments[0]) if arguments else None
    if isinstance(shape, type) and issubclass(shape, Enum):
        return tuple(str(member.value) for member in shape)
    if get_origin(shape) is Literal:
        return tuple(str(word) for word in get_args(shape))
    return ()


def _meaning(model: type[BaseModel], place: Place) -> str:
    field = field_at(model, place)
    if field is None or not field.description:
        return ""
    text = field.description.removesuffix(".")
    is_word = text[1:2].islower()
    return f": {text[0].lower() if is_word else text[0]}{text[1:]}"


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel] | None:
    shape = _shape_at(model, place)
    return shape if isinstance(shape, type) and issubclass(shape, BaseModel) else None


def _shape_at(model: type[BaseModel], place: Place) -> object:
    """Walk the annotations along a place."""
    shape: object = model
    for part in place:
        if isinstance(shape, type) and issubclass(shape, BaseModel):
            field = shape.model_fields.get(str(part))
            shape = _bare(field.annotation) if field else None
        elif get_origin(shape) is dict:
            shape = _bare(get_args(shape)[1])
        elif get_origin(shape) is list:
            shape = _bare(get_args(shape)[0])
        else:
            return None
    return shape


def _bare(annotation: object) -> object:
    """Take ``Annotated`` and ``| None`` away."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, UnionType):
            annotation = next(part for part in get_args(annotation) if part is not type(None))
        else:
            return annotation

"""Checks of the shape of JSON values that files hold."""

from collections.abc import Mapping, Sequence

from ipsec_orchestrator.model.json import Json


def mapping(value: Json) -> Mapping[str, Json]:
    """Check that a JSON value is an object."""
    if not isinstance(value, Mapping):
        message = f"an object was expected, not {type(value).__name__}"
        raise TypeError(message)
    return value


def sequence(value: Json) -> Sequence[Json]:
    """Check that a JSON value is a list."""
    if not isinstance(value, list):
        message = f"a list was expected, not {type(value).__name__}"
        raise TypeError(message)
    return value

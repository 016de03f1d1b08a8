"""PSRP values as the JSON that canned answers take."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import cast

from psrpcore import types

from ipsec_orchestrator.model.json import Json


def to_json(value: object) -> Json:
    """Turn a deserialized PSRP value into plain JSON values.

    Secure strings are decrypted: a canned host has to see what the real one would.

    Raises:
        ValueError: The value has no JSON form.
    """
    unnarrowed = value  # patterns would narrow to containers of unknown items
    match value:
        case None:
            plain: Json = None
        case types.PSSecureString():
            plain = str(value.decrypt())
        case bool():
            plain = value
        case str():
            plain = str.__str__(value)
        case int():
            plain = int(value)
        case float():
            plain = float(value)
        case dt.datetime() | uuid.UUID():
            plain = str(value)
        case Mapping():
            mapping = cast("Mapping[object, object]", unnarrowed)
            plain = {str(key): to_json(item) for key, item in mapping.items()}
        case Sequence() if not isinstance(value, bytes | bytearray):
            plain = [to_json(item) for item in cast("Sequence[object]", unnarrowed)]
        case _:
            raise ValueError(f"a parameter of type {type(value).__name__} has no JSON form")
    return plain

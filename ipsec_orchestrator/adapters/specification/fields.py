"""Field types that the inventory's and the playbook's schema share."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Annotated, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

# The longest display name that Group Policy and the snap-in take.
LONGEST_NAME = 255
# rangeUpper of the attribute ``description`` in the AD schema.
LONGEST_DESCRIPTION = 1024

WRONG = "wrong"


def wrong(sentence: str) -> PydanticCustomError:
    """Make the error of a value; the sentence is shown as it is."""
    return PydanticCustomError(WRONG, "{sentence}", {"sentence": sentence})


def _section_title(section: type[object]) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", section.__name__.removesuffix("Section"))
    return words.capitalize()


def _key_title(name: str, _field: object) -> str:
    return name.replace("_", " ").capitalize()


class Section(BaseModel):
    """A mapping of the file: unknown keys are refused, an empty key counts as not written."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        model_title_generator=_section_title,
        field_title_generator=_key_title,
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, value: object) -> object:
        if isinstance(value, dict):
            items: dict[object, object] = dict(value)  # pyright: ignore[reportUnknownArgumentType] - any mapping
            # An unknown key stays, so that it is refused even without a value.
            return {
                key: found
                for key, found in items.items()
                if found is not None or key not in cls.model_fields
            }
        return value


def quoted(value: object) -> str:
    """Show a value of the file in a message, shortened."""
    text = str(value)
    longest = 60
    return f"'{text}'" if len(text) <= longest else f"'{text[:longest]}...'"


def check_name(value: str) -> str:
    """Check a name that people see in the snap-in and in GPMC."""
    if not value.strip():
        raise wrong("must not be empty.")
    if value != value.strip():
        raise wrong("must not begin or end with a blank.")
    if len(value) > LONGEST_NAME:
        raise wrong(f"is {len(value)} characters long; {LONGEST_NAME} are allowed.")
    _check_printable(value)
    return value


def check_description(value: str) -> str:
    """Check a free text that is stored in one line."""
    value = value.strip()
    if len(value) > LONGEST_DESCRIPTION:
        raise wrong(f"is {len(value)} characters long; {LONGEST_DESCRIPTION} are allowed.")
    _check_printable(value)
    return value


def _check_printable(value: str) -> None:
    if any(ord(character) < ord(" ") or character == "\x7f" for character in value):
        raise wrong("must not contain line breaks or control characters.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise wrong("contains half a character (an unpaired surrogate).")


_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", re.ASCII)


def check_label(value: str) -> str:
    """Check a name that selectors use: letters, digits, ``-``, ``_`` and ``.``."""
    if not _LABEL.fullmatch(value):
        raise wrong(
            f"{quoted(value)} can't be a name here: up to 63 letters, digits, '-', '_' and '.', "
            "beginning with a letter or digit.",
        )
    return value


_DNS_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?", re.ASCII)
_LONGEST_DNS_NAME = 253


def check_dns_name(value: str) -> str:
    """Check a DNS name; a closing dot is taken away."""
    name = value.removesuffix(".")
    if len(name) > _LONGEST_DNS_NAME or not all(
        _DNS_LABEL.fullmatch(label) for label in name.split(".")
    ):
        raise wrong(f"{quoted(value)} is not a DNS name such as vm1.ipsectest.com.")
    return name


def check_target(value: str) -> str:
    """Check an address or a DNS name to connect to."""
    try:
        return str(ip_address(value))
    except ValueError:
        if re.fullmatch(r"[0-9.]+", value):
            raise wrong(f"{quoted(value)} is not an IP address.") from None
        return check_dns_name(value)


def check_ip(value: str) -> str:
    """Check an IP address, version 4 or 6."""
    try:
        return str(ip_address(value))
    except ValueError:
        raise wrong(f"{quoted(value)} is not an IP address such as 10.0.1.20.") from None


_DURATION = re.compile(r"(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+)s)?", re.ASCII)
_UNIT_SECONDS = (86_400, 3_600, 60, 1)
_MOST_DIGITS = 12


def parse_duration(value: object) -> int:
    """Read ``3600``, ``"90s"``, ``"180m"``, ``"3h"`` or ``"1h30m"`` as seconds."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value and len(value) <= _MOST_DIGITS:
        text = value.strip().casefold()
        if re.fullmatch(r"\d+", text, re.ASCII):
            return int(text)
        found = _DURATION.fullmatch(text)
        if found and text:
            return sum(
                int(amount) * unit
                for amount, unit in zip(found.groups(), _UNIT_SECONDS, strict=True)
                if amount
            )
    raise wrong("must be a duration: seconds (3600) or '90s', '180m', '3h', '1d', '1h30m'.")


def _duration(least: int, most: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        seconds = parse_duration(value)
        if not least <= seconds <= most:
            raise wrong(f"is {seconds} seconds; allowed are {least} to {most} seconds.")
        return seconds

    return check


_DURATION_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"type": "integer", "minimum": 0},
            {
                "type": "string",
                "pattern": r"^\s*(\d+[dD])?\s*(\d+[hH])?\s*(\d+[mM])?\s*(\d+[sS]?)?\s*$",
            },
        ],
    },
)

# Connections: beyond an hour nobody waits for a server.
Timeout: TypeAlias = Annotated[int, PlainValidator(_duration(1, 3_600)), _DURATION_SCHEMA]
# Windows lets administrators stretch the refresh to 45 days at most.
PolicyAge: TypeAlias = Annotated[int, PlainValidator(_duration(3_600, 3_888_000)), _DURATION_SCHEMA]
# Between two waves; a week at most.
Wait: TypeAlias = Annotated[int, PlainValidator(_duration(0, 604_800)), _DURATION_SCHEMA]
# From one pass of the watch to the next; a month at most.
PassInterval: TypeAlias = Annotated[int, PlainValidator(_duration(60, 2_678_400)), _DURATION_SCHEMA]
# A member's refresh as a whole; a day at most.
Deadline: TypeAlias = Annotated[int, PlainValidator(_duration(1, 86_400)), _DURATION_SCHEMA]
# Stored as unsigned 32 bits [MS-GPIPSEC 2.2.1.1.1]; the snap-in counts it in whole minutes.
PollingInterval: TypeAlias = Annotated[
    int, PlainValidator(_duration(60, 0xFFFF_FFFF)), _DURATION_SCHEMA
]
# Five minutes to two days, the range in which Windows renews keys by time.
MainModeLifetime: TypeAlias = Annotated[
    int, PlainValidator(_duration(300, 172_800)), _DURATION_SCHEMA
]

Name: TypeAlias = Annotated[
    str,
    AfterValidator(check_name),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}),
]
Label: TypeAlias = Annotated[
    str,
    AfterValidator(check_label),
    WithJsonSchema({"type": "string", "pattern": f"^{_LABEL.pattern}$"}),
]
Description: TypeAlias = Annotated[
    str,
    AfterValidator(check_description),
    WithJsonSchema({"type": "string", "maxLength": LONGEST_DESCRIPTION}),
]
DnsName: TypeAlias = Annotated[str, AfterValidator(check_dns_name)]
ConnectTarget: TypeAlias = Annotated[str, AfterValidator(check_target)]
IpAddress: TypeAlias = Annotated[str, AfterValidator(check_ip)]


def _port(value: object) -> int:
    highest = 0xFFFF
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= highest:
        return value
    raise wrong(f"must be a port number from 1 to {highest}.")


TcpPort: TypeAlias = Annotated[
    int,
    PlainValidator(_port),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 65535}),
]

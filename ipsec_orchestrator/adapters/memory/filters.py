"""LDAP search filters ([RFC4515]): parsed once, asked per object.

Enough for this tool: and, or, not, equality, presence, substrings, order. No extensible matches.
"""

import re
from collections.abc import Callable
from typing import TypeAlias

from ipsec_orchestrator.adapters.memory.schema import OCTET_STRINGS, REFERENCES
from ipsec_orchestrator.errors import DirectoryError
from ipsec_orchestrator.model.directory import dn_key

ValuesOf: TypeAlias = Callable[[str], tuple[bytes, ...]]
Test: TypeAlias = Callable[[ValuesOf], bool]

_BAD_FILTER = 87
_ITEM = re.compile(rb"(?P<name>[A-Za-z][A-Za-z0-9.;-]*)(?P<operator>>=|<=|=)(?P<value>[^()]*)")
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2})")


def parse_filter(text: str) -> Test:
    """Parse a filter.

    Returns:
        A function that takes "values of this attribute" and tells whether the object matches.

    Raises:
        DirectoryError: It is malformed (code 87).
    """
    content = text.encode()
    test, end = _parse(content, 0, text)
    if end != len(content):
        raise _malformed(text)
    return test


def _malformed(text: str) -> DirectoryError:
    return DirectoryError(dn="", code=_BAD_FILTER, reason=f"the search filter is malformed: {text}")


def _parse(content: bytes, at: int, text: str) -> tuple[Test, int]:
    """Parse one parenthesis from ``at`` on; give its test and where it ends."""
    if content[at : at + 1] != b"(":
        raise _malformed(text)
    kind = content[at + 1 : at + 2]
    if kind in {b"&", b"|", b"!"}:
        inner: list[Test] = []
        at += 2
        while content[at : at + 1] == b"(":
            test, at = _parse(content, at, text)
            inner.append(test)
        if not inner or (kind == b"!" and len(inner) > 1):
            raise _malformed(text)
        found = _combined(kind, inner)
    else:
        item = _ITEM.match(content, at + 1)
        if item is None:
            raise _malformed(text)
        found = _item(item["name"].decode(), item["operator"], item["value"])
        at = item.end()
    if content[at : at + 1] != b")":
        raise _malformed(text)
    return found, at + 1


def _combined(kind: bytes, inner: list[Test]) -> Test:
    if kind == b"&":
        return lambda values_of: all(test(values_of) for test in inner)
    if kind == b"|":
        return lambda values_of: any(test(values_of) for test in inner)
    return lambda values_of: not inner[0](values_of)


def _item(name: str, operator: bytes, value: bytes) -> Test:
    if operator == b"=" and value == b"*":
        return lambda values_of: bool(values_of(name))
    if operator == b"=" and b"*" in value:
        pieces = [_folded(name, _unescaped(piece)) for piece in value.split(b"*")]
        pattern = re.compile(b".*".join(re.escape(piece) for piece in pieces), re.DOTALL)
        return lambda values_of: any(
            pattern.fullmatch(_folded(name, found)) for found in values_of(name)
        )
    wanted = _unescaped(value)
    if operator == b"=":
        key = _folded(name, wanted)
        return lambda values_of: any(_folded(name, found) == key for found in values_of(name))
    sign = 1 if operator == b">=" else -1
    return lambda values_of: any(sign * _order(found, wanted) >= 0 for found in values_of(name))


def _unescaped(value: bytes) -> bytes:
    return _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), value)


def _folded(name: str, value: bytes) -> bytes:
    """Give the form under which the directory calls two values of the attribute equal."""
    if name.casefold() in OCTET_STRINGS:
        return value
    text = value.decode(errors="surrogateescape")
    if name.casefold() in REFERENCES or name.casefold() == "distinguishedname":
        return dn_key(text).encode(errors="surrogateescape")
    return text.casefold().encode(errors="surrogateescape")


def _order(one: bytes, other: bytes) -> int:
    """Compare as numbers where both are, else as text: negative, zero, positive."""
    try:
        difference = int(one) - int(other)
    except ValueError:
        return (one.lower() > other.lower()) - (one.lower() < other.lower())
    return difference

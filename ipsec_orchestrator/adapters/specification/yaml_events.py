"""YAML text -> parser events with types, and the parser's errors -> one of ours.

ruamel.yaml's parser is all that is used of it: its constructors know more types than these files
have and forget where the values stood. Its attributes carry no types, so they are read here only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLStreamError
from ruamel.yaml.reader import ReaderError

from ipsec_orchestrator.adapters.specification.document import START, Position


class EventKind(Enum):
    """Events that matter; the others (stream and document ends) are dropped."""

    DOCUMENT = auto()
    SCALAR = auto()
    ALIAS = auto()
    LIST_START = auto()
    LIST_END = auto()
    MAPPING_START = auto()
    MAPPING_END = auto()


_KINDS = {
    "DocumentStartEvent": EventKind.DOCUMENT,
    "ScalarEvent": EventKind.SCALAR,
    "AliasEvent": EventKind.ALIAS,
    "SequenceStartEvent": EventKind.LIST_START,
    "SequenceEndEvent": EventKind.LIST_END,
    "MappingStartEvent": EventKind.MAPPING_START,
    "MappingEndEvent": EventKind.MAPPING_END,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlEvent:
    """One event of the parser.

    Attributes:
        kind: What it is.
        at: Where it begins.
        text: The word of a scalar, quotes taken away.
        plain: A scalar without quotes.
        tag: An explicit tag such as ``!!str``.
        anchor: The name behind ``&`` or ``*``.
        old: The document asks for another YAML than 1.2.
    """

    kind: EventKind
    at: Position
    text: str
    plain: bool
    tag: str | None
    anchor: str | None
    old: bool


class YamlSyntaxError(ValueError):
    """Text that is no YAML of ours; never leaves this package.

    Attributes:
        at: Where it stops being YAML.
        message: What is wrong, without a word of the file: it might be a password.
    """

    def __init__(self, at: Position, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


def parse_events(text: str) -> Iterator[YamlEvent]:
    """Parse YAML.

    Raises:
        YamlSyntaxError: Not YAML, from the iterator when it gets there.
    """
    try:
        parser = YAML(typ="safe", pure=True)
        for event in parser.parse(text):  # pyright: ignore[reportUnknownMemberType] - untyped
            kind = _KINDS.get(type(event).__name__)
            if kind is not None:
                yield _event(kind, event)
    except ReaderError as error:
        at = _position_of_index(text, int(getattr(error, "position", 0)))
        raise YamlSyntaxError(at, "a control character, which YAML does not allow") from error
    except MarkedYAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        raise YamlSyntaxError(_position(mark), _syntax_message(error)) from error
    except (YAMLError, YAMLStreamError) as error:
        raise YamlSyntaxError(START, "not valid YAML") from error
    except (ValueError, OverflowError) as error:
        # ruamel.yaml lets chr() fail on escapes such as "\UFFFFFFFF".
        raise YamlSyntaxError(START, "an escape sequence that names no character") from error


def _event(kind: EventKind, event: object) -> YamlEvent:
    tag = getattr(event, "tag", None)
    anchor = getattr(event, "anchor", None)
    return YamlEvent(
        kind=kind,
        at=_position(getattr(event, "start_mark", None)),
        text=str(getattr(event, "value", "")),
        plain=getattr(event, "style", None) is None,
        tag=None if tag is None else str(tag),
        anchor=None if anchor is None else str(anchor),
        old=getattr(event, "version", None) not in (None, (1, 2)),
    )


def _position(mark: object) -> Position:
    if mark is None:
        return START
    line, column = int(getattr(mark, "line", 0)), int(getattr(mark, "column", 0))
    return Position(line=line + 1, column=column + 1)


def _position_of_index(text: str, index: int) -> Position:
    before = text[:index]
    return Position(line=before.count("\n") + 1, column=index - before.rfind("\n"))


def _syntax_message(error: MarkedYAMLError) -> str:
    """Tell what the parser says, without the words that it quotes from the file."""
    parts = (getattr(error, "context", None), getattr(error, "problem", None))
    said = " ".join(str(part) for part in parts if part)
    hint = ""
    if "'\\t'" in said:
        hint = " YAML is indented with blanks, not with tabs."
    elif "mapping values are not allowed" in said:
        hint = " Look for a missing line break, or put text that contains ': ' in quotes."
    unquoted = re.sub(r"\s+", " ", re.sub(r"'(?!<)[^']{2,}'", "text", said))
    return f"not valid YAML: {unquoted}.{hint}"

"""YAML text -> a tree of nodes with positions, without meaning yet.

ruamel.yaml's parser gives the events; its constructors are left alone, because they know
more types than these files have and forget where the values stood.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError, YAMLStreamError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from ruamel.yaml.reader import ReaderError

from ipsec_orchestrator.adapters.specification.document import START, Position

# The schemas nest eight levels deep; variables may go deeper, attacks go much deeper.
_DEEPEST = 40


@dataclass(slots=True, kw_only=True)
class ScalarNode:
    """A word or text. ``tag`` only where the file writes one; ``plain`` without quotes."""

    at: Position
    text: str
    plain: bool
    tag: str | None


@dataclass(slots=True, kw_only=True)
class ListNode:
    """A list; filled while it is read, because an alias inside may point at it."""

    at: Position
    tag: str | None
    items: "list[Node]" = field(default_factory=list["Node"])


@dataclass(slots=True, kw_only=True)
class MappingNode:
    """A mapping, its pairs in file order, duplicates still in it."""

    at: Position
    tag: str | None
    pairs: "list[tuple[Node, Node]]" = field(default_factory=list["tuple[Node, Node]"])


@dataclass(slots=True, kw_only=True)
class AliasNode:
    """A ``*alias`` and the node that its anchor is on."""

    at: Position
    target: "ScalarNode | ListNode | MappingNode"


Node: TypeAlias = ScalarNode | ListNode | MappingNode | AliasNode


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


def read_nodes(text: str) -> Node | None:
    """Read one YAML document; ``None`` for a file without content.

    Raises:
        YamlSyntaxError: Not YAML 1.2, nested too deep, or more than one document.
    """
    try:
        return _Reader(text).document()
    except ReaderError as error:
        at = _position_of_index(text, error.position)
        raise YamlSyntaxError(at, "a control character, which YAML does not allow") from error
    except MarkedYAMLError as error:
        at = _position(error.problem_mark or error.context_mark)
        raise YamlSyntaxError(at, _syntax_message(error)) from error
    except (YAMLError, YAMLStreamError) as error:
        raise YamlSyntaxError(START, "not valid YAML") from error
    except (ValueError, OverflowError) as error:
        if isinstance(error, YamlSyntaxError):
            raise
        # ruamel.yaml lets chr() fail on escapes such as "\UFFFFFFFF".
        raise YamlSyntaxError(START, "an escape sequence that names no character") from error


class _Reader:
    """Takes the parser's events one by one and makes nodes of them."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Event] = YAML(typ="safe", pure=True).parse(text)
        self._anchors: dict[str, ScalarNode | ListNode | MappingNode] = {}

    def document(self) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    message = "a second YAML document; write one document a file"
                    raise YamlSyntaxError(_mark(event), message)
                if event.version not in (None, (1, 2)):
                    message = "this file asks for an old YAML; only YAML 1.2 is read"
                    raise YamlSyntaxError(START, message)
                root = self._node(next(self._events), depth=0)
            elif isinstance(event, StreamEndEvent):
                break
        if isinstance(root, ScalarNode) and root.plain and not root.text and root.tag is None:
            return None
        return root

    def _node(self, event: Event, *, depth: int) -> Node:
        at = _mark(event)
        if depth > _DEEPEST:
            raise YamlSyntaxError(at, f"nested more than {_DEEPEST} levels deep")
        if isinstance(event, AliasEvent):
            target = self._anchors.get(str(event.anchor))
            if target is None:
                raise YamlSyntaxError(at, "an alias (*name) whose anchor (&name) is not there")
            return AliasNode(at=at, target=target)
        tag = str(event.tag) if getattr(event, "tag", None) is not None else None
        if isinstance(event, ScalarEvent):
            node = ScalarNode(at=at, text=str(event.value), plain=event.style is None, tag=tag)
            self._remember(event, node)
            return node
        if isinstance(event, SequenceStartEvent):
            items = ListNode(at=at, tag=tag)
            self._remember(event, items)
            while not isinstance(inner := next(self._events), SequenceEndEvent):
                items.items.append(self._node(inner, depth=depth + 1))
            return items
        if isinstance(event, MappingStartEvent):
            mapping = MappingNode(at=at, tag=tag)
            self._remember(event, mapping)
            while not isinstance(inner := next(self._events), MappingEndEvent):
                key = self._node(inner, depth=depth + 1)
                mapping.pairs.append((key, self._node(next(self._events), depth=depth + 1)))
            return mapping
        raise YamlSyntaxError(at, "not valid YAML")

    def _remember(
        self,
        event: ScalarEvent | SequenceStartEvent | MappingStartEvent,
        node: ScalarNode | ListNode | MappingNode,
    ) -> None:
        if event.anchor is not None:
            self._anchors[str(event.anchor)] = node


def _mark(event: Event) -> Position:
    return _position(event.start_mark)


def _position(mark: StringMark | None) -> Position:
    return START if mark is None else Position(line=mark.line + 1, column=mark.column + 1)


def _position_of_index(text: str, index: int) -> Position:
    before = text[:index]
    return Position(line=before.count("\n") + 1, column=index - before.rfind("\n"))


def _syntax_message(error: MarkedYAMLError) -> str:
    """Tell what the parser says, without the words that it quotes from the file."""
    said = " ".join(str(part) for part in (error.context, error.problem) if part)
    said = re.sub(r"\s+", " ", re.sub(r"'(?!<)[^']{2,}'", "text", said))
    hint = ""
    if "\\t" in said:
        hint = " YAML is indented with blanks, not with tabs."
    elif "mapping values are not allowed" in said:
        hint = " Look for a missing line break, or put text that contains ': ' in quotes."
    return f"not valid YAML: {said}.{hint}"

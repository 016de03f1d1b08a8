"""Parser events -> a tree of nodes with positions, without meaning yet."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from ipsec_orchestrator.adapters.specification.document import Position
from ipsec_orchestrator.adapters.specification.yaml_events import (
    EventKind,
    YamlEvent,
    YamlSyntaxError,
    parse_events,
)

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


def read_nodes(text: str) -> Node | None:
    """Read one YAML document; ``None`` for a file without content.

    Raises:
        YamlSyntaxError: Not YAML 1.2, nested too deep, or more than one document.
    """
    return _Reader(text).document()


class _Reader:
    """Takes the parser's events one by one and makes nodes of them."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[YamlEvent] = parse_events(text)
        self._anchors: dict[str, ScalarNode | ListNode | MappingNode] = {}

    def document(self) -> Node | None:
        root: Node | None = None
        # Between documents the parser gives nothing but their starts.
        for number, event in enumerate(self._events):
            if number > 0:
                message = "a second YAML document; write one document a file"
                raise YamlSyntaxError(event.at, message)
            if event.old:
                message = "this file asks for an old YAML; only YAML 1.2 is read"
                raise YamlSyntaxError(event.at, message)
            root = self._node(next(self._events), depth=0)
        if isinstance(root, ScalarNode) and root.plain and not root.text and root.tag is None:
            return None
        return root

    def _node(self, event: YamlEvent, *, depth: int) -> Node:
        if depth > _DEEPEST:
            raise YamlSyntaxError(event.at, f"nested more than {_DEEPEST} levels deep")
        match event.kind:
            case EventKind.ALIAS:
                target = self._anchors.get(event.anchor or "")
                if target is None:
                    message = "an alias (*name) whose anchor (&name) is not there"
                    raise YamlSyntaxError(event.at, message)
                return AliasNode(at=event.at, target=target)
            case EventKind.SCALAR:
                node = ScalarNode(at=event.at, text=event.text, plain=event.plain, tag=event.tag)
                self._remember(event, node)
                return node
            case EventKind.LIST_START:
                return self._list(event, depth)
            case EventKind.MAPPING_START:
                return self._mapping(event, depth)
            case EventKind.DOCUMENT | EventKind.LIST_END | EventKind.MAPPING_END:
                raise YamlSyntaxError(event.at, "not valid YAML")
            case _ as never:
                assert_never(never)

    def _list(self, event: YamlEvent, depth: int) -> ListNode:
        node = ListNode(at=event.at, tag=event.tag)
        self._remember(event, node)
        while (inner := next(self._events)).kind is not EventKind.LIST_END:
            node.items.append(self._node(inner, depth=depth + 1))
        return node

    def _mapping(self, event: YamlEvent, depth: int) -> MappingNode:
        node = MappingNode(at=event.at, tag=event.tag)
        self._remember(event, node)
        while (inner := next(self._events)).kind is not EventKind.MAPPING_END:
            key = self._node(inner, depth=depth + 1)
            node.pairs.append((key, self._node(next(self._events), depth=depth + 1)))
        return node

    def _remember(self, event: YamlEvent, node: ScalarNode | ListNode | MappingNode) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = node

"""YAML text -> :class:`Document`: nodes get their meaning, aliases are expanded."""

from typing import assert_never

from ipsec_orchestrator.adapters.specification.document import (
    START,
    Document,
    Place,
    Position,
    path_text,
)
from ipsec_orchestrator.adapters.specification.yaml_events import YamlSyntaxError
from ipsec_orchestrator.adapters.specification.yaml_nodes import (
    AliasNode,
    ListNode,
    MappingNode,
    Node,
    ScalarNode,
    read_nodes,
)
from ipsec_orchestrator.adapters.specification.yaml_scalars import plain_value, tagged_value
from ipsec_orchestrator.errors import Problem
from ipsec_orchestrator.model.json import Json

# Room for ten thousand hosts. Aliases count each time they are used: nine lines of
# aliases to aliases would otherwise ask for a thousand million values.
_MOST_VALUES = 500_000


def read_yaml(file: str, text: str) -> tuple[Document | None, tuple[Problem, ...]]:
    """Read one YAML document.

    Args:
        file: The name of the file for messages.
        text: Its content.

    Returns:
        The document, ``None`` if nothing could be made of it, and all problems of form:
        syntax, duplicate keys, tags. With problems the document holds what is left.
    """
    try:
        root = read_nodes(text)
        if root is None:
            return None, (_problem(file, START, "the file is empty."),)
        expansion = _Expansion(file)
        value = expansion.value(root, ())
    except YamlSyntaxError as error:
        return None, (_problem(file, error.at, _sentence(error.message)),)
    document = Document(file=file, value=value, keys=expansion.keys, values=expansion.values)
    problems = [document.problem(place, message, at_key=True) for place, message in expansion.wrong]
    return document, (*problems, *expansion.duplicates)


class _Expansion:
    """Walks the nodes once and notes values, positions and what is wrong."""

    def __init__(self, file: str) -> None:
        self.keys: dict[Place, Position] = {}
        self.values: dict[Place, Position] = {}
        self.wrong: list[tuple[Place, str]] = []
        self.duplicates: list[Problem] = []
        self._file = file
        self._count = 0
        self._open: set[int] = set()

    def value(self, node: Node, place: Place) -> Json:
        self._count += 1
        if self._count > _MOST_VALUES:
            message = f"more than {_MOST_VALUES} values, aliases expanded; split the file"
            raise YamlSyntaxError(node.at, message)
        # An alias stands where it is used, what is in it where the anchor is.
        self.values[place] = node.at
        target = node.target if isinstance(node, AliasNode) else node
        if id(target) in self._open:
            raise YamlSyntaxError(node.at, "an alias inside the value that it stands for")
        self._open.add(id(target))
        try:
            match target:
                case ScalarNode():
                    return self._scalar(target, place)
                case ListNode():
                    self._check_tag(target.tag, "seq", place)
                    return [
                        self.value(item, (*place, index)) for index, item in enumerate(target.items)
                    ]
                case MappingNode():
                    self._check_tag(target.tag, "map", place)
                    return self._mapping(target, place)
                case _ as never:
                    assert_never(never)
        finally:
            self._open.remove(id(target))

    def _scalar(self, node: ScalarNode, place: Place) -> Json:
        try:
            if node.tag is not None:
                return tagged_value(node.text, node.tag)
            return plain_value(node.text) if node.plain else node.text
        except ValueError as error:
            self.wrong.append((place, _sentence(str(error))))
            return None

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for key_node, value_node in node.pairs:
            key = self._key(key_node, place)
            if key is None:
                continue
            inner = (*place, key)
            if key in found:
                first = self.keys[inner]
                message = (
                    f"the key '{key}' is already at line {first.line}, column {first.column}; "
                    "keep one of the two."
                )
                self.duplicates.append(_problem(self._file, key_node.at, message, inner))
                continue
            self.keys[inner] = key_node.at
            found[key] = self.value(value_node, inner)
        return found

    def _key(self, node: Node, place: Place) -> str | None:
        target = node.target if isinstance(node, AliasNode) else node
        if not isinstance(target, ScalarNode) or (target.plain and not target.text):
            message = "keys must be plain words, not lists, mappings or nothing."
            self.duplicates.append(_problem(self._file, node.at, message, place))
            return None
        if target.plain and target.text == "<<":
            message = "merge keys (<<) are not part of YAML 1.2; write the keys out."
            self.duplicates.append(_problem(self._file, node.at, message, place))
            return None
        self._check_tag(target.tag, "str", place)
        return target.text

    def _check_tag(self, tag: str | None, kind: str, place: Place) -> None:
        if tag not in (None, "!", f"tag:yaml.org,2002:{kind}"):
            message = "YAML tags are not used in these files; take the tag away."
            self.wrong.append((place, message))


def _problem(file: str, at: Position, message: str, place: Place = ()) -> Problem:
    return Problem(
        file=file,
        line=at.line,
        column=at.column,
        path=path_text(place),
        message=message,
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."

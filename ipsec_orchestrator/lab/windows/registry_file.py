r"""A simulated host's registry: one JSON file, shared with the PowerShell engine.

The engine reads and writes the file that ``PSLAB_REGISTRY`` names::

    {"HKLM": {"keys": {"SOFTWARE": {"keys": {...}, "values": {"N": {"type": "dword", "data": 1}}}}}}

Writers take turns: an exclusive flock on ``<file>.lock``, then a new file renamed over the old one,
so readers need no lock. Paths are written ``HKLM\SOFTWARE\X``; names are case-blind.
"""

import json
import os
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from ipsec_orchestrator.lab.windows.file_lock import exclusive_lock

_Node: TypeAlias = dict[str, Any]


class ValueKind(StrEnum):
    """Kinds of registry values, in the engine's words."""

    STRING = "string"
    EXPAND_STRING = "expandstring"
    DWORD = "dword"
    QWORD = "qword"
    BINARY = "binary"
    MULTI_STRING = "multistring"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryValue:
    """A value: text for string, unsigned number for dword, bytes for binary, texts for multi."""

    kind: ValueKind
    content: str | int | bytes | tuple[str, ...]


def text_value(text: str) -> RegistryValue:
    """Make a REG_SZ."""
    return RegistryValue(kind=ValueKind.STRING, content=text)


def number_value(number: int) -> RegistryValue:
    """Make a REG_DWORD."""
    return RegistryValue(kind=ValueKind.DWORD, content=number & 0xFFFFFFFF)


def binary_value(content: bytes) -> RegistryValue:
    """Make a REG_BINARY."""
    return RegistryValue(kind=ValueKind.BINARY, content=content)


def texts_value(texts: Sequence[str]) -> RegistryValue:
    """Make a REG_MULTI_SZ."""
    return RegistryValue(kind=ValueKind.MULTI_STRING, content=tuple(texts))


class RegistryKeys:
    """The tree as it was read; changes are kept only within :meth:`RegistryFile.change`."""

    def __init__(self, tree: _Node) -> None:
        self._tree = tree

    def values(self, path: str) -> Mapping[str, RegistryValue] | None:
        """Give all values of a key; ``None`` if there is no such key."""
        node = self._find(path)
        if node is None:
            return None
        return {name: _from_json(found) for name, found in node.get("values", {}).items()}

    def value(self, path: str, name: str) -> RegistryValue | None:
        """Give one value; ``None`` if key or value is not there."""
        key = name.casefold()
        found = self.values(path) or {}
        return next((value for at, value in found.items() if at.casefold() == key), None)

    def subkeys(self, path: str) -> tuple[str, ...]:
        """Give the names of a key's children; none if there is no such key."""
        node = self._find(path)
        return () if node is None else tuple(node.get("keys", {}))

    def set_values(self, path: str, values: Mapping[str, RegistryValue]) -> None:
        """Make the key if need be and set these values; others stay."""
        node = self._make(path)
        stored = node.setdefault("values", {})
        for name, value in values.items():
            for spelling in [at for at in stored if at.casefold() == name.casefold()]:
                del stored[spelling]
            stored[name] = _to_json(value)

    def delete_value(self, path: str, name: str) -> None:
        """Delete a value; nothing happens if it is not there."""
        stored = (self._find(path) or {}).get("values", {})
        for spelling in [at for at in stored if at.casefold() == name.casefold()]:
            del stored[spelling]

    def delete_key(self, path: str) -> None:
        """Delete a key with all below it; nothing happens if it is not there."""
        above, _, name = path.rpartition("\\")
        keys = (self._find(above) or {}).get("keys", {})
        for spelling in [at for at in keys if at.casefold() == name.casefold()]:
            del keys[spelling]

    def _find(self, path: str) -> _Node | None:
        hive, *names = path.split("\\")
        node: _Node | None = self._tree.get(hive)
        for name in names:
            if node is None:
                return None
            node = _child(node, name)
        return node

    def _make(self, path: str) -> _Node:
        hive, *names = path.split("\\")
        node: _Node = self._tree.setdefault(hive, {})
        for name in names:
            below = _child(node, name)
            if below is None:
                below = node.setdefault("keys", {}).setdefault(name, {})
            node = below
        return node


class RegistryFile:
    """The registry of one simulated host. Safe for several threads and processes at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Windows refuses to replace a file that another thread is reading.
        self._own_turn = threading.RLock()

    def read(self) -> RegistryKeys:
        """Give the registry as it is now."""
        with self._own_turn:
            return RegistryKeys(self._load())

    @contextmanager
    def change(self) -> Generator[RegistryKeys]:
        """Give the registry to be changed; all changes are written at the end of the block."""
        lock_file = self.path.with_name(f"{self.path.name}.lock")
        with self._own_turn, exclusive_lock(lock_file):
            tree = self._load()
            yield RegistryKeys(tree)
            fresh = self.path.with_name(f"{self.path.name}.new{os.getpid()}")
            fresh.write_text(json.dumps(tree, indent=1), encoding="utf-8")
            fresh.replace(self.path)

    def _load(self) -> _Node:
        try:
            loaded: _Node = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return loaded


def _child(node: _Node, name: str) -> _Node | None:
    key = name.casefold()
    keys: dict[str, _Node] = node.get("keys", {})
    return next((found for at, found in keys.items() if at.casefold() == key), None)


def _from_json(stored: _Node) -> RegistryValue:
    kind, data = ValueKind(stored["type"]), stored["data"]
    match kind:
        case ValueKind.BINARY | ValueKind.NONE:
            return RegistryValue(kind=kind, content=bytes.fromhex(data or ""))
        case ValueKind.MULTI_STRING:
            return texts_value(data)
        case ValueKind.STRING | ValueKind.EXPAND_STRING | ValueKind.DWORD | ValueKind.QWORD:
            return RegistryValue(kind=kind, content=data)


def _to_json(value: RegistryValue) -> _Node:
    content = value.content
    if isinstance(content, bytes):
        return {"type": value.kind.value, "data": content.hex()}
    return {
        "type": value.kind.value,
        "data": list(content) if isinstance(content, tuple) else content,
    }

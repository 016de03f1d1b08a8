"""Objects of the shipped directory: what is stored of one, and the names that it goes by."""

import re
from dataclasses import dataclass, field
from uuid import UUID

from ipsec_orchestrator.model.directory import split_dn

# Naming attributes that occur in a domain; their values are one level of a DN.
_RDN = re.compile(r"(?P<name>CN|OU|DC)\s*=\s*(?P<value>.*\S)\s*", re.IGNORECASE | re.DOTALL)
_ESCAPED_CHARACTER = re.compile(r"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)


@dataclass(slots=True, kw_only=True)
class StoredObject:
    """One object; it changes in place, under the directory's lock.

    Attributes:
        guid: objectGUID, the identity that references keep.
        dn: As the server spells it; of a deleted object, where its remains lie.
        values: Attribute values by folded name, references left out.
        spelling: Folded name -> name as first written.
        references: Values of DN syntax by folded name, as the GUIDs of what they name.
        deleted: Whether only references know of it.
    """

    guid: UUID
    dn: str
    values: dict[str, tuple[bytes, ...]] = field(default_factory=dict[str, tuple[bytes, ...]])
    spelling: dict[str, str] = field(default_factory=dict[str, str])
    references: dict[str, tuple[UUID, ...]] = field(default_factory=dict[str, tuple[UUID, ...]])
    deleted: bool = False

    def put(self, name: str, values: tuple[bytes, ...]) -> None:
        """Set an attribute, or remove it by giving no values."""
        key = name.casefold()
        self.spelling.setdefault(key, name)
        if values:
            self.values[key] = values
        else:
            self.values.pop(key, None)

    def refer(self, name: str, targets: tuple[UUID, ...]) -> None:
        """Set an attribute of DN syntax, or remove it by giving no targets."""
        key = name.casefold()
        self.spelling.setdefault(key, name)
        if targets:
            self.references[key] = targets
        else:
            self.references.pop(key, None)

    def names(self) -> tuple[str, ...]:
        """Give the attributes that have values, in their spelling."""
        return tuple(self.spelling[key] for key in (*self.values, *self.references))


def leaf(dn: str) -> tuple[str, str] | None:
    """Give naming attribute and unescaped value of the first RDN; ``None`` if malformed."""
    parts = split_dn(dn)
    found = _RDN.fullmatch(parts[0]) if parts else None
    if found is None:
        return None
    return found["name"], _ESCAPED_CHARACTER.sub(_unescape, found["value"])


def is_well_formed(dn: str) -> bool:
    """Tell whether every part of a DN has a naming attribute and a value."""
    return all(_RDN.fullmatch(part) for part in split_dn(dn))


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code, 16)) if len(code) > 1 else code

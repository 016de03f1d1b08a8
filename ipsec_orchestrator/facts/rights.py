"""What we may do with an object of the directory, as the directory itself computes it."""

from dataclasses import dataclass

from ipsec_orchestrator.model.directory import Entry
from ipsec_orchestrator.ports import Directory

_RIGHTS = ("allowedAttributesEffective", "allowedChildClassesEffective", "sDRightsEffective")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRights:
    """What the directory lets us do with one object.

    Attributes:
        dn: The object.
        attributes: Attributes that we may write; ``None`` if the directory does not tell.
        child_classes: Classes that we may make below it; ``None`` likewise.
        descriptor_bits: Parts of its security descriptor that we may write (1 owner, 2 group,
            4 access, 8 audit); ``None`` likewise.
    """

    dn: str
    attributes: frozenset[str] | None
    child_classes: frozenset[str] | None
    descriptor_bits: int | None


def read_rights(directory: Directory, dn: str) -> ObjectRights | None:
    """Give what we may do with an object; ``None`` if there is no such object."""
    entry = directory.read(dn, ("objectClass", *_RIGHTS))
    if entry is None:
        return None
    bits = entry.attributes.text("sDRightsEffective")
    return ObjectRights(
        dn=dn,
        attributes=_words(entry, "allowedAttributesEffective", bits),
        child_classes=_words(entry, "allowedChildClassesEffective", bits),
        descriptor_bits=int(bits) if bits else None,
    )


def _words(entry: Entry, attribute: str, bits: str | None) -> frozenset[str] | None:
    texts = entry.attributes.texts(attribute)
    # sDRightsEffective always has a value; where it has none, none of the three is told.
    return None if not texts and bits is None else frozenset(text.casefold() for text in texts)

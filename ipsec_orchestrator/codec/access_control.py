"""Access control entries and lists, [MS-DTYP] 2.4.4 and 2.4.5."""

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Final, TypeAlias
from uuid import UUID

from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.codec.wire import BlobReader, BlobWriter

_HEADER_SIZE: Final = 4
_ACL_HEADER_SIZE: Final = 8
_OBJECT_TYPE_PRESENT: Final = 1
_INHERITED_TYPE_PRESENT: Final = 2


class AceKind(IntEnum):
    """AceType of the entries that are understood."""

    ALLOWED = 0
    DENIED = 1
    AUDIT = 2
    ALARM = 3
    ALLOWED_OBJECT = 5
    DENIED_OBJECT = 6
    AUDIT_OBJECT = 7
    ALARM_OBJECT = 8


OBJECT_KINDS: Final = frozenset(
    {
        AceKind.ALLOWED_OBJECT,
        AceKind.DENIED_OBJECT,
        AceKind.AUDIT_OBJECT,
        AceKind.ALARM_OBJECT,
    }
)
"""Kinds that can name an object class, property set or extended right."""


class AceFlag(IntFlag):
    """AceFlags."""

    OBJECT_INHERIT = 0x01
    CONTAINER_INHERIT = 0x02
    NO_PROPAGATE_INHERIT = 0x04
    INHERIT_ONLY = 0x08
    INHERITED = 0x10
    SUCCESSFUL_ACCESS = 0x40
    FAILED_ACCESS = 0x80


class AclRevision(IntEnum):
    """AclRevision; object entries need the second."""

    PLAIN = 2
    DIRECTORY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Ace:
    """One entry of a kind that is understood.

    Attributes:
        kind: An :class:`AceKind`.
        flags: See :class:`AceFlag`.
        mask: Access rights, 32 bits.
        sid: Whom it is about.
        object_type: Class, property set or extended right; None for all. Object kinds only.
        inherited_object_type: Class of objects that inherit it; None for all. Object kinds only.
        application_data: What follows the SID, nothing on Windows.
    """

    kind: int
    flags: int = 0
    mask: int
    sid: Sid
    object_type: UUID | None = None
    inherited_object_type: UUID | None = None
    application_data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueAce:
    """One entry of any other kind, kept as it is.

    Attributes:
        kind: AceType.
        flags: See :class:`AceFlag`.
        body: Everything after the four bytes of header.
    """

    kind: int
    flags: int
    body: bytes


AnyAce: TypeAlias = Ace | OpaqueAce


@dataclass(frozen=True, slots=True, kw_only=True)
class Acl:
    """A list of entries, evaluated in their order.

    Attributes:
        aces: The entries.
        revision: See :class:`AclRevision`.
    """

    aces: tuple[AnyAce, ...] = ()
    revision: int = AclRevision.DIRECTORY


def read_acl(reader: BlobReader) -> Acl:
    """Read a list where a reader stands; unused space behind its entries is not kept.

    Raises:
        CodecError: It is cut short, or its sizes contradict each other.
    """
    start = reader.offset
    revision = reader.u8("AclRevision")
    reader.u8("Sbz1")
    size = reader.u16("AclSize")
    count = reader.u16("AceCount")
    reader.u16("Sbz2")
    body_size = size - _ACL_HEADER_SIZE
    if not 0 <= body_size <= reader.remaining:
        reader.fail("AclSize", f"{size} bytes, {reader.remaining + 8} left", offset=start + 2)
    if count * _HEADER_SIZE > body_size:
        reader.fail("AceCount", f"{count} entries in {body_size} bytes", offset=start + 4)
    end = reader.offset + body_size
    aces = tuple(_read_ace(reader, end) for _ in range(count))
    return Acl(aces=aces, revision=revision)


def write_acl(writer: BlobWriter, acl: Acl) -> None:
    """Append a list.

    Raises:
        CodecError: A number does not fit its field, or an entry can't be as it is.
    """
    body = BlobWriter(format_name=writer.format_name)
    for ace in acl.aces:
        _write_ace(body, ace)
    writer.u8(acl.revision, "AclRevision")
    writer.u8(0, "Sbz1")
    writer.u16(_ACL_HEADER_SIZE + len(body), "AclSize")
    writer.u16(len(acl.aces), "AceCount")
    writer.u16(0, "Sbz2")
    writer.raw(body.finish())


def _read_ace(reader: BlobReader, list_end: int) -> AnyAce:
    start = reader.offset
    if list_end - start < _HEADER_SIZE:
        reader.fail("AceType", f"{list_end - start} bytes of the list left")
    kind = reader.u8("AceType")
    flags = reader.u8("AceFlags")
    size = reader.u16("AceSize")
    if not _HEADER_SIZE <= size <= list_end - start:
        reader.fail(
            "AceSize", f"{size} bytes, {list_end - start} of the list left", offset=start + 2
        )
    body_offset = reader.offset
    body = reader.take(size - _HEADER_SIZE, "Ace")
    opaque = OpaqueAce(kind=kind, flags=flags, body=body)
    if kind not in set(AceKind):
        return opaque
    # The entry ends where it says, even if its SID would go on.
    inner = reader.limited(body_offset, body_offset + len(body))
    mask = inner.u32("Mask")
    object_type = inherited_type = None
    if kind in OBJECT_KINDS:
        present = inner.u32("Flags")
        if present & ~(_OBJECT_TYPE_PRESENT | _INHERITED_TYPE_PRESENT):
            return opaque
        object_type = inner.guid("ObjectType") if present & _OBJECT_TYPE_PRESENT else None
        inherited_type = (
            inner.guid("InheritedObjectType") if present & _INHERITED_TYPE_PRESENT else None
        )
    return Ace(
        kind=kind,
        flags=flags,
        mask=mask,
        object_type=object_type,
        inherited_object_type=inherited_type,
        sid=Sid.read(inner),
        application_data=inner.rest(),
    )


def _write_ace(writer: BlobWriter, ace: AnyAce) -> None:
    body = BlobWriter(format_name=writer.format_name)
    if isinstance(ace, OpaqueAce):
        body.raw(ace.body)
    else:
        _write_ace_body(body, ace)
    writer.u8(ace.kind, "AceType")
    writer.u8(ace.flags, "AceFlags")
    writer.u16(_HEADER_SIZE + len(body), "AceSize")
    writer.raw(body.finish())


def _write_ace_body(writer: BlobWriter, ace: Ace) -> None:
    writer.u32(ace.mask, "Mask")
    if ace.kind in OBJECT_KINDS:
        present = _OBJECT_TYPE_PRESENT if ace.object_type is not None else 0
        present |= _INHERITED_TYPE_PRESENT if ace.inherited_object_type is not None else 0
        writer.u32(present, "Flags")
        for guid in (ace.object_type, ace.inherited_object_type):
            if guid is not None:
                writer.guid(guid)
    elif ace.object_type is not None or ace.inherited_object_type is not None:
        writer.fail("ObjectType", f"kind {ace.kind} has none")
    writer.raw(ace.sid.to_bytes())
    writer.raw(ace.application_data)

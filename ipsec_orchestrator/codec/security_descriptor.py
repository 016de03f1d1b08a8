"""Self-relative security descriptors, [MS-DTYP] 2.4.6, such as ``nTSecurityDescriptor``.

The value is what the descriptor says. The places of its parts in the bytes and unused space
between them are not kept: every server arranges them in its own way.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from ipsec_orchestrator.codec.access_control import Acl, read_acl, write_acl
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.codec.wire import BlobReader, BlobWriter

_FORMAT: Final = "SECURITY_DESCRIPTOR"
_REVISION: Final = 1
_HEADER_SIZE: Final = 20
_OWNER_OFFSET, _GROUP_OFFSET, _SACL_OFFSET, _DACL_OFFSET = 4, 8, 12, 16
_ALIGNMENT: Final = 4


class Control(IntFlag):
    """Control; whether a list is there follows from the list, the rest is free."""

    OWNER_DEFAULTED = 0x0001
    GROUP_DEFAULTED = 0x0002
    DACL_PRESENT = 0x0004
    DACL_DEFAULTED = 0x0008
    SACL_PRESENT = 0x0010
    SACL_DEFAULTED = 0x0020
    DACL_AUTO_INHERIT_REQ = 0x0100
    SACL_AUTO_INHERIT_REQ = 0x0200
    DACL_AUTO_INHERITED = 0x0400
    SACL_AUTO_INHERITED = 0x0800
    DACL_PROTECTED = 0x1000
    SACL_PROTECTED = 0x2000
    RM_CONTROL_VALID = 0x4000
    SELF_RELATIVE = 0x8000


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityDescriptor:
    """Owner, group and the two access control lists of an object.

    Attributes:
        owner: The owner.
        group: The primary group.
        dacl: Who may do what; None lets everybody do everything.
        sacl: What is audited.
        control: See :class:`Control`. ``SELF_RELATIVE`` is always set; ``DACL_PRESENT`` and
            ``SACL_PRESENT`` are set with a list, and without one tell a null list from none.
        resource_manager: The byte Sbz1, meaningful with ``RM_CONTROL_VALID``.
    """

    owner: Sid | None = None
    group: Sid | None = None
    dacl: Acl | None = None
    sacl: Acl | None = None
    control: int = Control.SELF_RELATIVE
    resource_manager: int = 0


def decode_descriptor(blob: bytes) -> SecurityDescriptor:
    """Read the binary form.

    Raises:
        CodecError: It is cut short, not self-relative, or a part lies outside of it.
    """
    reader = BlobReader(format_name=_FORMAT, blob=blob)
    if (revision := reader.u8("Revision")) != _REVISION:
        reader.fail("Revision", f"{revision} where 1 belongs", offset=0)
    resource_manager = reader.u8("Sbz1")
    control = reader.u16("Control")
    if not control & Control.SELF_RELATIVE:
        reader.fail("Control", "not self-relative", offset=2)
    owner = _part(reader, "OffsetOwner")
    group = _part(reader, "OffsetGroup")
    sacl = _part(reader, "OffsetSacl")
    dacl = _part(reader, "OffsetDacl")
    # [MS-DTYP] 2.4.6: without the bit, the list is not there, whatever its offset says.
    return SecurityDescriptor(
        owner=None if owner is None else Sid.read(owner),
        group=None if group is None else Sid.read(group),
        sacl=read_acl(sacl) if sacl is not None and control & Control.SACL_PRESENT else None,
        dacl=read_acl(dacl) if dacl is not None and control & Control.DACL_PRESENT else None,
        control=control,
        resource_manager=resource_manager,
    )


def encode_descriptor(descriptor: SecurityDescriptor) -> bytes:
    """Write the binary form, its parts in the order in which Windows has them.

    Raises:
        CodecError: A number does not fit its field or an entry can't be as it is.
    """
    control = descriptor.control | Control.SELF_RELATIVE
    control |= Control.DACL_PRESENT if descriptor.dacl is not None else 0
    control |= Control.SACL_PRESENT if descriptor.sacl is not None else 0
    writer = BlobWriter(format_name=_FORMAT)
    writer.u8(_REVISION, "Revision")
    writer.u8(descriptor.resource_manager, "Sbz1")
    writer.u16(control, "Control")
    writer.raw(bytes(_HEADER_SIZE - len(writer)))
    for offset, field, acl in (
        (_SACL_OFFSET, "OffsetSacl", descriptor.sacl),
        (_DACL_OFFSET, "OffsetDacl", descriptor.dacl),
    ):
        if acl is not None:
            writer.patch_u32(offset, len(writer), field)
            write_acl(writer, acl)
            writer.raw(bytes(-len(writer) % _ALIGNMENT))
    for offset, field, sid in (
        (_OWNER_OFFSET, "OffsetOwner", descriptor.owner),
        (_GROUP_OFFSET, "OffsetGroup", descriptor.group),
    ):
        if sid is not None:
            writer.patch_u32(offset, len(writer), field)
            writer.raw(sid.to_bytes())
    return writer.finish()


def _part(reader: BlobReader, field: str) -> BlobReader | None:
    start = reader.offset
    offset = reader.u32(field)
    if offset == 0:
        return None
    if not _HEADER_SIZE <= offset < reader.end:
        reader.fail(field, f"{offset} is outside of the {reader.end} bytes", offset=start)
    return reader.limited(offset, reader.end)

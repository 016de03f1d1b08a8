"""What the access control list of a GPO means: for its files, and for who gets it."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final
from uuid import UUID

from ipsec_orchestrator.codec.access_control import Ace, AceFlag, AceKind, Acl, AclRevision
from ipsec_orchestrator.codec.security_descriptor import Control, SecurityDescriptor
from ipsec_orchestrator.codec.sid import Sid

APPLY_GROUP_POLICY: Final = UUID("edacfd8f-ffb3-11d1-b41d-00a0c968f939")
"""Extended right Apply-Group-Policy."""

_CREATOR_OWNER: Final = Sid(authority=3, parts=(0,))
_PRE_WINDOWS_2000: Final = Sid(authority=5, parts=(32, 554))

# Directory rights, [MS-ADTS] 5.1.3.2.
_DS_CREATE_CHILD: Final = 0x0001
_DS_DELETE_CHILD: Final = 0x0002
_DS_LIST_CONTENTS: Final = 0x0004
_DS_READ_PROPERTY: Final = 0x0010
_DS_WRITE_PROPERTY: Final = 0x0020
CONTROL_ACCESS: Final = 0x0100
"""Directory right to an extended right, [MS-ADTS] 5.1.3.2."""

# File rights, [MS-SMB2] 2.2.13.1.
_FILE_LIST: Final = 0x0001
_FILE_ADD_FILE: Final = 0x0002
_FILE_ADD_FOLDER: Final = 0x0004
_FILE_READ_EA: Final = 0x0008
_FILE_WRITE_EA: Final = 0x0010
_FILE_TRAVERSE: Final = 0x0020
_FILE_DELETE_CHILD: Final = 0x0040
_FILE_READ_ATTRIBUTES: Final = 0x0080
_FILE_WRITE_ATTRIBUTES: Final = 0x0100

_READ_CONTROL: Final = 0x0002_0000
_SYNCHRONIZE: Final = 0x0010_0000
_STANDARD_RIGHTS: Final = 0x001F_0000
_GENERIC_READ: Final = 0x8000_0000
_GENERIC_ALL: Final = 0x1000_0000

_READ_CONTENT: Final = _DS_READ_PROPERTY | _DS_LIST_CONTENTS
_FILE_READ: Final = (
    _SYNCHRONIZE | _FILE_LIST | _FILE_READ_ATTRIBUTES | _FILE_READ_EA | _FILE_TRAVERSE
)
_FILE_WRITE: Final = (
    _SYNCHRONIZE | _FILE_ADD_FILE | _FILE_ADD_FOLDER | _FILE_WRITE_EA | _FILE_WRITE_ATTRIBUTES
)
_FILE_RIGHTS: Final = (
    # All of these directory rights together give the file rights beside them.
    (_READ_CONTENT, _FILE_READ),
    (_DS_WRITE_PROPERTY, _FILE_WRITE),
    (_DS_CREATE_CHILD, _FILE_ADD_FILE | _FILE_ADD_FOLDER),
    (_DS_DELETE_CHILD, _FILE_DELETE_CHILD),
)
_SACL_CONTROLS: Final = (
    Control.SACL_PRESENT
    | Control.SACL_DEFAULTED
    | Control.SACL_AUTO_INHERIT_REQ
    | Control.SACL_AUTO_INHERITED
    | Control.SACL_PROTECTED
)

# What "Read" in the console's delegation page is, less "list object": that one decides only in
# forests with list object mode, and only together with the parent.
_READ: Final = _READ_CONTENT | _READ_CONTROL
READ_GPO: Final = _READ | 0x0080
"""The whole of it, as GPMC gives it: LCRPLORC."""


def sysvol_descriptor(gpo_descriptor: SecurityDescriptor) -> SecurityDescriptor:
    """Give the descriptor that a GPO's SYSVOL folder has to have.

    The rules are those by which ``samba-tool gpo aclcheck`` judges: owner, group and allowing
    entries are taken over, an entry for "Pre-Windows 2000 Compatible Access" is not; every
    entry is inherited by files and folders, that of the creator only by them; directory rights
    turn into file rights. Denying and auditing entries have no counterpart.

    Args:
        gpo_descriptor: ``nTSecurityDescriptor`` of the GPO's container.
    """
    source = gpo_descriptor.dacl.aces if gpo_descriptor.dacl is not None else ()
    aces = tuple(
        _file_ace(ace)
        for ace in source
        if isinstance(ace, Ace)
        and ace.kind in (AceKind.ALLOWED, AceKind.ALLOWED_OBJECT)
        and ace.sid != _PRE_WINDOWS_2000
    )
    has_objects = any(ace.kind == AceKind.ALLOWED_OBJECT for ace in aces)
    revision = AclRevision.DIRECTORY if has_objects else AclRevision.PLAIN
    return SecurityDescriptor(
        owner=gpo_descriptor.owner,
        group=gpo_descriptor.group,
        dacl=Acl(aces=aces, revision=int(revision)),
        control=gpo_descriptor.control & ~int(_SACL_CONTROLS) | int(Control.DACL_PRESENT),
    )


def may_apply(descriptor: SecurityDescriptor, sids: Collection[Sid]) -> bool:
    """Tell whether a computer gets a GPO: may it read it and has it the right to apply it?

    Entries count in their order, the first about a right decides ([MS-DTYP] 2.5.3.2,
    [MS-ADTS] 5.1.3.3). Entries about single properties, and of kinds that are not understood,
    decide nothing. The owner may read the descriptor.

    Args:
        descriptor: ``nTSecurityDescriptor`` of the GPO's container.
        sids: The computer's own SID and those of all groups it is in, with Authenticated Users
            and Everyone.
    """
    if descriptor.dacl is None:
        return True
    effective = [
        ace
        for ace in descriptor.dacl.aces
        if isinstance(ace, Ace) and ace.sid in sids and not ace.flags & AceFlag.INHERIT_ONLY
    ]
    owns = descriptor.owner is not None and descriptor.owner in sids
    unread = _READ & ~_READ_CONTROL if owns else _READ
    return _granted(effective, unread, None) and _granted(
        effective, CONTROL_ACCESS, APPLY_GROUP_POLICY
    )


def _granted(aces: list[Ace], wanted: int, right: UUID | None) -> bool:
    missing = wanted
    for ace in aces:
        if ace.object_type is not None and ace.object_type != right:
            continue
        mask = _mapped(ace.mask)
        if ace.kind in (AceKind.DENIED, AceKind.DENIED_OBJECT) and mask & missing:
            return False
        if ace.kind in (AceKind.ALLOWED, AceKind.ALLOWED_OBJECT):
            missing &= ~mask
    return not missing


def _mapped(mask: int) -> int:
    if mask & _GENERIC_ALL:
        mask |= _READ | CONTROL_ACCESS
    if mask & _GENERIC_READ:
        mask |= _READ
    return mask


def _file_ace(ace: Ace) -> Ace:
    flags = ace.flags | AceFlag.OBJECT_INHERIT | AceFlag.CONTAINER_INHERIT
    if ace.sid == _CREATOR_OWNER:
        flags |= AceFlag.INHERIT_ONLY
    mask = ace.mask & _STANDARD_RIGHTS
    for directory_rights, file_rights in _FILE_RIGHTS:
        if ace.mask & directory_rights == directory_rights:
            mask |= file_rights
    return replace(ace, flags=int(flags), mask=mask)

"""Security descriptors as text (SDDL), [MS-DTYP] 2.5.1.

Read and written in the words of :mod:`~ipsec_orchestrator.codec.sddl_names`. Aliases of domain
groups need the domain's SID; without it those SIDs are written out in full.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn
from uuid import UUID

from ipsec_orchestrator.codec.access_control import (
    OBJECT_KINDS,
    Ace,
    Acl,
    AclRevision,
    AnyAce,
    OpaqueAce,
)
from ipsec_orchestrator.codec.sddl_names import (
    COMBINED_RIGHTS,
    DACL_CONTROLS,
    DOMAIN_RIDS,
    FLAGS,
    KINDS,
    RIGHTS,
    ROOT_DOMAIN_RIDS,
    SACL_CONTROLS,
    WELL_KNOWN_SIDS,
)
from ipsec_orchestrator.codec.security_descriptor import Control, SecurityDescriptor
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.errors import CodecError

_FORMAT: Final = "SDDL"
_U32_MAX: Final = 0xFFFFFFFF
_NULL_ACL: Final = "NO_ACCESS_CONTROL"
_ACE_FIELDS: Final = 6

_SID: Final = r"S-1-[-0-9A-Fa-fxX]+|[A-Z]{2}"
_ACL: Final = rf"(?P<{{0}}_flags>(?:P|AR|AI)*)(?P<{{0}}>{_NULL_ACL}|(?:\([^()]*\))*)"
_DESCRIPTOR: Final = re.compile(
    rf"(?:O:(?P<owner>{_SID}))?(?:G:(?P<group>{_SID}))?"
    rf"(?:D:{_ACL.format('dacl')})?(?:S:{_ACL.format('sacl')})?"
)
_CONTROL_WORD: Final = re.compile(r"P|AR|AI")
_ACE: Final = re.compile(r"\(([^()]*)\)")
_HEX: Final = re.compile(r"0[xX][0-9A-Fa-f]{1,8}")
_DECIMAL: Final = re.compile(r"[0-9]{1,10}")
_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SidNames:
    """Two-letter names of SIDs, for one domain.

    Attributes:
        domain: SID of the domain; None leaves its groups without names.
        root_domain: SID of the forest's root domain; None takes ``domain``.
    """

    domain: Sid | None = None
    root_domain: Sid | None = None

    def sid(self, text: str) -> Sid | None:
        """Give the SID of a name or of a SID's text; None if it is neither."""
        if text in WELL_KNOWN_SIDS:
            return Sid.parse(WELL_KNOWN_SIDS[text])
        for domain, relative_ids in self._relative():
            if domain is not None and text in relative_ids:
                return domain.child(relative_ids[text])
        try:
            return Sid.parse(text)
        except CodecError:
            return None

    def name(self, sid: Sid) -> str:
        """Give the name of a SID, or its text if it has none."""
        text = str(sid)
        for name, well_known in WELL_KNOWN_SIDS.items():
            if text == well_known:
                return name
        for domain, relative_ids in self._relative():
            for name, relative_id in relative_ids.items():
                if domain is not None and sid == domain.child(relative_id):
                    return name
        return text

    def _relative(self) -> tuple[tuple[Sid | None, Mapping[str, int]], ...]:
        root = self.domain if self.root_domain is None else self.root_domain
        return ((self.domain, DOMAIN_RIDS), (root, ROOT_DOMAIN_RIDS))


def parse_sddl(text: str, names: SidNames) -> SecurityDescriptor:
    """Read a descriptor.

    Raises:
        CodecError: A word is unknown, or something is not where it belongs.
    """
    match = _DESCRIPTOR.fullmatch(text)
    if match is None:
        readable = _DESCRIPTOR.match(text)
        _fail("SDDL", 0 if readable is None else readable.end(), "not understood from here on")
    control = Control.SELF_RELATIVE
    for part, controls, present in (
        ("dacl", DACL_CONTROLS, Control.DACL_PRESENT),
        ("sacl", SACL_CONTROLS, Control.SACL_PRESENT),
    ):
        if match[part] is not None:
            control |= present
            for word in _CONTROL_WORD.findall(match[f"{part}_flags"]):
                control |= controls[word]
    return SecurityDescriptor(
        owner=_optional_sid(match, "owner", names),
        group=_optional_sid(match, "group", names),
        dacl=_acl(match, "dacl", names),
        sacl=_acl(match, "sacl", names),
        control=int(control),
    )


def format_sddl(descriptor: SecurityDescriptor, names: SidNames) -> str:
    """Write a descriptor.

    Raises:
        CodecError: An entry is of a kind that has no words, or has application data.
    """
    text = ""
    if descriptor.owner is not None:
        text += f"O:{names.name(descriptor.owner)}"
    if descriptor.group is not None:
        text += f"G:{names.name(descriptor.group)}"
    for letter, acl, controls, present in (
        ("D", descriptor.dacl, DACL_CONTROLS, Control.DACL_PRESENT),
        ("S", descriptor.sacl, SACL_CONTROLS, Control.SACL_PRESENT),
    ):
        if acl is None and not descriptor.control & present:
            continue
        words = "".join(word for word, bit in controls.items() if descriptor.control & bit)
        entries = _NULL_ACL if acl is None else "".join(_format_ace(ace, names) for ace in acl.aces)
        text += f"{letter}:{words}{entries}"
    return text


def _optional_sid(match: re.Match[str], part: str, names: SidNames) -> Sid | None:
    text = match[part]
    return None if text is None else _sid(text, part, match.start(part), names)


def _sid(text: str, field: str, offset: int, names: SidNames) -> Sid:
    sid = names.sid(text)
    if sid is None:
        _fail(field, offset, "neither a SID nor a known name of one")
    return sid


def _acl(match: re.Match[str], part: str, names: SidNames) -> Acl | None:
    text = match[part]
    if text is None or text == _NULL_ACL:
        return None
    aces = tuple(
        _parse_ace(entry[1], match.start(part) + entry.start(1), names)
        for entry in _ACE.finditer(text)
    )
    has_objects = any(ace.kind in OBJECT_KINDS for ace in aces)
    revision = AclRevision.DIRECTORY if has_objects else AclRevision.PLAIN
    return Acl(aces=aces, revision=int(revision))


def _parse_ace(text: str, offset: int, names: SidNames) -> Ace:
    fields = text.split(";")
    if len(fields) != _ACE_FIELDS:
        _fail("ACE", offset, f"{len(fields)} fields where 6 belong")
    kind, flags, rights, object_type, inherited_type, sid = fields
    if kind not in KINDS:
        _fail("ACE type", offset, "unknown")
    is_object = KINDS[kind] in OBJECT_KINDS
    if (object_type or inherited_type) and not is_object:
        _fail("ACE object type", offset, "in an entry that can't have one")
    return Ace(
        kind=int(KINDS[kind]),
        flags=_words(flags, FLAGS, "ACE flags", offset),
        mask=_mask(rights, offset),
        object_type=_guid(object_type, offset),
        inherited_object_type=_guid(inherited_type, offset),
        sid=_sid(sid, "ACE SID", offset, names),
    )


def _words(text: str, words: Mapping[str, int], field: str, offset: int) -> int:
    number = 0
    for start in range(0, len(text), 2):
        word = text[start : start + 2]
        if word not in words:
            _fail(field, offset, "unknown word")
        number |= int(words[word])
    return number


def _mask(text: str, offset: int) -> int:
    if _HEX.fullmatch(text):
        return int(text, 16)
    if _DECIMAL.fullmatch(text) and int(text) <= _U32_MAX:
        return int(text)
    return _words(text, {**RIGHTS, **COMBINED_RIGHTS}, "ACE rights", offset)


def _guid(text: str, offset: int) -> UUID | None:
    if not text:
        return None
    if _GUID.fullmatch(text) is None:
        _fail("ACE object type", offset, "not a GUID")
    return UUID(text)


def _format_ace(ace: AnyAce, names: SidNames) -> str:
    kind = next((word for word, number in KINDS.items() if number == ace.kind), None)
    if kind is None or isinstance(ace, OpaqueAce) or ace.application_data:
        _fail("ACE", 0, f"an entry of type {ace.kind} that has no text form")
    flags = "".join(word for word, bit in FLAGS.items() if ace.flags & bit)
    unnamed = ace.flags & ~sum(FLAGS.values())
    if unnamed:
        _fail("ACE flags", 0, f"{unnamed:#x} has no name")
    object_type = "" if ace.object_type is None else str(ace.object_type)
    inherited = "" if ace.inherited_object_type is None else str(ace.inherited_object_type)
    rights = _format_mask(ace.mask)
    return f"({kind};{flags};{rights};{object_type};{inherited};{names.name(ace.sid)})"


def _format_mask(mask: int) -> str:
    for word, combined in COMBINED_RIGHTS.items():
        if mask == combined:
            return word
    if mask & ~sum(RIGHTS.values()):
        return f"{mask:#010x}"
    return "".join(word for word, bit in RIGHTS.items() if mask & bit)


def _fail(field: str, offset: int, reason: str) -> NoReturn:
    raise CodecError(format=_FORMAT, field=field, offset=offset, reason=reason)

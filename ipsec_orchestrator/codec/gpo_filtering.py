"""Security filtering of a GPO: narrowed to some computers and widened again, entry for entry.

Narrowing takes the right Apply Group Policy from everybody who has it by an entry of its own and
gives it, with the right to read, to each computer. What was taken away is written down in a record
of one line, from which widening puts every entry back where it was.
"""

import base64
import binascii
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from ipsec_orchestrator.codec.access_control import (
    Ace,
    AceFlag,
    AceKind,
    Acl,
    AnyAce,
    read_acl,
    write_acl,
)
from ipsec_orchestrator.codec.gpo_access import (
    APPLY_GROUP_POLICY,
    CONTROL_ACCESS,
    READ_GPO,
    may_apply,
    sysvol_descriptor,
)
from ipsec_orchestrator.codec.security_descriptor import SecurityDescriptor
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.codec.wire import BlobReader, BlobWriter
from ipsec_orchestrator.errors import CodecError

_FORMAT: Final = "FILTERING"
_PREFIX: Final = "ipsec_orchestrator filtering "
RECORD_CHARACTERS: Final = 256
"""rangeUpper of adminDisplayName, where the record is kept [MS-ADA1]."""

# What every computer is, whatever groups it is in.
_EVERY_COMPUTER: Final = (Sid.parse("S-1-1-0"), Sid.parse("S-1-5-11"))
# An access control list has at most 65535 bytes; a computer takes two entries.
_LIST_BYTES: Final = 0xFFFF
_BYTES_A_COMPUTER: Final = 36 + 56
_BYTES_OF_OTHERS: Final = 4096
MOST_COMPUTERS: Final = (_LIST_BYTES - _BYTES_OF_OTHERS) // _BYTES_A_COMPUTER
"""So many computers one GPO can be narrowed to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtering:
    """How the security filtering of a GPO stands.

    Attributes:
        descriptor: ``nTSecurityDescriptor`` of the container.
        record: What narrowing took away; ``None`` if it is not narrowed.
    """

    descriptor: SecurityDescriptor
    record: str | None = None

    @property
    def computers(self) -> tuple[Sid, ...] | None:
        """The accounts that alone may apply the GPO, sorted; ``None`` if it is not narrowed."""
        if self.record is None:
            return None
        return sorted_sids(ace.sid for ace in _entries(self.descriptor) if is_apply_entry(ace))

    def narrowed_to(self, computers: Collection[Sid] | None) -> "Filtering":
        """Give the filtering in which these computers alone may apply the GPO.

        Args:
            computers: Their accounts; ``None`` for everybody who might before the narrowing.

        Raises:
            CodecError: The record can't be read, or is too long for its attribute.
        """
        wide = _widened(self)
        return wide if computers is None else _narrowed(wide.descriptor, computers)


def _widened(narrow: Filtering) -> Filtering:
    if narrow.record is None:
        return narrow
    places, taken = _read_record(narrow.record)
    given = {ace.sid for ace in _entries(narrow.descriptor) if is_apply_entry(ace)}
    kept: list[AnyAce] = [
        ace
        for ace in _all(narrow.descriptor)
        if not is_apply_entry(ace)
        and not (isinstance(ace, Ace) and ace.sid in given and ace == _read_entry(ace.sid))
    ]
    for place, ace in zip(places, taken, strict=True):
        kept.insert(place, ace)
    return Filtering(descriptor=_with_entries(narrow.descriptor, kept))


def _narrowed(descriptor: SecurityDescriptor, computers: Collection[Sid]) -> Filtering:
    found = _all(descriptor)
    places = [place for place, ace in enumerate(found) if is_apply_entry(ace)]
    kept = [ace for ace in found if not is_apply_entry(ace)]
    first = places[0] if places else len(kept)
    given: list[AnyAce] = [
        entry for sid in sorted_sids(computers) for entry in (_read_entry(sid), _apply_entry(sid))
    ]
    return Filtering(
        descriptor=_with_entries(descriptor, [*kept[:first], *given, *kept[first:]]),
        record=_write_record(places, [found[place] for place in places]),
    )


def sorted_sids(sids: Iterable[Sid]) -> tuple[Sid, ...]:
    """Give SIDs once each, by domain and number."""
    return tuple(sorted(set(sids), key=lambda sid: (sid.authority, sid.parts)))


def is_apply_entry(ace: AnyAce) -> bool:
    """Tell whether an entry gives the right to apply the GPO, and nothing else."""
    return (
        isinstance(ace, Ace)
        and ace.kind == AceKind.ALLOWED_OBJECT
        and ace.mask == CONTROL_ACCESS
        and ace.object_type == APPLY_GROUP_POLICY
    )


def reaches_everybody(descriptor: SecurityDescriptor, domain: Sid) -> bool:
    """Tell whether any computer of a domain gets the GPO, whatever its own account may do."""
    domain_computers, domain_controllers = domain.child(515), domain.child(516)
    return any(
        may_apply(descriptor, (*_EVERY_COMPUTER, group))
        for group in (domain_computers, domain_controllers)
    )


def template_descriptor(
    template: SecurityDescriptor,
    container: SecurityDescriptor,
    computers: Collection[Sid],
) -> SecurityDescriptor:
    """Give the access control list that the SYSVOL folder needs beside that of the container.

    Only entries of the computers and those about Apply Group Policy are taken away and put in, at
    their places among the container's; every other entry stays as it is.

    Args:
        template: Of the folder as it is.
        container: Of the container as it is to be.
        computers: All accounts that may have entries for being in a wave.
    """
    ours = frozenset(computers)

    def is_ours(ace: AnyAce) -> bool:
        return isinstance(ace, Ace) and (ace.sid in ours or ace.object_type == APPLY_GROUP_POLICY)

    rest = [ace for ace in _all(template) if not is_ours(ace)]
    for place, ace in enumerate(_all(sysvol_descriptor(container))):
        if is_ours(ace):
            rest.insert(min(place, len(rest)), ace)
    return _with_entries(template, rest)


def same_file_rights(one: SecurityDescriptor, other: SecurityDescriptor) -> bool:
    """Tell whether two lists of a folder say the same; Windows drops entries without rights."""
    return _meaning(one) == _meaning(other)


def _meaning(descriptor: SecurityDescriptor) -> list[AnyAce]:
    return [ace for ace in _all(descriptor) if not (isinstance(ace, Ace) and ace.mask == 0)]


def _all(descriptor: SecurityDescriptor) -> tuple[AnyAce, ...]:
    return () if descriptor.dacl is None else descriptor.dacl.aces


def _entries(descriptor: SecurityDescriptor) -> tuple[Ace, ...]:
    return tuple(ace for ace in _all(descriptor) if isinstance(ace, Ace))


def _with_entries(descriptor: SecurityDescriptor, aces: Iterable[AnyAce]) -> SecurityDescriptor:
    old = Acl() if descriptor.dacl is None else descriptor.dacl
    return replace(descriptor, dacl=replace(old, aces=tuple(aces)))


def _read_entry(sid: Sid) -> Ace:
    flags = int(AceFlag.CONTAINER_INHERIT)
    return Ace(kind=AceKind.ALLOWED, flags=flags, mask=READ_GPO, sid=sid)


def _apply_entry(sid: Sid) -> Ace:
    return Ace(
        kind=AceKind.ALLOWED_OBJECT,
        flags=int(AceFlag.CONTAINER_INHERIT),
        mask=CONTROL_ACCESS,
        object_type=APPLY_GROUP_POLICY,
        sid=sid,
    )


def _write_record(places: Iterable[int], taken: Iterable[AnyAce]) -> str:
    writer = BlobWriter(format_name=_FORMAT)
    write_acl(writer, Acl(aces=tuple(taken)))
    encoded = base64.b64encode(writer.finish()).decode("ascii")
    text = f"{_PREFIX}{','.join(map(str, places))} {encoded}"
    if len(text) > RECORD_CHARACTERS:
        raise CodecError(
            format=_FORMAT,
            field="record",
            offset=0,
            reason=f"{len(text)} characters; adminDisplayName holds {RECORD_CHARACTERS}",
        )
    return text


def is_record(text: str | None) -> bool:
    """Tell whether an ``adminDisplayName`` is a record of ours."""
    return text is not None and text.startswith(_PREFIX)


def _read_record(text: str) -> tuple[list[int], tuple[AnyAce, ...]]:
    numbers, blank, encoded = text.removeprefix(_PREFIX).partition(" ")
    try:
        places = [int(number) for number in numbers.split(",") if number]
        blob = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        places, blob = [-1], b""
    reader = BlobReader(format_name=_FORMAT, blob=blob)
    if not is_record(text) or not blank or any(place < 0 for place in places):
        reader.fail("record", f"{text!r} is none")
    taken = read_acl(reader).aces
    if len(taken) != len(places):
        reader.fail("record", f"{len(places)} places for {len(taken)} entries")
    return places, taken

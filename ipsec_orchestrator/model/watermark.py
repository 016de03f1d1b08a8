"""What one look for drift leaves for the next: how far it has read, and what the answers were."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ipsec_orchestrator.model.directory import Entry, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One read or search of the directory.

    Attributes:
        base: DN of the object, or where the search begins.
        scope: How far it goes; a read has the scope of its object.
        ldap_filter: Empty for a read.
        attributes: What is asked for, in the order of the asker.
    """

    base: str
    scope: Scope
    ldap_filter: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """An object that was written as lately as any that is known, and the number of that write."""

    guid: UUID
    usn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryMark:
    """How far one DC's database was read, and what it said.

    Attributes:
        dc: FQDN of the DC.
        invocation_id: Id of its database; a database that was restored has another.
        usn: Its ``highestCommittedUSN`` before the look began: what has a greater number is new.
        read_whole: When everything was read the last time, instead of what had changed.
        pin: Is there still, with the same number, unless the database is an older copy.
        answers: What was asked and answered; entries bear GUID and USN.
    """

    dc: str
    invocation_id: UUID
    usn: int
    read_whole: datetime
    pin: Pin | None
    answers: Mapping[Question, tuple[Entry, ...]] = field(
        default_factory=dict[Question, tuple[Entry, ...]], hash=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberReading:
    """When a member's own state was read the last time.

    Attributes:
        at: Then.
        account: DN and SID of its computer account then; empty if it was not in the reach of the GPO.
        basis: Digest of everything that it was compared with.
        clean: Whether it was as it ought to be, and said so itself.
    """

    at: datetime
    account: str
    basis: str
    clean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """All of it, for one playbook in one domain.

    Attributes:
        playbook: Name of the playbook.
        domain: DNS name of the domain.
        tool_version: Version of the program that made it; no other takes it.
        directory: ``None`` if the DC or our account allows no looking for changes only.
        readings: By inventory name of the member.
    """

    playbook: str
    domain: str
    tool_version: str
    directory: DirectoryMark | None = None
    readings: Mapping[str, MemberReading] = field(
        default_factory=dict[str, MemberReading], hash=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a DC's database stands.

    Attributes:
        dc: FQDN of the DC.
        invocation_id: Id of the database; ``None`` if it may not be read.
        usn: Its highest committed USN.
    """

    dc: str
    invocation_id: UUID | None
    usn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedObject:
    """An object with a number greater than the watermark's, or the pin.

    Attributes:
        guid: Its identity.
        dn: Where it is; of a deleted object, where its remains lie.
        usn: Of its last write on this DC.
        classes: ``objectClass``.
        deleted: Whether only its remains are there.
    """

    guid: UUID
    dn: str
    usn: int
    classes: tuple[str, ...]
    deleted: bool = False

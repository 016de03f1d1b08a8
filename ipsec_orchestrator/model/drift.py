"""Drift: differences between what is wanted, what was left, and what is there."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DriftKind(StrEnum):
    """Which of the three disagree, in one word."""

    DRIFT = "drift"
    PENDING = "pending"
    ADOPTED = "adopted"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field of one thing that is not as it ought to be.

    Attributes:
        kind: Which of the three disagree.
        object: DN, path or host.
        thing: What it is: ``GPO``, ``link``, ``filter list`` ...
        name: How people call it.
        field: Which of its properties; ``the object`` for the whole.
        expected: What it ought to be, in the playbook's words; ``absent`` if it ought not to be.
        found: What it is.
        attribute: LDAP attribute that holds it; ``None`` for what is kept elsewhere.
        holder: DN of the object with that attribute.
        when: When it was changed last, as far as the directory knows.
        where: FQDN of the DC where that was done.
        who: Who did it, where the security log of that DC tells.
        why_unknown: Why it does not, or why even time and place are not known.
    """

    kind: DriftKind
    object: str
    thing: str
    name: str
    field: str
    expected: str
    found: str
    attribute: str | None = None
    holder: str = ""
    when: datetime | None = None
    where: str | None = None
    who: str | None = None
    why_unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Something that could not be looked at."""

    object: str
    reason: str
    cure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """What one look brought to light.

    Attributes:
        differences: In the order of the how-to's stages.
        unknown: What could not be read.
        record: Id of the run whose record was compared with; ``None`` if there is none.
    """

    differences: tuple[Difference, ...] = ()
    unknown: tuple[Unread, ...] = ()
    record: str | None = None

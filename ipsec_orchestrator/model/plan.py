"""The plan: what would change, in words for people and in steps for the engine."""

import json
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from ipsec_orchestrator.model.active_policy import ActivePolicy
from ipsec_orchestrator.model.directory import Attributes, comparable
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import MemberStep, Step


class Action(StrEnum):
    """What happens to one thing; ``unchanged`` says that it was looked at and is as wanted."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    UNCHANGED = "unchanged"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of a thing, old and new, in the playbook's words; ``None`` is absent."""

    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing in the administrator's sense, and what happens to it.

    Attributes:
        stage: The stage of the how-to to which it belongs.
        action: What happens.
        kind: ``GPO``, ``link``, ``filter action``, ``filter list``, ``policy``, ``rule`` ...
        name: How people call it.
        object: DN or host.
        fields: What changes in it, or what it consists of when it is created.
        reason: Why; explains, never decides.
    """

    stage: Stage
    action: Action
    kind: str
    name: str
    object: str
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something that the reader should know before saying yes."""

    code: str
    text: str


class Purpose(StrEnum):
    """Which command made the plan; for display only."""

    APPLY = "apply"
    REMOVE = "remove"
    REPAIR = "repair"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisObject:
    """One object that a plan touches or takes as given, as it was read.

    Attributes:
        dn: Its DN.
        guid: objectGUID; ``None`` if there was no such object, or it could not be read.
        usn: uSNChanged, likewise.
        attributes: What the plan rests on; ``None`` if there was no such object. An attribute
            without values was absent.
    """

    dn: str
    guid: UUID | None
    usn: int | None
    attributes: Attributes | None

    @property
    def content(self) -> str | None:
        """SHA-256 of the attributes, hexadecimal; equal content in another order gives the same."""
        if self.attributes is None:
            return None
        known = {
            name.casefold(): sorted(value.hex() for value in comparable(name, values))
            for name, values in self.attributes.items()
        }
        text = json.dumps(known, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the plan was made from.

    Attributes:
        domain: DNS name.
        dc: The one DC that was read and will be written.
        invocation_id: Id of that DC's database; ``None`` if it could not be read.
        playbook: Name of the playbook.
        gpo: Display name of its GPO; the run locks it.
        tool_version: Version of this program.
        objects: Every object that the plan touches or takes as given, in DN order.
    """

    domain: str
    dc: str
    playbook: str
    gpo: str
    tool_version: str
    invocation_id: UUID | None = None
    objects: tuple[BasisObject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """A flow that administration needs and that would not stay open.

    Attributes:
        word: How ``--accept-risk`` names it, such as ``winrm:vm1``.
        flow: The flow in words.
        host: The host on which it ends.
        verdict: ``blocked``, ``needs IPsec`` or ``undecided``.
        rules: Names of the rules whose filters decide, or can't be ordered.
        filters: Those filters in words.
        text: What would happen, and why, in a sentence.
        cure: What to do.
        can_be_accepted: Whether somebody may take it upon them.
        is_accepted: Whether somebody did.
    """

    word: str
    flow: str
    host: str
    verdict: str
    rules: tuple[str, ...]
    filters: tuple[str, ...]
    text: str
    cure: str
    can_be_accepted: bool
    is_accepted: bool = False


class DangerCode(StrEnum):
    """What makes a plan dangerous beside the flows that it closes."""

    DOMAIN_CONTROLLERS = "domain-controllers"
    DOMAIN_ROOT = "domain-root"
    MANY_HOSTS = "many-hosts"
    MANY_OBJECTS = "many-objects"


@dataclass(frozen=True, slots=True, kw_only=True)
class Danger:
    """Something that needs a confirmation of its own.

    Attributes:
        code: What it is.
        text: What would happen, in a sentence.
        option: The option that confirms it.
        is_confirmed: Whether it was given.
    """

    code: DangerCode
    text: str
    option: str
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Consents:
    """What somebody takes upon them, said when planning.

    Attributes:
        risks: Words of risks.
        dangers: What else is confirmed.
        left_behind: Members without which a removal may come to its end, if they do not answer.
    """

    risks: tuple[str, ...] = ()
    dangers: frozenset[DangerCode] = frozenset()
    left_behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """What was made sure of before anybody may say yes.

    Attributes:
        policy: What hosts get; ``None`` if they get none. ``apply`` judges it again, because
            it may run on another workstation.
        members: Names of the inventory's hosts that get it.
        strangers: Computers that get it but are not in the inventory; nothing is known of them.
        flows: How many flows were judged.
        likely: How many of the open ones rest on what is likely only.
        risks: The flows that would not stay open.
        dangers: What else needs a confirmation.
    """

    policy: ActivePolicy | None = None
    members: tuple[str, ...] = ()
    strangers: int = 0
    flows: int = 0
    likely: int = 0
    risks: tuple[Risk, ...] = ()
    dangers: tuple[Danger, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Ordered changes for people, ordered steps for the engine, and what they rest on.

    ``safety`` is ``None`` where nothing can be locked out: in a removal.
    """

    purpose: Purpose
    basis: Basis
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    warnings: tuple[Caution, ...] = ()
    safety: Safety | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    @property
    def members(self) -> tuple[MemberStep, ...]:
        """The steps that concern members."""
        return tuple(step for step in self.steps if isinstance(step, MemberStep))

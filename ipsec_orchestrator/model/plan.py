"""The plan: what would change, in words for people and in steps for the engine."""

from dataclasses import dataclass
from enum import StrEnum

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the plan was made from.

    Attributes:
        domain: DNS name.
        dc: The one DC that was read and will be written.
        playbook: Name of the playbook.
        gpo: Display name of its GPO; the run locks it.
        tool_version: Version of this program.
    """

    domain: str
    dc: str
    playbook: str
    gpo: str
    tool_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Ordered changes for people, ordered steps for the engine, and what they rest on."""

    purpose: Purpose
    basis: Basis
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    warnings: tuple[Caution, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    @property
    def members(self) -> tuple[MemberStep, ...]:
        """The steps that concern members."""
        return tuple(step for step in self.steps if isinstance(step, MemberStep))

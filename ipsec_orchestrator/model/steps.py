"""Steps: the closed union of everything that a run can do, as data with before and after.

A step's inverse swaps ``before`` and ``after``; nobody writes an undo by hand. The dry run,
the table for people, the journal and the engine all read these same values.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never
from uuid import UUID

from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryStep:
    """Bring one directory object from ``before`` to ``after`` in one LDAP operation.

    Attributes:
        stage: Where it is shown.
        title: What it does, for people.
        dn: The object.
        before: The touched attributes as the plan found them; ``None`` if the object is absent.
        after: The same attributes as they ought to be; ``None`` if the object is to be deleted.
            An attribute without values is absent.
    """

    stage: Stage
    title: str
    dn: str
    before: Attributes | None
    after: Attributes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpoStep:
    """Make or remove a GPO: container and template.

    ``gpo_id`` of a GPO that is yet to be made is provisional: the cmdlet chooses the real id,
    and the engine puts it in place of the provisional one in every later step.
    """

    stage: Stage
    title: str
    name: str
    gpo_id: UUID
    via: GpoVia
    comment: str
    before: bool
    after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateVersionStep:
    """Bring the version in a GPO's ``gpt.ini`` from ``before`` to ``after`` (32-bit numbers)."""

    stage: Stage
    title: str
    gpo_id: UUID
    via: GpoVia
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberStep:
    """Refresh Group Policy on a member until it has the policy ``after``.

    Attributes:
        host: Inventory name.
        before: ``ipsecID`` of the policy that it had, ``None`` for none, ``unknown`` if it
            could not be read.
        after: ``ipsecID`` of the policy that it ought to have, ``None`` for none.
    """

    stage: Stage
    title: str
    host: str
    before: str | None
    after: str | None


UNKNOWN_POLICY = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadManStep:
    """Put a task on a member that takes the policy's effect away unless the run is confirmed.

    The steps of a plan are performed together: all members have the same deadline, because an
    undo on one side only does not bring traffic back. The inverse takes the task away and, where
    it has fired, gives the member its services back.

    Attributes:
        host: Inventory name.
        before: Seconds in which it had to be confirmed, from when the tasks are there; ``None``
            where there is no task.
        after: The same for what ought to be.
    """

    stage: Stage
    title: str
    host: str
    before: int | None
    after: int | None


Step: TypeAlias = EntryStep | GpoStep | TemplateVersionStep | MemberStep | DeadManStep


def inverse(step: Step) -> Step:
    """Give the step that undoes ``step``."""
    title = f"undo: {step.title}"
    match step:
        case EntryStep():
            return replace(step, title=title, before=step.after, after=step.before)
        case GpoStep():
            return replace(step, title=title, before=step.after, after=step.before)
        case TemplateVersionStep():
            return replace(step, title=title, before=step.after, after=step.before)
        case MemberStep():
            return replace(step, title=title, before=step.after, after=step.before)
        case DeadManStep():
            return replace(step, title=title, before=step.after, after=step.before)
        case _:
            assert_never(step)


def object_of(step: Step) -> str:
    """Give the DN, path or host that a step is about, for messages."""
    match step:
        case EntryStep():
            return step.dn
        case GpoStep():
            return f"GPO {step.name}"
        case TemplateVersionStep():
            return f"gpt.ini of {{{str(step.gpo_id).upper()}}}"
        case MemberStep() | DeadManStep():
            return step.host
        case _:
            assert_never(step)

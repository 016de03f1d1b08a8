"""Steps: the closed union of everything that a run can do, as data with before and after.

A step's inverse swaps ``before`` and ``after``; nobody writes an undo by hand. The dry run,
the table for people, the journal and the engine all read these same values.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias, assert_never
from uuid import UUID

from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.rollout import OnFailure
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
        wave: Number of its wave, from 1; ``None`` where there are no waves.
    """

    stage: Stage
    title: str
    host: str
    before: str | None
    after: str | None
    wave: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteringStep:
    """Bring the security filtering of a GPO's container from ``before`` to ``after``.

    Attributes:
        stage: Where it is shown.
        title: What it does, for people.
        dn: The container.
        before: SIDs of the computers that alone may apply the GPO; ``None`` for everybody who may
            where nothing is narrowed.
        after: The same, as it ought to be. From ``None`` and back to it leaves every byte of the
            access control list as it was.
    """

    stage: Stage
    title: str
    dn: str
    before: tuple[str, ...] | None
    after: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateAccessStep:
    """Bring the permissions of a GPO's folder in SYSVOL to where those of its container are.

    Attributes:
        stage: Where it is shown.
        title: What it does, for people.
        dn: The container.
        gpo_id: The GPO.
        via: How its files are reached.
        before: As of the container before; see :class:`FilteringStep`.
        after: As of the container now.
    """

    stage: Stage
    title: str
    dn: str
    gpo_id: UUID
    via: GpoVia
    before: tuple[str, ...] | None
    after: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCheck:
    """A connection that has to work, tried on one host.

    Attributes:
        name: How people call it.
        source: Inventory name of the host that tries it.
        target: Inventory name of the host that answers; empty if the inventory does not have it.
        address: Where to connect: an address or a name; empty with ``url``.
        port: TCP port; ``None`` with ``url``.
        url: A page that has to answer; empty with ``port``.
        status: The status that it has to answer with; ``None`` for any.
    """

    name: str
    source: str
    target: str = ""
    address: str = ""
    port: int | None = None
    url: str = ""
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthStep:
    """Wait, look whether a wave is well, and end the run if too much of it is not.

    Attributes:
        stage: Where it is shown.
        title: What it does, for people.
        wave: Its number, from 1.
        waves: How many there are.
        hosts: Inventory names of its hosts.
        wait_seconds: How long they are left alone before.
        policy: ``ipsecID`` that each must have; ``None`` if that is not looked at.
        services: Whether the services that enforce it must run.
        management: Whether the management port must answer on a new connection.
        connections: What must work between hosts.
        patience_seconds: How long what fails is looked at again before it counts.
        failure_share_percent: So much of the wave may fail.
        on_failure: What happens when more fails.
    """

    stage: Stage
    title: str
    wave: int
    waves: int
    hosts: tuple[str, ...]
    wait_seconds: int
    policy: str | None
    services: bool
    management: bool
    connections: tuple[ConnectionCheck, ...]
    patience_seconds: int
    failure_share_percent: int
    on_failure: OnFailure


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


class WebPart(StrEnum):
    """What a web server for proofs consists of, in the order in which it is made."""

    FEATURE = "Windows feature Web-Server"
    SITE = "web site"
    RULE = "firewall rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebStep:
    """Make or take away one part of a web server that answers a proof's requests.

    Attributes:
        host: Inventory name.
        part: Which part.
        port: TCP port of the site.
        peers: Addresses that the firewall rule lets in; none for the other parts.
        sizes: Sizes in bytes of the files that the site offers; none for the other parts.
        before: Whether it was there.
        after: Whether it ought to be there.
    """

    stage: Stage
    title: str
    host: str
    part: WebPart
    port: int
    peers: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    before: bool
    after: bool


Step: TypeAlias = (
    EntryStep
    | GpoStep
    | TemplateVersionStep
    | FilteringStep
    | TemplateAccessStep
    | MemberStep
    | DeadManStep
    | HealthStep
    | WebStep
)


def inverse(step: Step) -> Step:  # noqa: PLR0911 - one a kind of step
    """Give the step that undoes ``step``."""
    title = f"undo: {step.title}"
    match step:
        case EntryStep():
            return replace(step, title=title, before=step.after, after=step.before)
        case GpoStep():
            return replace(step, title=title, before=step.after, after=step.before)
        case TemplateVersionStep():
            return replace(step, title=title, before=step.after, after=step.before)
        case FilteringStep() | TemplateAccessStep():
            return replace(step, title=title, before=step.after, after=step.before)
        case MemberStep():
            return replace(step, title=title, before=step.after, after=step.before)
        case DeadManStep():
            return replace(step, title=title, before=step.after, after=step.before)
        case HealthStep():
            # It changes nothing, so there is nothing to undo.
            return step
        case WebStep():
            return replace(step, title=title, before=step.after, after=step.before)
        case _:
            assert_never(step)


def object_of(step: Step) -> str:  # noqa: PLR0911 - one a kind of step
    """Give the DN, path or host that a step is about, for messages."""
    match step:
        case EntryStep():
            return step.dn
        case GpoStep():
            return f"GPO {step.name}"
        case TemplateVersionStep():
            return f"gpt.ini of {{{str(step.gpo_id).upper()}}}"
        case FilteringStep():
            return step.dn
        case TemplateAccessStep():
            return f"folder of {{{str(step.gpo_id).upper()}}}"
        case MemberStep() | DeadManStep():
            return step.host
        case HealthStep():
            return f"wave {step.wave}"
        case WebStep():
            return f"{step.part.value} on {step.host}"
        case _:
            assert_never(step)

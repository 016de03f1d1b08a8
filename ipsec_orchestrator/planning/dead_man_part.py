"""The part of a plan that comes before all others: a dead man's switch on every member."""

from dataclasses import replace
from typing import Final

from ipsec_orchestrator.errors import PlanError, UnprovedRevertError
from ipsec_orchestrator.model.plan import Action, Caution, Change, FieldChange, Plan
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import DeadManStep, HealthStep

KIND: Final = "task"
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
SHORT_SECONDS: Final = 2 * _MINUTE
"""Less than that is hardly enough for a person to look at anything and confirm."""

UNPROVED: Final = (
    (
        "The local undo was built from documents and tried in simulations only. Nobody has proved on Windows "
        "Server 2016 to 2025 that disabling and stopping PolicyAgent ends enforcement at once: "
        "filters may stay until the member is restarted."
    ),
    (
        "Traffic comes back only when both ends are undone: a peer that still requires IPsec goes on "
        "dropping clear text. All members of the run have the same deadline for that reason; hosts "
        "outside of the run have no task."
    ),
    (
        "While PolicyAgent is disabled the member has no legacy IPsec policy at all, also none of "
        "another GPO, and its firewall can't be managed remotely."
    ),
)
"""What whoever relies on the local revert has to know before it is used."""


def with_dead_man(plan: Plan, seconds: int) -> Plan:
    """Put a dead man's switch before everything that a plan does.

    Args:
        plan: What is to be guarded; one that does nothing stays as it is.
        seconds: Time in which it has to be confirmed, from when the tasks are there.

    Raises:
        PlanError: The plan reaches no member that could be given a task.
    """
    if plan.is_empty:
        return plan
    # With a pilot GPO a host is refreshed twice.
    hosts = tuple(dict.fromkeys(step.host for step in plan.members))
    if not hosts:
        raise PlanError(
            "No member is refreshed by this plan, so there is nobody to put a task on.",
            cure="Leave out --confirm-within, or name members in the playbook.",
        )
    lasting = duration_words(seconds)
    waits = sum(step.wait_seconds for step in plan.steps if isinstance(step, HealthStep))
    if waits >= seconds:
        raise PlanError(
            f"The waves alone wait {duration_words(waits)}, and every task would take the policy's "
            f"effect away after {lasting}.",
            cure="Give --confirm-within more time than all waits together, or shorten rollout.wait.",
        )
    objects = {change.name: change.object for change in plan.changes if change.kind == "member"}
    return replace(
        plan,
        changes=(
            *(_change(host, objects.get(host, host), lasting) for host in hosts),
            *plan.changes,
        ),
        steps=(*(_step(host, seconds, lasting) for host in hosts), *plan.steps),
        warnings=(*plan.warnings, *_cautions(seconds, lasting)),
    )


def refuse_unproved(plan: Plan) -> None:
    """Refuse a plan that relies on the local revert, for somebody who has not accepted its limits.

    Raises:
        UnprovedRevertError: It does.
    """
    if any(isinstance(step, DeadManStep) and step.after is not None for step in plan.steps):
        raise UnprovedRevertError(unproved=UNPROVED)


def _change(host: str, fqdn: str, lasting: str) -> Change:
    return Change(
        stage=Stage.DEAD_MAN,
        action=Action.CREATE,
        kind=KIND,
        name=host,
        object=fqdn,
        fields=(
            FieldChange(field="unless confirmed within", old=None, new=lasting),
            FieldChange(
                field="then",
                old=None,
                new="disable PolicyAgent, delete its dynamic rules, stop it; again after each start",
            ),
        ),
    )


def _step(host: str, seconds: int, lasting: str) -> DeadManStep:
    return DeadManStep(
        stage=Stage.DEAD_MAN,
        title=f"guard {host}: undo locally unless confirmed within {lasting}",
        host=host,
        before=None,
        after=seconds,
    )


def _cautions(seconds: int, lasting: str) -> tuple[Caution, ...]:
    told = tuple(Caution(code="unproved-revert", text=text) for text in UNPROVED)
    if seconds >= SHORT_SECONDS:
        return told
    short = Caution(
        code="short-confirmation",
        text=f"{lasting} counts from when the tasks are there, so writing and refreshing members "
        "are part of it: that is hardly enough to look and confirm.",
    )
    return (short, *told)


def duration_words(seconds: int) -> str:
    """Write a time span for people: ``15 min``, ``1 h 30 min``, ``5 s``."""
    hours, rest = divmod(seconds, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    parts = [
        f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if count
    ]
    return " ".join(parts) or "0 s"

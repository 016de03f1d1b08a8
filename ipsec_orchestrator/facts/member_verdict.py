"""Judging what a member said: has it the policy that it should have, and does it enforce it?

A table of checks in the order in which they say most; the first that speaks decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID

from ipsec_orchestrator.codec import IpsecValue, decode
from ipsec_orchestrator.errors import CodecError
from ipsec_orchestrator.facts.member_policy import MemberObservation
from ipsec_orchestrator.model.directory import Entry, same_dn

# How values are written, not what they say; Windows may write the same thing another way.
_FORM: Final = frozenset({"length_skew", "trailing"})
_SERVICES: Final = ("PolicyAgent", "IKEEXT")
START_CURE: Final = (
    "Run Set-Service PolicyAgent -StartupType Automatic and Start-Service PolicyAgent there "
    "(a change of its own, with the owner's consent)."
)
_REFRESH_CURE: Final = "Run gpupdate /target:computer /force there, then look again."
_LOGGING_CURE: Final = (
    "Switch the log of the Resultant Set of Policy on again (RSoPLogging), or look at the "
    "GroupPolicy event log there."
)
_SCOPE_CURE: Final = (
    "Check that the computer is in the OU, that the link is enabled, and that no other GPO with "
    "an IPsec policy comes later."
)


class MemberOutcome(StrEnum):
    """Pending means: nothing is wrong yet, ask again until the deadline."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberVerdict:
    """What came out.

    Attributes:
        outcome: Done, failed, unknown, or pending.
        reason: Why, in a sentence.
        cure: What to do about it.
        enforced: Whether the policy is in force: assigned, and the services run.
    """

    outcome: MemberOutcome
    reason: str
    cure: str | None = None
    enforced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedObject:
    """One object of the policy as the directory holds it.

    Attributes:
        object_class: Its class.
        object_id: Its GUID.
        name: ipsecName.
        value: Its decoded ``ipsecData``.
        action: iPSECNegotiationPolicyAction, of negotiation policies.
    """

    object_class: str
    object_id: UUID
    name: str | None
    value: IpsecValue
    action: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOnMember:
    """The policy that a member should have."""

    policy_dn: str
    policy_name: str
    objects: tuple[WantedObject, ...]


def wanted_on_member(policy_dn: str, entries: Iterable[Entry]) -> WantedOnMember:
    """Make the wish out of directory entries: the policy's and those of all it refers to.

    Raises:
        CodecError: The ``ipsecData`` or ``ipsecID`` of one can't be read.
    """
    objects = tuple(_wanted_object(entry) for entry in entries)
    name = next((found.name for found in objects if found.object_class == "ipsecPolicy"), None)
    return WantedOnMember(policy_dn=policy_dn, policy_name=name or "", objects=objects)


def _wanted_object(entry: Entry) -> WantedObject:
    attributes = entry.attributes
    object_class = next(
        (name for name in attributes.texts("objectClass") if name not in {"top", "ipsecBase"}),
        "",
    )
    text = attributes.text("ipsecID") or ""
    try:
        object_id = UUID(text)
    except ValueError:
        raise CodecError(
            format="ipsecID",
            field=entry.dn,
            offset=0,
            reason=f"{text!r} is no GUID",
        ) from None
    return WantedObject(
        object_class=object_class,
        object_id=object_id,
        name=attributes.text("ipsecName"),
        value=decode(object_class, next(iter(attributes.values_of("ipsecData")), b"")),
        action=attributes.text("iPSECNegotiationPolicyAction"),
    )


def judge_member(
    observation: MemberObservation,
    wanted: WantedOnMember | None,
    refreshed_after: datetime | None,
) -> MemberVerdict:
    """Compare what a member said with what it should have.

    Args:
        observation: What it said.
        wanted: The policy that it should have; ``None`` for no policy of ours.
        refreshed_after: By the member's own clock: the extension must have run after this. ``None``
            asks only what is there.
    """
    run = _last_run(observation, refreshed_after)
    match run:
        case _Run.FAILED:
            status = observation.extension_status
            return MemberVerdict(
                outcome=MemberOutcome.FAILED,
                reason="The IPsec extension of Group Policy ended with error "
                f"0x{0 if status is None else status.error & 0xFFFFFFFF:08X}; the member keeps "
                "what it had.",
                cure=_REFRESH_CURE,
            )
        case _Run.NOT_YET:
            return MemberVerdict(
                outcome=MemberOutcome.PENDING,
                reason="The IPsec extension of Group Policy has not run since the change.",
                cure=_REFRESH_CURE,
            )
        case _Run.UNSEEN | _Run.DONE:
            verdict = (
                _judge_absence(observation)
                if wanted is None
                else _judge_policy(observation, wanted)
            )
            return verdict if run is _Run.DONE else _without_log(verdict, observation)
        case _:
            assert_never(run)


class _Run(StrEnum):
    DONE = "done"
    FAILED = "failed"
    NOT_YET = "not yet"
    UNSEEN = "unseen"


def _last_run(observation: MemberObservation, refreshed_after: datetime | None) -> _Run:
    if refreshed_after is None:
        return _Run.DONE
    if observation.rsop_logging is False or observation.extension_reason is not None:
        return _Run.UNSEEN
    status = observation.extension_status
    if status is None or status.begin_time <= refreshed_after:
        return _Run.NOT_YET
    return _Run.DONE if status.error == 0 else _Run.FAILED


def _without_log(verdict: MemberVerdict, observation: MemberObservation) -> MemberVerdict:
    """Say that only the registry was seen; what it shows may be old, unless it is right."""
    why = (
        "RSoP logging is off there"
        if observation.rsop_logging is False
        else f"its RSoP log can't be read ({observation.extension_reason})"
    )
    if verdict.outcome is MemberOutcome.DONE:
        return MemberVerdict(
            outcome=MemberOutcome.DONE,
            reason=f"{verdict.reason} Judged by the registry alone: {why}.",
            cure=verdict.cure,
            enforced=verdict.enforced,
        )
    return MemberVerdict(
        outcome=MemberOutcome.UNKNOWN,
        reason=f"{verdict.reason} Whether it has refreshed since can't be seen: {why}.",
        cure=_LOGGING_CURE,
        enforced=verdict.enforced,
    )


def _judge_absence(observation: MemberObservation) -> MemberVerdict:
    if observation.assigned is None:
        return MemberVerdict(
            outcome=MemberOutcome.DONE,
            reason="No IPsec policy is assigned by Group Policy.",
        )
    return MemberVerdict(
        outcome=MemberOutcome.FAILED,
        reason=f"The policy {observation.assigned.name or observation.assigned.policy_dn} is "
        "still assigned.",
        cure=_REFRESH_CURE,
        enforced=_enforced(observation),
    )


def _judge_policy(observation: MemberObservation, wanted: WantedOnMember) -> MemberVerdict:
    assigned = observation.assigned
    if assigned is None:
        return MemberVerdict(
            outcome=MemberOutcome.FAILED,
            reason="No IPsec policy is assigned by Group Policy.",
            cure=_SCOPE_CURE,
        )
    if not same_dn(assigned.policy_dn, wanted.policy_dn):
        return MemberVerdict(
            outcome=MemberOutcome.FAILED,
            reason=f"Another policy is assigned: {assigned.name or assigned.policy_dn}.",
            cure=_SCOPE_CURE,
            enforced=_enforced(observation),
        )
    stopped = [name for name in _SERVICES if not observation.runs(name)]
    if stopped:
        # The agent fills the cache; while it stands still, what the cache holds says nothing.
        fired = observation.fired
        if fired is not None:
            return MemberVerdict(
                outcome=MemberOutcome.DONE,
                reason=f"Assigned, not enforced: run {fired.run_id} was not confirmed in time, so "
                "its task has disabled PolicyAgent.",
                cure=f"orchestrate restore-members {fired.run_id} --keep-policy gives it back.",
            )
        return MemberVerdict(
            outcome=MemberOutcome.DONE,
            reason=f"Assigned, not enforced: {' and '.join(stopped)} "
            f"{'does' if len(stopped) == 1 else 'do'} not run.",
            cure=START_CURE,
        )
    differences = _differences(observation, wanted.objects)
    if differences:
        return MemberVerdict(
            outcome=MemberOutcome.FAILED,
            reason=f"Assigned, but its cache is not the policy: {differences[0]}"
            + (f" and {len(differences) - 1} more." if len(differences) > 1 else "."),
            cure=_REFRESH_CURE,
        )
    return MemberVerdict(
        outcome=MemberOutcome.DONE,
        reason="Assigned, cached as in the directory, and its services run.",
        enforced=True,
    )


def _enforced(observation: MemberObservation) -> bool:
    return observation.assigned is not None and all(observation.runs(name) for name in _SERVICES)


def _differences(
    observation: MemberObservation,
    objects: Sequence[WantedObject],
) -> Sequence[str]:
    """Name what differs, one text an object. Secrets stay out: fields are named, not shown."""
    found: list[str] = []
    for wanted in objects:
        label = f"{wanted.object_class} {wanted.name or wanted.object_id}"
        cached = observation.cached(wanted.object_id)
        if cached is None:
            found.append(f"{label} is missing")
        elif cached.value is None:
            found.append(f"{label} can't be read: {cached.problem}")
        else:
            differing = [*_differing_fields(wanted.value, cached.value)]
            if (wanted.name or "") != (cached.name or ""):
                differing.append("ipsecName")
            if (wanted.action or "").casefold() != (cached.action or "").casefold():
                differing.append("iPSECNegotiationPolicyAction")
            if differing:
                found.append(f"{label} differs in {', '.join(differing)}")
    return found


def _differing_fields(wanted: IpsecValue, cached: IpsecValue) -> Iterable[str]:
    if type(wanted) is not type(cached):
        return ("class",)
    return tuple(
        field.name
        for field in fields(wanted)
        if field.name not in _FORM and getattr(wanted, field.name) != getattr(cached, field.name)
    )

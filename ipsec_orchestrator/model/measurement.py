"""What members did about IPsec during the last hours, and what that says of one flow."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ipsec_orchestrator.model.evidence import Association
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedEvent:
    """Alike audit events of one member.

    Attributes:
        event_id: Their number.
        count: How many there were.
        last: When the last one was, by the member's clock.
        is_soft: An association that came up without SPIs: a soft one, which protects nothing.
        local_address: The member's end, if the event names it.
        remote_address: The other end; ``None`` for an event about the member as a whole.
        protocol: IANA number; ``None`` if the event does not name one, 0 for any.
        local_port: The same for the member's port.
        remote_port: The same for the other end's.
    """

    event_id: int
    count: int
    last: datetime
    is_soft: bool = False
    local_address: Address | None = None
    remote_address: Address | None = None
    protocol: int | None = None
    local_port: int | None = None
    remote_port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberHistory:
    """What one member told.

    Attributes:
        host: Inventory name.
        since: From when on its events were asked for, by its own clock; ``None`` if unread.
        associations: Quick-mode associations that there are now; ``None`` if unread.
        associations_problem: Why.
        events: Audit events since then; ``None`` if the log could not be read.
        events_problem: Why.
        main_mode_audit: What of main mode is audited: 1 success, 2 failure, 3 both, 0 nothing;
            ``None`` if that was not seen.
        quick_mode_audit: The same of quick mode.
        log_since: The oldest entry of its security log; older events are gone.
        is_cut_off: Whether there were more events than were read.
        has_policy: Whether the assigned policy is in force there; ``None`` if that was not seen.
        policy_reason: What was seen of that, or why nothing was.
        policy_cure: What to do about it.
    """

    host: str
    since: datetime | None = None
    associations: tuple[Association, ...] | None = None
    associations_problem: str | None = None
    events: tuple[CountedEvent, ...] | None = None
    events_problem: str | None = None
    main_mode_audit: int | None = None
    quick_mode_audit: int | None = None
    log_since: datetime | None = None
    is_cut_off: bool = False
    has_policy: bool | None = None
    policy_reason: str = ""
    policy_cure: str | None = None


class Measured(StrEnum):
    """What the last hours say of a flow."""

    ENCRYPTED = "encrypted"
    NOT_ENCRYPTED = "negotiated, not encrypted"
    FALLS_BACK = "falls back"
    NO_TRAFFIC = "no traffic seen"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowMeasurement:
    """The judgement on one flow.

    Attributes:
        flow: The flow, in its direction.
        measured: One of five.
        evidence: What it rests on, one sentence each, with the host that told it.
        unseen: What could not be seen, one sentence each.
        cure: What to do about it; ``None`` where nothing is to be done.
    """

    flow: Flow
    measured: Measured
    evidence: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    cure: str | None = None

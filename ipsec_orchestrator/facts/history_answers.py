"""The answer of ``ipsec_history.ps1``: associations now, events of the last hours, counted."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Final

from ipsec_orchestrator.facts.answer_fields import AnswerFields
from ipsec_orchestrator.facts.association_answers import association_of
from ipsec_orchestrator.model.evidence import Association
from ipsec_orchestrator.model.inventory import Address
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.measurement import CountedEvent

HISTORY: Final = "ipsec_history"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryAnswer:
    """What a member told.

    Attributes:
        time: Its clock.
        associations: Quick-mode associations; ``None`` if they could not be read.
        associations_problem: Error id, if so.
        events: Audit events; ``None`` if the log could not be read.
        events_problem: Error id, if so.
        main_mode_audit: 0 nothing, 1 success, 2 failure, 3 both; ``None`` if that was not seen.
        quick_mode_audit: The same.
        log_since: The oldest entry of the log.
        is_cut_off: Whether there were more events than were read.
    """

    time: datetime
    associations: tuple[Association, ...] | None
    associations_problem: str | None
    events: tuple[CountedEvent, ...] | None
    events_problem: str | None
    main_mode_audit: int | None
    quick_mode_audit: int | None
    log_since: datetime | None
    is_cut_off: bool


def parse_history(answer: Json) -> HistoryAnswer:
    """Read the answer.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(HISTORY, answer)
    quick, log = fields.object("quick_mode"), fields.object("log")
    quick_problem, log_problem = quick.optional_text("problem"), log.optional_text("problem")
    audited = log.optional_object("audited")
    return HistoryAnswer(
        time=fields.moment("time"),
        associations=tuple(association_of(item) for item in quick.objects("associations"))
        if quick_problem is None
        else None,
        associations_problem=quick_problem,
        events=tuple(_event(item) for item in log.objects("events"))
        if log_problem is None
        else None,
        events_problem=log_problem,
        main_mode_audit=audited.optional_number("main_mode") if audited else None,
        quick_mode_audit=audited.optional_number("quick_mode") if audited else None,
        log_since=log.optional_moment("since"),
        is_cut_off=log.flag("cut_off"),
    )


def _event(item: AnswerFields) -> CountedEvent:
    return CountedEvent(
        event_id=item.number("id"),
        count=item.number("count"),
        last=item.moment("last"),
        is_soft=item.flag("soft"),
        local_address=_address(item.text("local_address")),
        remote_address=_address(item.text("remote_address")),
        protocol=_number(item.text("protocol")),
        local_port=_number(item.text("local_port")),
        remote_port=_number(item.text("remote_port")),
    )


def _address(text: str) -> Address | None:
    """Read an event's address; an empty one, or a dash, is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None

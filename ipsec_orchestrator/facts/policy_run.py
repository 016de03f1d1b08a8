"""The last run of Group Policy on a host, as gpsvc itself records it in the registry."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ipsec_orchestrator.facts.answer_fields import AnswerFields

_HALF: Final = 0xFFFF_FFFF
_EPOCH_OF_FILETIME: Final = datetime(1601, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRun:
    """The last time that Group Policy was processed for the computer.

    Attributes:
        ended_at: When it ended, by the host's clock.
        status: 0, or a Windows error number.
    """

    ended_at: datetime
    status: int


def policy_run(fields: AnswerFields | None) -> PolicyRun | None:
    """Read what a script told of it; ``None`` if there is no record.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    if fields is None:
        return None
    low, high = fields.optional_number("end_low"), fields.optional_number("end_high")
    if low is None or high is None:
        return None
    # FILETIME: tenths of microseconds since 1601, in two halves that the registry shows as signed.
    ticks = ((high & _HALF) << 32) | (low & _HALF)
    return PolicyRun(
        ended_at=_EPOCH_OF_FILETIME + timedelta(microseconds=ticks // 10),
        status=fields.optional_number("status") or 0,
    )

"""Runs that have to be confirmed, in words and as JSON."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from ipsec_orchestrator.codec.scheduled_task import boundary_text
from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult
from ipsec_orchestrator.report.lines import Line, Tone

HEADINGS: Final = ("host", "role", "outcome", "reason")
_TONES: Final = {
    HostOutcome.DONE: Tone.GOOD,
    HostOutcome.FAILED: Tone.BAD,
    HostOutcome.UNKNOWN: Tone.WARNING,
}


def pending_line(pending: PendingConfirmation, now: datetime) -> Line:
    """Say that a run waits for its confirmation, or that it is too late, and what to do."""
    run_id, hosts = pending.run_id, ", ".join(pending.hosts)
    left = pending.deadline - now
    at = f"{pending.deadline:%Y-%m-%d %H:%M:%S} UTC"
    if left > timedelta():
        return Line(
            f"Run {run_id} waits for its confirmation: {left_words(left)} left, until {at}; then "
            f"PolicyAgent is disabled on {hosts}. Keep it: orchestrate confirm {run_id}. "
            f"Take it back: orchestrate rollback {run_id}.",
            Tone.WARNING,
        )
    return Line(
        f"Run {run_id} was not confirmed by {at}: its tasks have disabled PolicyAgent on {hosts}, "
        "or will when such a member starts. Take everything back, members included: "
        f"orchestrate rollback {run_id}. Keep it: orchestrate restore-members {run_id} "
        "--keep-policy.",
        Tone.BAD,
    )


def left_words(left: timedelta) -> str:
    """Write the time that is left: ``14:05`` minutes, ``1:14:05`` hours."""
    seconds = int(left.total_seconds())
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def result_rows(results: Iterable[MemberResult]) -> list[tuple[tuple[str, ...], Tone]]:
    """Give the table of members."""
    return [
        (
            (
                result.host,
                result.role,
                result.outcome.value,
                f"{result.reason} {result.cure}" if result.cure else result.reason,
            ),
            _TONES[result.outcome],
        )
        for result in results
    ]


def confirmation_to_json(run_id: str, results: Iterable[MemberResult]) -> dict[str, Json]:
    """Give what became of the members as the document of ``--json``."""
    return {
        "run": run_id,
        "hosts": [
            {
                "host": result.host,
                "role": result.role,
                "outcome": result.outcome.value,
                "reason": result.reason,
                "cure": result.cure,
                "seconds": round(result.seconds, 3),
            }
            for result in results
        ],
    }


def pending_to_json(pending: PendingConfirmation | None) -> Json:
    """Give what is pending for the documents of other commands; ``None`` for nothing."""
    if pending is None:
        return None
    return {
        "run": pending.run_id,
        "deadline": boundary_text(pending.deadline),
        "hosts": list(pending.hosts),
    }

"""Opening the ways to people and logs, and trying them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ipsec_orchestrator.adapters.channels.apprise_channel import apprise_channels
from ipsec_orchestrator.adapters.channels.log_target import log_channel
from ipsec_orchestrator.adapters.channels.notify_source import read_notify_source
from ipsec_orchestrator.errors import OrchestratorError, UsageError
from ipsec_orchestrator.model.news import (
    Announcement,
    EventKind,
    Level,
    LogRecord,
    Message,
)
from ipsec_orchestrator.ports import Channel

_NOBODY: Final = (
    "Name receivers with --notify-config or IPSEC_ORCHESTRATOR_NOTIFY, or a log with --event-log."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a trial.

    Attributes:
        channel: For people.
        failure: Why it was not delivered; empty if it was.
    """

    channel: str
    failure: str = ""


def open_channels(
    notify_source: str | None, event_logs: Sequence[str], variables: Mapping[str, str]
) -> tuple[Channel, ...]:
    """Give all ways to tell; nothing is sent.

    Args:
        notify_source: Where the receivers stand; ``None`` for the environment, or nobody.
        event_logs: Logs, as ``--event-log`` names them.
        variables: The environment.

    Raises:
        UsageError: What is named can't be used.
        MissingDependencyError: A package of an extra is missing.
    """
    text = read_notify_source(notify_source, variables)
    people = apprise_channels(text) if text is not None else ()
    return (*people, *(log_channel(target) for target in dict.fromkeys(event_logs)))


def try_channels(channels: Sequence[Channel], at: datetime) -> tuple[Tried, ...]:
    """Send a trial to each.

    Raises:
        UsageError: There is none.
    """
    if not channels:
        raise UsageError("There is nobody to tell.", cure=_NOBODY)
    return tuple(_try(channel, _trial(at)) for channel in channels)


def _try(channel: Channel, announcement: Announcement) -> Tried:
    try:
        channel.tell(announcement)
    except OrchestratorError as error:
        return Tried(channel=channel.title, failure=str(error))
    return Tried(channel=channel.title)


def _trial(at: datetime) -> Announcement:
    text = "This is a trial: what the watch finds will come this way."
    return Announcement(
        level=Level.NOTE,
        message=Message(subject="Note: ipsec_orchestrator: a trial", opening=text, lines=()),
        records=(LogRecord(kind=EventKind.TRIAL, level=Level.NOTE, at=at, text=text),),
    )

"""Telling people after a pass: each channel what is new since it was told last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.model.news import Event, EventKind, News
from ipsec_orchestrator.model.watch import WatchPass
from ipsec_orchestrator.ports import Channel, ToldRecord
from ipsec_orchestrator.report.news.changes import news_of
from ipsec_orchestrator.report.news.words import WhereToLook, announcement_of

# What a channel that was closed for long is told at most; drift and the passes hold the rest.
MOST_AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """Whom to tell, and how to remember it.

    Attributes:
        ways: All of them.
        told: Up to which pass each of them was told.
        look: What the commands need that the news end with.
    """

    ways: tuple[Channel, ...]
    told: ToldRecord
    look: WhereToLook


def tell_people(
    earlier: Iterable[WatchPass], now: WatchPass, channels: Channels
) -> tuple[str, ...]:
    """Tell every channel what has changed since it was told last.

    A channel that fails is told the same again after the next pass, oldest first; so is one whose
    process was killed. One that is new hears what this pass changed. News that were told while
    the record of it could not be written are told twice.

    Args:
        earlier: The passes before of the same playbook and domain, in any order.
        now: The pass that has just ended.
        channels: Whom to tell.

    Returns:
        What could not be told, a sentence each; empty if all went well.
    """
    if not channels.ways:
        return ()
    # Passes of the future were made before the clock was set back; where they belong is not known.
    past = [each for each in earlier if each.pass_id < now.pass_id]
    before = max((each.pass_id for each in past), default="")
    try:
        told = dict(channels.told.read(now.playbook, now.domain))
    except OrchestratorError as error:
        told, failed = {}, [str(error)]
    else:
        failed = []
    known = dict(told)
    reached_by = {each.key: min(told.get(each.key, before), before) for each in channels.ways}
    news = news_of((*past, now), min(reached_by.values()))
    for channel in channels.ways:
        since = reached_by[channel.key]
        due = _bounded([each for each in news if each.watch_pass.pass_id > since])
        reached, failure = _tell(channel, due, channels.look)
        if failure:
            failed.append(failure)
        told[channel.key] = (reached or since) if failure else now.pass_id
    # A channel that is no longer there is forgotten: should it come back, it is a new one.
    told = {channel.key: told[channel.key] for channel in channels.ways}
    if told != known:
        try:
            channels.told.write(now.playbook, now.domain, told)
        except OrchestratorError as error:
            failed.append(str(error))
    return tuple(failed)


def _tell(channel: Channel, due: Sequence[News], look: WhereToLook) -> tuple[str, str]:
    """Give the last pass whose news were told, and why the next could not be."""
    reached = ""
    for each in due:
        try:
            channel.tell(announcement_of(each, look))
        except OrchestratorError as error:
            return reached, str(error)
        reached = each.watch_pass.pass_id
    return reached, ""


def _bounded(due: Sequence[News]) -> Sequence[News]:
    """Leave out the oldest of too many news, and say so in the first that are left."""
    left = len(due) - MOST_AT_ONCE
    if left <= 0:
        return due
    first, *others = due[left:]
    event = Event(
        kind=EventKind.NEWS_LEFT_OUT,
        level=first.level,
        text=f"The news of {left} passes before could not be told, and are left out here.",
    )
    return (replace(first, events=(*first.events, event)), *others)

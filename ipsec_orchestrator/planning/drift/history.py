"""Drift over time: since when a difference is there, and until when it was."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from ipsec_orchestrator.model.drift import Difference
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.planning.drift.members import MEMBER

_Key: TypeAlias = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One difference, from the pass that saw it first to the one that did not see it any more.

    Attributes:
        playbook: Name of the playbook.
        domain: DNS name of the domain.
        difference: As it was seen last.
        first: Begin of the first pass that saw it, UTC.
        last: Begin of the last pass that saw it, UTC.
        gone: Begin of the first pass that looked and did not see it; ``None`` while it is there.
    """

    playbook: str
    domain: str
    difference: Difference
    first: datetime
    last: datetime
    gone: datetime | None = None


@dataclass(slots=True)
class _Open:
    difference: Difference
    first: datetime
    last: datetime


def episodes(passes: Iterable[WatchPass]) -> tuple[Episode, ...]:
    """Tell the history of every difference.

    A pass that failed or never ended has seen nothing; of members a pass has seen those that it
    read.

    Args:
        passes: In any order, of any playbooks.

    Returns:
        What is there now first, then what was there last.
    """
    open_by_target: dict[tuple[str, str], dict[_Key, _Open]] = {}
    found: list[Episode] = []
    for each in sorted(passes, key=lambda one: (one.started, one.pass_id)):
        if each.ended is None or each.outcome is PassOutcome.FAILED:
            continue
        target = each.playbook, each.domain.casefold()
        there = open_by_target.setdefault(target, {})
        seen = {_key(difference): difference for difference in each.report.differences}
        for key, difference in seen.items():
            known = there.setdefault(key, _Open(difference, each.started, each.started))
            known.difference, known.last = difference, each.started
        if not there.keys() - seen.keys():
            continue
        read = frozenset(each.members_read)
        over = [key for key in there if key not in seen and _was_read(key, read)]
        found += [
            _episode(each.playbook, each.domain, there.pop(key), each.started) for key in over
        ]
    for (playbook, domain), there in open_by_target.items():
        found += [_episode(playbook, domain, known, None) for known in there.values()]
    return tuple(sorted(found, key=lambda one: (one.gone is None, one.last), reverse=True))


def _key(difference: Difference) -> _Key:
    return (
        difference.kind.value,
        difference.object,
        difference.thing,
        difference.name,
        difference.field,
    )


def _was_read(key: _Key, members: frozenset[str]) -> bool:
    _, _, thing, name, _ = key
    return thing != MEMBER or name in members


def _episode(playbook: str, domain: str, known: _Open, gone: datetime | None) -> Episode:
    return Episode(
        playbook=playbook,
        domain=domain,
        difference=known.difference,
        first=known.first,
        last=known.last,
        gone=gone,
    )

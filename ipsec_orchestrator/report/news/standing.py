"""What is known after each pass, and so what a pass changed.

A pass that could not read something says nothing about it: what was known of it before stands.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ipsec_orchestrator.model.drift import Difference, Unread
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.planning.drift.members import MEMBER

Key = tuple[str, str, str, str]

# Reasons and alarms hold ids of runs, times and counts; those alone make no other state. Other
# numbers do: they belong to names and addresses.
_VOLATILE: Final = re.compile(
    r"\b\d{8}-\d{6}-[0-9a-f]{6}\b"
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?"
    r"|\b\d+(?:\.\d+)? ?(?:times|seconds?|minutes?|hours?|days?|s|min|h|d)\b"
)
# What is told as an age grows older by itself.
_AGE: Final = re.compile(r"\b\d+ (?:s|min|h|d|seconds?|minutes?|hours?|days?) ago\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known.

    Attributes:
        outcome: Of the last pass that ended; ``None`` before the first.
        reason: Why that was held or failed.
        differences: Known to stand, by what they are about.
        repaired: Those that the last pass put right; it told so already.
        unknown: What can't be read, by object.
        alarms: By their words without what is volatile.
        members: Names of all members that were ever read.
        run_id: The run of the last pass, if that repaired.
        broken_off: When the pass before began, if it did not come to an end.
    """

    outcome: PassOutcome | None = None
    reason: str = ""
    differences: Mapping[Key, Difference] = field(default_factory=dict[Key, Difference])
    repaired: frozenset[Key] = frozenset()
    unknown: Mapping[str, Unread] = field(default_factory=dict[str, Unread])
    alarms: Mapping[str, str] = field(default_factory=dict[str, str])
    members: frozenset[str] = frozenset()
    run_id: str = ""
    broken_off: datetime | None = None


NOTHING_KNOWN: Final = Standing()


def key_of(difference: Difference) -> Key:
    """Give what a difference is about: two of the same key are the same difference."""
    return (
        difference.object.casefold(),
        difference.thing,
        difference.name.casefold(),
        difference.field,
    )


def essence(text: str) -> str:
    """Give a sentence without what is volatile in it."""
    return _VOLATILE.sub("#", text)


def is_same(one: Difference, other: Difference) -> bool:
    """Tell whether two differences of the same key say the same, but for the time that passes."""
    return (one.kind, one.expected) == (other.kind, other.expected) and (
        one.found == other.found or _AGE.sub("#", one.found) == _AGE.sub("#", other.found)
    )


def was_read(watch_pass: WatchPass) -> bool:
    """Tell whether the pass saw the domain: one that failed and found nothing did not."""
    report = watch_pass.report
    return watch_pass.outcome is not PassOutcome.FAILED or bool(report.differences)


def last_whole(passes: Sequence[WatchPass], since: str) -> int | None:
    """Give the place of the last pass up to one that saw everything, so that none before counts.

    Args:
        passes: Oldest first.
        since: Id of a pass.

    Returns:
        Its place; ``None`` if there is none.
    """
    members = all_members(passes)
    for place in range(len(passes) - 1, -1, -1):
        each = passes[place]
        if (
            each.pass_id <= since
            and each.ended is not None
            and each.outcome is not PassOutcome.FAILED
            and not each.report.unknown
            and members <= set(each.members_read)
        ):
            return place
    return None


def all_members(passes: Iterable[WatchPass]) -> frozenset[str]:
    """Give the names of all members that were ever read."""
    return frozenset[str]().union(*(each.members_read for each in passes))


def standing_after(before: Standing, watch_pass: WatchPass) -> Standing:
    """Give what is known after a pass that ended."""
    members = before.members | set(watch_pass.members_read)
    repaired = watch_pass.outcome is PassOutcome.REPAIRED
    if not was_read(watch_pass):
        return Standing(
            outcome=watch_pass.outcome,
            reason=watch_pass.reason,
            differences=before.differences,
            repaired=before.repaired,
            unknown=before.unknown,
            alarms={**before.alarms, **_alarms(watch_pass)},
            members=members,
            run_id=before.run_id,
        )
    unknown = _unknown(before, watch_pass)
    found = {key_of(each): each for each in watch_pass.report.differences}
    unseen = {
        key: each
        for key, each in before.differences.items()
        if key not in found and not _seen(each, watch_pass, unknown)
    }
    return Standing(
        outcome=watch_pass.outcome,
        reason=watch_pass.reason,
        differences={**unseen, **found},
        repaired=frozenset(found) if repaired else frozenset(),
        unknown=unknown,
        alarms=_alarms(watch_pass),
        members=members,
        # A run that broke off may be the one that is finished later: that is told then.
        run_id=watch_pass.run_id if repaired else "",
    )


def _alarms(watch_pass: WatchPass) -> dict[str, str]:
    return {essence(text): text for text in watch_pass.alarms}


def _seen(difference: Difference, watch_pass: WatchPass, unknown: Mapping[str, Unread]) -> bool:
    """Tell whether the pass looked at what a difference is about."""
    if difference.name in unknown or difference.object in unknown:
        return False
    return difference.thing != MEMBER or difference.name in watch_pass.members_read


def _unknown(before: Standing, watch_pass: WatchPass) -> dict[str, Unread]:
    """Give what can't be read; a pass that read some of the members leaves the others as they were."""
    found = {each.object: each for each in watch_pass.report.unknown}
    read = set(watch_pass.members_read)
    if before.members <= read | set(found):
        return found
    left = {name: each for name, each in before.unknown.items() if name not in read}
    return {**left, **found}

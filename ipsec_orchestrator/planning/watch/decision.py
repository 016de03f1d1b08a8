"""What one pass does about what it found, after everything that may stop it was asked."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ipsec_orchestrator.model.directory import dn_key
from ipsec_orchestrator.model.drift import Difference, DriftKind, DriftReport
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.model.watch_rules import Handling, WatchRules
from ipsec_orchestrator.planning.drift.copies import REPLICATION
from ipsec_orchestrator.planning.watch.handling import (
    handling_of,
    in_directory,
    most_cautious,
    on_member,
)

_HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What else bears on a pass.

    Attributes:
        now: The time.
        earlier: Passes over the same playbook, newest first.
        groups: The groups of each host, by its name.
        mode: Said on the command line; overrides every word of the playbook.
        obstacle: What is going on that a repair must not disturb, in a sentence: a pending
            confirmation, another run; empty if nothing is.
    """

    now: datetime
    earlier: Sequence[WatchPass] = ()
    groups: Mapping[str, tuple[str, ...]]
    mode: Handling | None = None
    obstacle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done.

    Attributes:
        handling: ``report``, ``ask`` or ``repair``; ``None`` if there is nothing to be done.
        differences: Those that it is about.
        members: Names of the members that are refreshed for their own sake.
        held: Why a repair that the playbook wants is not done, in a sentence; empty if it is.
        alarms: What somebody must look at, a sentence each.
    """

    handling: Handling | None = None
    differences: tuple[Difference, ...] = ()
    members: tuple[str, ...] = ()
    held: str = ""
    alarms: tuple[str, ...] = ()


def decide(report: DriftReport, rules: WatchRules, around: Surroundings) -> Decision:
    """Decide what a pass does.

    A policy is one thing: what members get is all of its parts together. So differences in the
    directory are handled together, as the most cautious word among theirs says. Members are
    handled one by one, once the directory is as it ought to be.
    """
    directory = tuple(filter(in_directory, report.differences))
    members = tuple(filter(on_member, report.differences))
    pending = _pending(report)
    if not directory and not members and not pending:
        return Decision()
    words = {
        each: handling_of(each, rules, around.groups, around.mode)
        for each in (*directory, *members, *pending)
    }
    word = most_cautious(words[each] for each in directory) if directory else None
    if Handling.ASK in words.values() and word in {None, Handling.ASK}:
        asked = tuple(each for each, said in words.items() if said is Handling.ASK)
        if directory or pending or all(said is Handling.ASK for said in words.values()):
            return Decision(handling=Handling.ASK, differences=asked)
    chosen = tuple(each for each in members if words[each] is Handling.REPAIR)
    if word is Handling.REPORT:
        return Decision(handling=Handling.REPORT, held=_mixed(directory, words))
    if not directory and not chosen:
        wanted = pending and Handling.REPAIR in words.values()
        return Decision(handling=Handling.REPORT, held=_behind(pending, report) if wanted else "")
    return _unless_stopped(directory, chosen, report, rules, around)


def _pending(report: DriftReport) -> tuple[Difference, ...]:
    """Give what the playbook wants by now; what only has to come to another DC is not that."""
    return tuple(
        each
        for each in report.differences
        if each.kind is DriftKind.PENDING and each.thing != REPLICATION
    )


def _behind(pending: Sequence[Difference], report: DriftReport) -> str:
    """Say why what is pending keeps a repair from being one."""
    if report.record is None:
        return (
            "There is no record here of a run of this playbook, so nobody can tell what was "
            "changed from what was never applied: apply it from this state folder first."
        )
    return (
        f"The playbook has moved on since the last run ({_name(pending[0])}: {pending[0].field}), "
        "so a repair would do more than repair: apply it first."
    )


def _mixed(directory: Iterable[Difference], words: Mapping[Difference, Handling]) -> str:
    """Say why what could be repaired is not, if that is so."""
    wanted = [each for each in directory if words[each] is Handling.REPAIR]
    kept = [each for each in directory if words[each] is Handling.REPORT]
    if not wanted:
        return ""
    return (
        f"{_name(wanted[0])} may be repaired, but {_name(kept[0])} may only be reported, and "
        "members would get both together."
    )


def _unless_stopped(
    directory: tuple[Difference, ...],
    chosen: tuple[Difference, ...],
    report: DriftReport,
    rules: WatchRules,
    around: Surroundings,
) -> Decision:
    pending = _pending(report)
    often = _often_repaired(rules, around)
    told = {_key(each): _name(each) for each in directory + chosen if _key(each) in often}
    alarms = tuple(
        f"{name} was repaired {often[key]} times within {_span(rules.within)} and is different "
        "again. It is left alone: find out who or what changes it."
        for key, name in told.items()
    )
    left = tuple(each for each in chosen if _key(each) not in told)
    if any(_key(each) in told for each in directory) or not (directory or left):
        held = alarms[0]
    elif pending:
        held = _behind(pending, report)
    else:
        held = untimely(rules, around.now) or around.obstacle
    if held:
        return Decision(handling=Handling.REPORT, held=held, alarms=alarms)
    return Decision(
        handling=Handling.REPAIR,
        differences=directory + left,
        members=tuple(dict.fromkeys(each.name for each in left)),
        alarms=alarms,
    )


def _often_repaired(rules: WatchRules, around: Surroundings) -> dict[str, int]:
    """Give the things that were repaired as often as may be, and how often that was."""
    since = around.now - timedelta(seconds=rules.within)
    counts: Counter[str] = Counter()
    for earlier in around.earlier:
        # A repair that failed was tried as well.
        tried = earlier.outcome is PassOutcome.REPAIRED or bool(earlier.run_id)
        if tried and earlier.started >= since:
            repairable = filter(_is_repairable, earlier.report.differences)
            counts.update({_key(each) for each in repairable})
    return {key: times for key, times in counts.items() if times >= rules.times}


def _is_repairable(difference: Difference) -> bool:
    return in_directory(difference) or on_member(difference)


def _key(difference: Difference) -> str:
    return dn_key(difference.object)


def untimely(rules: WatchRules, now: datetime) -> str:
    """Say in a sentence why nothing may be repaired at this hour; empty if it may."""
    for hours in rules.leave_alone:
        if hours.holds(now):
            return f"Nothing is repaired at this hour: leave_alone says {hours.text!r}."
    if rules.repair_only and not any(hours.holds(now) for hours in rules.repair_only):
        said = ", ".join(repr(hours.text) for hours in rules.repair_only)
        return f"Nothing is repaired at this hour: repair_only says {said}."
    return ""


def _name(difference: Difference) -> str:
    return f"{difference.thing} {difference.name}"


def _span(seconds: int) -> str:
    if seconds % _HOUR_SECONDS == 0:
        return f"{seconds // _HOUR_SECONDS} h"
    return f"{seconds // 60} min"

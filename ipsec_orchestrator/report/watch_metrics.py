"""Metrics of the watch: what is known after a pass, and how the passes go.

What is counted is what is known, not what the last pass happened to look at: a pass that failed
makes no difference vanish. Names and labels are documented in docs/reference/metrics.md and stay.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.metrics import Metric, Sample
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.planning.drift.members import MEMBER
from ipsec_orchestrator.report.news.changes import follow, known_at
from ipsec_orchestrator.report.news.standing import Standing, was_read
from ipsec_orchestrator.report.news.words import harmless

# Series cost the monitoring system memory: so many members are named, the rest is counted.
MOST_NAMED: Final = 100
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """What the metrics are made of.

    Attributes:
        passes: All that ended, oldest first; the last is the one that has just ended.
        all_passes: With those that did not.
        standing: What is known after the last.
        kinds: Kind and thing of every difference that is known, or was found in the last 24 hours.
        pending: Confirmations of this playbook that are waited for.
        undelivered: Channels that could not be told.
    """

    passes: tuple[WatchPass, ...]
    all_passes: tuple[WatchPass, ...]
    standing: Standing
    kinds: frozenset[tuple[str, str]]
    pending: tuple[PendingConfirmation, ...]
    undelivered: int

    @property
    def now(self) -> WatchPass:
        """The pass that has just ended."""
        return self.passes[-1]

    @property
    def day(self) -> tuple[WatchPass, ...]:
        """Passes that began in the last 24 hours before the last."""
        since = self.now.started - _DAY
        return tuple(each for each in self.all_passes if each.started > since)


def watch_metrics(
    earlier: Iterable[WatchPass],
    now: WatchPass,
    *,
    pending: Sequence[PendingConfirmation] = (),
    undelivered: int = 0,
    version: str = "",
) -> tuple[Metric, ...]:
    """Give the metrics after a pass.

    Args:
        earlier: Passes before of the same playbook and domain, in any order.
        now: The pass that has just ended.
        pending: Runs that wait for a confirmation, also of other playbooks.
        undelivered: How many channels could not be told.
        version: Of this program.
    """
    past = [each for each in earlier if each.pass_id < now.pass_id]
    passes = (*sorted(past, key=lambda each: each.pass_id), now)
    standing, later = known_at(passes, now.pass_id)
    for each in later:
        standing, _ = follow(standing, each)
    kinds = {(one.kind.value, one.thing) for one in standing.differences.values()}
    for each in passes:
        if each.started > now.started - _DAY:
            kinds |= {(one.kind.value, one.thing) for one in each.report.differences}
    watched = _Watched(
        passes=tuple(each for each in passes if each.ended is not None),
        all_passes=passes,
        standing=standing,
        kinds=frozenset(kinds),
        pending=tuple(
            each
            for each in pending
            if each.playbook == now.playbook and each.domain.casefold() == now.domain.casefold()
        ),
        undelivered=undelivered,
    )
    everywhere = (("playbook", harmless(now.playbook)), ("domain", harmless(now.domain)))
    build = Metric(
        name="ipsec_orchestrator_build_info",
        help="Version of the program that wrote this",
        samples=(Sample(labels=(("version", version),), value=1.0),),
    )
    return (*(_labelled(metric, everywhere) for metric in _metrics(watched)), build)


def _labelled(metric: Metric, labels: tuple[tuple[str, str], ...]) -> Metric:
    return Metric(
        name=metric.name,
        help=metric.help,
        samples=tuple(
            Sample(labels=(*labels, *sample.labels), value=sample.value)
            for sample in metric.samples
        ),
    )


def _metrics(watched: _Watched) -> Iterator[Metric]:
    yield from _of_passes(watched)
    yield from _of_the_day(watched)
    yield from _of_differences(watched)
    yield from _of_members(watched)
    deadlines = [each.deadline.timestamp() for each in watched.pending]
    yield Metric(
        name="ipsec_watch_confirmation_deadline_timestamp_seconds",
        help="When the next unconfirmed run goes back by itself; absent if none waits",
        samples=tuple(Sample(value=each) for each in sorted(deadlines)[:1]),
    )
    yield _single(
        "ipsec_watch_undelivered_channels",
        "Receivers and logs that could not be told after this pass",
        watched.undelivered,
    )


def _single(name: str, words: str, value: float) -> Metric:
    return Metric(name=name, help=words, samples=(Sample(value=float(value)),))


def _of_passes(watched: _Watched) -> Iterator[Metric]:
    now = watched.now
    ended = now.ended or now.started
    yield _single(
        "ipsec_watch_pass_started_timestamp_seconds",
        "When the last pass began",
        now.started.timestamp(),
    )
    yield _single(
        "ipsec_watch_pass_ended_timestamp_seconds", "When the last pass ended", ended.timestamp()
    )
    yield _single(
        "ipsec_watch_pass_duration_seconds",
        "How long the last pass took",
        max((ended - now.started).total_seconds(), 0.0),
    )
    yield Metric(
        name="ipsec_watch_pass_outcome",
        help="How the last pass ended: 1 for the outcome, 0 for all others",
        samples=tuple(
            Sample(labels=(("outcome", each.value),), value=float(each is now.outcome))
            for each in PassOutcome
        ),
    )
    read = [each.ended for each in watched.passes if each.ended is not None and was_read(each)]
    yield _single(
        "ipsec_watch_domain_read_timestamp_seconds",
        "When the last pass ended that could read the domain; 0 if none could",
        read[-1].timestamp() if read else 0.0,
    )


def _of_the_day(watched: _Watched) -> Iterator[Metric]:
    day = watched.day
    repairs = {each.run_id for each in day if each.outcome is PassOutcome.REPAIRED}
    yield _single(
        "ipsec_watch_day_repairs", "Runs that repaired in the last 24 hours", len(repairs)
    )
    yield _single(
        "ipsec_watch_day_missed_passes",
        "Passes of the schedule that did not happen in the last 24 hours",
        sum(each.missed for each in day),
    )
    yield _single(
        "ipsec_watch_day_broken_off_passes",
        "Passes of the last 24 hours that did not come to an end",
        sum(each.ended is None for each in day),
    )


def _of_differences(watched: _Watched) -> Iterator[Metric]:
    standing = watched.standing
    counts = Counter((one.kind.value, one.thing) for one in standing.differences.values())
    yield Metric(
        name="ipsec_watch_differences",
        help="Differences that are known to stand, by kind and by what differs",
        samples=tuple(
            Sample(
                labels=(("kind", kind), ("thing", harmless(thing))),
                value=float(counts[kind, thing]),
            )
            for kind, thing in sorted(watched.kinds)
        ),
    )
    yield _single(
        "ipsec_watch_unknown",
        "Members and domain controllers that can't be read",
        len(standing.unknown),
    )
    yield _single("ipsec_watch_alarms", "Things that somebody must look at", len(standing.alarms))


def _of_members(watched: _Watched) -> Iterator[Metric]:
    standing = watched.standing
    members = standing.members | {name for name in standing.unknown if name in standing.members}
    differing = {one.name for one in standing.differences.values() if one.thing == MEMBER}
    troubled = {
        **dict.fromkeys(sorted(differing), "differing"),
        **dict.fromkeys(sorted(standing.unknown), "unknown"),
    }
    counts = Counter(troubled.get(name, "well") for name in members)
    yield Metric(
        name="ipsec_watch_members",
        help="Members that were ever read, by what is known of them",
        samples=tuple(
            Sample(labels=(("state", state),), value=float(counts[state]))
            for state in ("well", "differing", "unknown")
        ),
    )
    yield _single(
        "ipsec_watch_members_read", "Members that the last pass read", len(watched.now.members_read)
    )
    named = sorted(troubled.items())
    yield Metric(
        name="ipsec_watch_host_trouble",
        help=f"1 for each host that differs or can't be read, {MOST_NAMED} at most",
        samples=tuple(
            Sample(labels=(("host", harmless(name)), ("state", state)), value=1.0)
            for name, state in named[:MOST_NAMED]
        ),
    )
    yield _single(
        "ipsec_watch_host_trouble_left_out",
        "Hosts in trouble beyond those that are named",
        max(len(named) - MOST_NAMED, 0),
    )
    readings: dict[str, float] = {}
    for each in watched.passes:
        if each.ended is not None:
            readings |= dict.fromkeys(each.members_read, each.ended.timestamp())
    oldest = min(readings.values(), default=None)
    yield Metric(
        name="ipsec_watch_oldest_member_reading_timestamp_seconds",
        help="When the member was read that was not read for the longest time; absent if none was",
        samples=() if oldest is None else (Sample(value=oldest),),
    )

"""The RunStore port in memory: gone with the process, otherwise like the one on disk."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace

from typing_extensions import override

from ipsec_orchestrator.adapters.chosen_run import chosen_run
from ipsec_orchestrator.errors import RunBusyError, RunNotFoundError
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.member_state import LastOutcome
from ipsec_orchestrator.model.run import RunEvent, RunRecord, RunState, Trigger, next_state
from ipsec_orchestrator.model.run_replay import replay
from ipsec_orchestrator.model.run_standing import standing
from ipsec_orchestrator.ports import Clock, Journal, RunStore


class MemoryRuns(RunStore):
    """Events by run id."""

    def __init__(self, clock: Clock, before_append: Callable[[str], None] | None = None) -> None:
        """Make an empty store.

        Args:
            clock: For the times of events.
            before_append: Told the kind of every event before it is taken; may refuse by raising.
        """
        self._clock = clock
        self._before_append = before_append
        self._events: dict[str, list[RunEvent]] = {}
        self._busy: set[str] = set()

    @override
    @contextmanager
    def begin(self, run_id: str) -> Generator[Journal]:
        self._events[run_id] = []
        with self._held(run_id):
            yield _MemoryJournal(self._events[run_id], self._clock, self._before_append)
        if not self._events[run_id]:
            del self._events[run_id]

    @override
    @contextmanager
    def go_on(self, run_id: str) -> Generator[Journal]:
        self.events(run_id)
        with self._held(run_id):
            yield _MemoryJournal(self._events[run_id], self._clock, self._before_append)

    @contextmanager
    def _held(self, run_id: str) -> Generator[None]:
        if run_id in self._busy:
            raise RunBusyError(run_id=run_id)
        self._busy.add(run_id)
        try:
            yield
        finally:
            self._busy.discard(run_id)

    @override
    def runs(self) -> tuple[RunRecord, ...]:
        records = [replay(events).record for events in self._events.values() if events]
        return standing(
            replace(record, state=next_state(record.state, Trigger.PROCESS_GONE))
            if record.state is RunState.RUNNING and record.run_id not in self._busy
            else record
            for record in records
        )

    @override
    def find(self, name: str) -> RunRecord:
        return chosen_run(self.runs(), name)

    @override
    def events(self, run_id: str) -> tuple[RunEvent, ...]:
        if run_id not in self._events:
            raise RunNotFoundError(name=run_id)
        return tuple(self._events[run_id])

    @override
    def last_outcomes(self) -> tuple[LastOutcome, ...]:
        found: dict[tuple[str, str, str], LastOutcome] = {}
        for history in (replay(events) for events in self._events.values() if events):
            head = history.record
            for met in history.hosts.values():
                key = head.playbook, head.domain.casefold(), met.host
                if key not in found or found[key].time <= met.time:
                    found[key] = LastOutcome(
                        playbook=head.playbook,
                        domain=head.domain,
                        host=met.host,
                        run_id=head.run_id,
                        outcome=met.outcome,
                        reason=met.reason,
                        time=met.time,
                    )
        return tuple(found[key] for key in sorted(found))

    @override
    def forget(self, run_ids: Iterable[str]) -> None:
        for run_id in run_ids:
            if run_id in self._busy:
                raise RunBusyError(run_id=run_id)
            self._events.pop(run_id, None)

    @override
    def is_gone(self, run_id: str) -> bool:
        return run_id in self._events and run_id not in self._busy


class _MemoryJournal(Journal):
    def __init__(
        self,
        events: list[RunEvent],
        clock: Clock,
        before_append: Callable[[str], None] | None,
    ) -> None:
        self._events = events
        self._clock = clock
        self._before_append = before_append

    @override
    def append(self, kind: str, **fields: Json) -> None:
        if self._before_append is not None:
            self._before_append(kind)
        self._events.append(RunEvent(kind=kind, time=self._clock.now(), fields=fields))

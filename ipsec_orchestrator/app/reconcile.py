"""One pass of the watch, from its beginning to its record: never lost, never doubled."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ipsec_orchestrator.app.look_after import PassOrder, Tell, look_after
from ipsec_orchestrator.errors import OrchestratorError, RunStoppedError
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.ports import Clock, Passes


def make_pass(order: PassOrder, passes: Passes, clock: Clock, tell: Tell) -> WatchPass:
    """Make a pass and record it.

    Whatever goes wrong in it is part of what is recorded, not an error.

    Raises:
        PassBusyError: Another process is in a pass over the same playbook.
        JournalError: It can't be recorded.
        BackendError: Earlier passes can't be read.
        RunStoppedError, KeyboardInterrupt: Somebody stopped it; that is recorded.
    """
    name, domain = order.playbook.name, order.inventory.domain.name
    started = clock.now()
    with passes.begin(name, domain, started) as log:
        earlier = tuple(
            each
            for each in passes.passes(playbook=name, domain=domain)
            if each.pass_id != log.pass_id
        )
        begun = WatchPass(
            pass_id=log.pass_id,
            playbook=name,
            domain=domain,
            file=order.file,
            started=started,
            missed=missed_passes(order.playbook.watch.every, earlier, started),
        )
        if earlier and earlier[0].ended is None:
            began = earlier[0].started.isoformat(sep=" ", timespec="seconds")
            tell(f"The pass before, begun at {began}, was killed or its machine went down.")
        try:
            with order.open_world() as world:
                done = look_after(order, begun, earlier, world, tell)
        except (RunStoppedError, KeyboardInterrupt) as stop:
            reason = str(stop) if isinstance(stop, RunStoppedError) else "Somebody stopped it."
            log.end(replace(begun, outcome=PassOutcome.FAILED, reason=reason, ended=clock.now()))
            raise
        except OrchestratorError as error:
            done = replace(begun, outcome=PassOutcome.FAILED, reason=str(error))
        ended = replace(done, ended=clock.now())
        log.end(ended)
        return ended


def record_unusable(
    file: str, error: OrchestratorError, passes: Passes, clock: Clock
) -> WatchPass | None:
    """Record a pass that could not begin, because its files can't be used.

    Whose pass it is can't be read, so it is taken from the last one over the same playbook file.

    Args:
        file: Absolute path of the playbook's file.
        error: Why they can't be used.
        passes: Where it is recorded.
        clock: Tells the time.

    Returns:
        The pass; ``None`` if there never was one over that file.

    Raises:
        PassBusyError: Another process is in a pass over that playbook.
        JournalError: It can't be recorded.
        BackendError: Earlier passes can't be read.
    """
    known = next((each for each in passes.passes() if each.file == file), None)
    if known is None:
        return None
    now = clock.now()
    with passes.begin(known.playbook, known.domain, now) as log:
        failed = WatchPass(
            pass_id=log.pass_id,
            playbook=known.playbook,
            domain=known.domain,
            file=file,
            started=now,
            ended=now,
            outcome=PassOutcome.FAILED,
            reason=" ".join(str(error).splitlines()),
        )
        log.end(failed)
    return failed


def missed_passes(every: int | None, earlier: Sequence[WatchPass], now: datetime) -> int:
    """Give how many passes of the schedule did not happen since the last one.

    Args:
        every: Seconds from one to the next; ``None`` if there is no schedule.
        earlier: Newest first.
        now: When this one began. A clock that was put back misses nothing.
    """
    if every is None or not earlier:
        return 0
    # Timers have jitter, and a pass takes its time: half an interval is nothing yet.
    return max(0, round((now - earlier[0].started).total_seconds() / every) - 1)

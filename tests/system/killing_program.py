"""A program that does real runs in real processes, and kills itself with SIGKILL at any action.

It reads orders from standard input, one JSON object a line, and forks a process for each: the
ports of the real world in it are the product's own, in wrappers that count actions. An action is
a write to the directory, to SYSVOL or to GPOs, an order to a member, or an event of the journal.
The process kills itself before the action after ``limit`` of them; that is also right after the
one before, between a write and its line in the journal. The answer is one JSON object a line.
"""

import json
import os
import signal
import sys
import traceback
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from typing_extensions import override

from ipsec_orchestrator.adapters.specification import read_inventory, read_playbook
from ipsec_orchestrator.app.carry_out import carry_out_in
from ipsec_orchestrator.app.confirmations import with_confirmations
from ipsec_orchestrator.app.earlier_runs import check_open, make_rollback_plan, read_run, resume
from ipsec_orchestrator.app.options import ConnectOptions, StatePlace
from ipsec_orchestrator.app.plans import make_apply_plan, make_remove_plan, members_of
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.app.session import connected
from ipsec_orchestrator.model.outcome import RunReport
from ipsec_orchestrator.ports import Clock
from tests.worlds import Counter, ListObserver, counted


class Deadly(Counter):
    """Ends the process, as ``kill -9`` does, instead of counting beyond the limit."""

    @override
    def note(self, text: str) -> None:
        if self.limit is not None and len(self.writes) >= self.limit:
            os.kill(os.getpid(), signal.SIGKILL)
        self.writes.append(text)


class CountingClock(Clock):
    """The journal asks for the time of each event before it writes it."""

    def __init__(self, inner: Clock, counter: Counter) -> None:
        self._inner = inner
        self._counter = counter

    @override
    def now(self) -> datetime:
        self._counter.note("event")
        return self._inner.now()

    @override
    def monotonic_seconds(self) -> float:
        return self._inner.monotonic_seconds()

    @override
    def wait(self, seconds: float) -> None:
        self._inner.wait(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one process is to do: apply, remove, resume, rollback, or finish a rollback."""

    verb: str
    playbook: Path
    inventory: Path
    state: Path
    host: str
    limit: int | None


def carry(order: Order, counter: Counter) -> RunReport | None:
    """Do what is ordered, by the functions that the command line calls."""
    inventory = read_inventory([order.inventory])
    playbook = read_playbook(order.playbook, inventory)
    place = StatePlace(folder=order.state)
    observer = ListObserver()
    with connected(inventory, ConnectOptions()) as safe:
        members = members_of(playbook, inventory, order.host)
        store = run_store(place, CountingClock(safe.clock, counter))
        world = with_confirmations(counted(safe, counter), place)
        if order.verb == "apply":
            plan = make_apply_plan(playbook, members, safe, _nothing)
            return carry_out_in(plan, world, store, observer)
        if order.verb == "remove":
            plan = make_remove_plan(playbook, members, safe, _nothing)
            return carry_out_in(plan, world, store, observer)
        found = read_run(store, "last")
        check_open(found, store)
        # A rollback that was killed may have begun, or not.
        goes_on = order.verb == "finish" and found.record.command == "rollback"
        if order.verb == "resume" or goes_on:
            return resume(found, world, store, observer)
        plan = make_rollback_plan(found, world, store)
        return carry_out_in(plan, world, store, observer, undoes=found.record.run_id)


def _nothing(text: str) -> None:
    del text


def obey(order: Order) -> dict[str, Any]:
    """Do it in a process of its own and tell what became of that."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        counter = Deadly(limit=order.limit)
        try:
            report = carry(order, counter)
            error = report.error if report else None
            hosts = [f"{m.host}: {m.outcome}: {m.reason}" for m in report.members] if report else []
            done = report is None or report.all_members_done
            answer = {"error": error, "done": done, "hosts": hosts, "actions": counter.writes}
        except BaseException:  # noqa: BLE001 - the other process has to hear of everything
            answer = {"error": traceback.format_exc(), "done": False, "actions": []}
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return {"killed": killed, **(json.loads(content) if content else {})}


def main() -> None:
    """Obey until nothing more is ordered."""
    for line in sys.stdin:
        found = json.loads(line)
        order = Order(
            verb=found["verb"],
            playbook=Path(found["playbook"]),
            inventory=Path(found["inventory"]),
            state=Path(found["state"]),
            host=found["host"],
            limit=found["limit"],
        )
        print(json.dumps(obey(order)), flush=True)  # noqa: T201 - it is the answer


if __name__ == "__main__":
    main()

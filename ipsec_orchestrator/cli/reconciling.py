"""What ``orchestrate reconcile`` does: one pass, or one after another until it is stopped."""

import os
import random
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.specification import read_playbook
from ipsec_orchestrator.app.look_after import PassOrder
from ipsec_orchestrator.app.looking import Economy
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.pass_store import pass_store
from ipsec_orchestrator.app.plans import members_of
from ipsec_orchestrator.app.publish import NOBODY, Audience, Publisher, publishing
from ipsec_orchestrator.app.reconcile import make_pass, record_unusable
from ipsec_orchestrator.app.retention import forget, what_may_go
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection, state_place
from ipsec_orchestrator.cli.output import (
    print_json,
    print_json_line,
    print_lines,
    print_table,
    talk,
)
from ipsec_orchestrator.cli.progress import telling, watching
from ipsec_orchestrator.cli.stopping import stopping
from ipsec_orchestrator.errors import (
    BackendError,
    OrchestratorError,
    PassBusyError,
    RunStoppedError,
)
from ipsec_orchestrator.model.retention import Retention
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.model.watch_rules import Handling
from ipsec_orchestrator.planning.watch.handling import in_directory, on_member
from ipsec_orchestrator.ports import Passes, World
from ipsec_orchestrator.report.drift_report import HEADINGS, drift_lines, drift_rows
from ipsec_orchestrator.report.news.words import WhereToLook
from ipsec_orchestrator.report.pass_report import pass_lines, pass_to_json

_JITTER = 0.1
"""So that the services of many workstations do not ask one DC at the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciling:
    """What was said on the command line."""

    file: str
    connection: Connection
    economy: Economy
    mode: str | None
    plans: str | None
    state: str | None
    as_json: bool
    audience: Audience = NOBODY
    keep: timedelta | None = None

    def once(self) -> Exit:
        """Make one pass, print it, and give the exit code."""
        with stopping(), self._publishing() as publisher:
            try:
                done = self._make(publisher)
            except PassBusyError as error:
                talk().print(str(error), soft_wrap=True)
                return Exit.SOME_HOSTS
        self._print(done)
        if self.as_json:
            print_json(pass_to_json(done))
        return exit_code(done)

    def go_on(self, every: int) -> Exit:
        """Make passes until somebody stops it; files are read anew each time.

        What goes wrong in one pass is told, and the next one is made all the same.
        """
        clock = SystemClock()
        begun = 0
        try:
            with stopping(), self._publishing() as publisher:
                while True:
                    began = clock.monotonic_seconds()
                    begun += 1
                    self._make_and_tell(publisher, every)
                    late = clock.monotonic_seconds() - began
                    spread = random.uniform(-_JITTER, _JITTER) * every  # noqa: S311 - no secret
                    clock.wait(max(0.0, every + spread - late))
        except KeyboardInterrupt:
            talk().print(
                f"Stopped after {begun} {'pass' if begun == 1 else 'passes'}; the same command "
                "goes on.",
                soft_wrap=True,
            )
            return Exit.DONE

    def _publishing(self) -> AbstractContextManager[Publisher]:
        """Open the ways to people, logs and monitoring."""
        look = WhereToLook(
            playbook_file=self.file,
            inventory=self.connection.inventory,
            state=self.state or "",
        )
        return publishing(self.audience, state_place(self.state), look, os.environ)

    def _make_and_tell(self, publisher: Publisher, every: int) -> None:
        try:
            done = self._make(publisher, every)
        except RunStoppedError:
            raise
        except OrchestratorError as error:
            talk().print(str(error), style="red", soft_wrap=True)
            return
        self._print(done)
        if self.as_json:
            print_json_line(pass_to_json(done))

    def _make(self, publisher: Publisher, every: int | None = None) -> WatchPass:
        place = state_place(self.state)
        with telling() as tell:
            passes = pass_store(place, tell=tell)
            try:
                order = self._order(place, every)
            except OrchestratorError as error:
                _complain(self._tell_unusable(error, publisher, passes))
                raise
            done = make_pass(order, passes, SystemClock(), tell)
            failed = publisher.publish(done, passes)
            self._forget(place, tell)
        _complain(failed)
        return done

    def _tell_unusable(
        self, error: OrchestratorError, publisher: Publisher, passes: Passes
    ) -> tuple[str, ...]:
        """Tell people of files that can't be used; give what did not go well in that."""
        try:
            failed = record_unusable(self._path(), error, passes, SystemClock())
        except OrchestratorError as worse:
            return (f"This can't be recorded, and nobody is told: {worse}",)
        return publisher.publish(failed, passes) if failed else ()

    def _path(self) -> str:
        return str(Path(self.file).absolute())

    def _order(self, place: StatePlace, every: int | None) -> PassOrder:
        """Read the files.

        Raises:
            SpecificationError, UsageError: They, or what is chosen of them, can't be used.
        """
        inventory = self.connection.read_inventory()
        playbook = read_playbook(Path(self.file), inventory)
        rules = playbook.watch

        def open_world() -> AbstractContextManager[World]:
            return self.connection.open(inventory)

        return PassOrder(
            playbook=replace(playbook, watch=replace(rules, every=every or rules.every)),
            file=self._path(),
            inventory=inventory,
            members=members_of(playbook, inventory, self.connection.limit),
            place=place,
            plans=Path(self.plans).absolute() if self.plans else place.folder / "plans",
            mode=Handling(self.mode) if self.mode else None,
            open_world=open_world,
            # Everything is read at the latest when the maximum age is over.
            economy=replace(self.economy, only_changes=True),
            watch=watching,
        )

    def _forget(self, place: StatePlace, tell: Callable[[str], None]) -> None:
        """Remove what is old; that it can't be removed is no failure of the pass."""
        if self.keep is None:
            return
        store = run_store(place, tell=tell)
        try:
            found = what_may_go(place, store, Retention(keep=self.keep), SystemClock().now())
            forget(found, store)
        except BackendError as error:
            tell(f"Old runs, passes and proofs could not be removed: {error}")
            return
        if found.runs or found.files:
            tell(f"removed {len(found.runs)} old runs and {len(found.files)} old files")

    def _print(self, done: WatchPass) -> None:
        report = done.report
        if not self.as_json and (report.differences or report.unknown):
            print_table(HEADINGS, drift_rows(report))
        if done.outcome is not PassOutcome.FAILED or report.differences:
            print_lines(drift_lines(report), to_stderr=self.as_json)
        print_lines(pass_lines(done), to_stderr=self.as_json)


def _complain(sentences: Iterable[str]) -> None:
    for each in sentences:
        talk().print(each, style="red", soft_wrap=True)


def exit_code(done: WatchPass) -> Exit:
    """Give 1 if the pass failed, 2 if something still differs, 3 if something is unknown."""
    if done.outcome is PassOutcome.FAILED:
        return Exit.ERROR
    repaired = done.outcome is PassOutcome.REPAIRED
    left = [
        each
        for each in done.report.differences
        if not (repaired and (in_directory(each) or on_member(each)))
    ]
    if left or done.outcome in {PassOutcome.ASKED, PassOutcome.HELD}:
        return Exit.DIFFERENCES
    return Exit.SOME_HOSTS if done.report.unknown else Exit.DONE

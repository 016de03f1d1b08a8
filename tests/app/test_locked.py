"""One at a time: the lock in the directory, seen by those who hold it, want it, or break it."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread
from uuid import UUID

import pytest
from typing_extensions import override

from ipsec_orchestrator.adapters.watched_world import watched_world
from ipsec_orchestrator.app.carry_out import carry_out
from ipsec_orchestrator.app.locked import lock_warning, locked, wait_before_planning
from ipsec_orchestrator.app.options import REFUSE_IF_HELD, LockOrder, StatePlace
from ipsec_orchestrator.app.show import domain_policies
from ipsec_orchestrator.engine.locking import check_lock, take_lock
from ipsec_orchestrator.errors import (
    HostUnreachableError,
    LockHeldError,
    LockLostError,
    OutcomeUnknownError,
    WrongLockError,
)
from ipsec_orchestrator.facts.ip_security_container import read_ip_security_container
from ipsec_orchestrator.facts.run_lock import guid_dn, lock_dn, read_lock, read_locks
from ipsec_orchestrator.model.directory import Attributes, Entry
from ipsec_orchestrator.model.outcome import StepOutcome
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.run_lock import RunLock
from ipsec_orchestrator.planning.planfile import plan_text
from ipsec_orchestrator.ports import World
from ipsec_orchestrator.report.lock_report import lock_lines, lock_to_json
from tests.worlds import (
    CONTAINER,
    DOMAIN_DN,
    NOON,
    CountingDirectory,
    ListObserver,
    MemoryDomain,
)

GPO = "IPSec-Azure-OnPremises"
LOCK = lock_dn(GPO, DOMAIN_DN)
ID = UUID("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")


def silent(text: str) -> None:
    """Nobody listens."""
    del text


def hold(world: World, run: str, break_run: str | None = None) -> World:
    """Take the lock and keep it, as a process does that is killed then."""
    held = take_lock(
        world.directory,
        world.clock,
        RunLock(
            gpo=GPO, run_id=run, owner=world.account, host="ws1", since=NOON, tool_version="test"
        ),
        break_run=break_run,
        wait_seconds=0.0,
        tell=silent,
    )
    return watched_world(world, lambda: check_lock(world.directory, held))


def test_the_lock_is_there_while_the_block_runs(domain: MemoryDomain) -> None:
    """The lock says who, where, since when and for which run; afterwards all is as before."""
    before = domain.snapshot()
    world = replace(domain.world, account="alice@IPSECTEST.COM")
    with locked(world, GPO, "run-1", REFUSE_IF_HELD, silent):
        (held,) = read_locks(domain.directory)

    assert held.lock is not None
    assert (held.lock.gpo, held.lock.run_id) == (GPO, "run-1")
    assert held.lock.owner == "alice@IPSECTEST.COM"
    assert held.lock.host
    assert held.lock.since.isoformat() == "2026-11-23T12:00:00+00:00"
    assert domain.snapshot() == before


def test_an_error_releases_the_lock(domain: MemoryDomain) -> None:
    """Whatever ends the block, Ctrl-C too, the lock goes."""
    for error in (ValueError("x"), KeyboardInterrupt()):
        with (
            suppress(ValueError, KeyboardInterrupt),
            locked(domain.world, GPO, "run-1", REFUSE_IF_HELD, silent),
        ):
            raise error
        assert read_lock(domain.directory, GPO) is None


def test_another_run_is_refused_in_one_sentence(domain: MemoryDomain) -> None:
    """The refusal names owner, host, run, since when, how long ago, and how to go on."""
    hold(replace(domain.world, account="alice"), "run-1")
    domain.clock.wait(125.0)
    with (
        pytest.raises(LockHeldError) as caught,
        locked(domain.world, GPO.upper(), "run-2", REFUSE_IF_HELD, silent),
    ):
        pytest.fail("two runs at once")
    told = str(caught.value)

    for words in ("run-1 of alice on ", "since 2026-11-23 12:00:00 UTC", "(2 minutes ago)"):
        assert words in told
    for words in ("--wait-lock", "resume run-1", "rollback run-1", "--break-lock run-1"):
        assert words in told


def test_locks_of_other_gpos_do_not_matter(domain: MemoryDomain) -> None:
    """Two GPOs can be changed at the same time."""
    hold(domain.world, "run-1")
    with locked(domain.world, "another GPO", "run-2", REFUSE_IF_HELD, silent):
        assert len(read_locks(domain.directory)) == 2


def test_waiting_ends_when_the_lock_is_released(domain: MemoryDomain) -> None:
    """With a time to wait the run goes on as soon as the other has ended, and says so once."""
    hold(domain.world, "run-1")
    first = read_lock(domain.directory, GPO)
    assert first is not None
    said: list[str] = []

    def release() -> None:
        if len(domain.clock.waited) == 3:
            domain.directory.delete(guid_dn(first.guid))

    domain.clock.meanwhile.append(release)
    with locked(domain.world, GPO, "run-2", LockOrder(wait_seconds=60.0), said.append):
        assert len(domain.clock.waited) == 3
    assert len(said) == 1
    assert "waiting for run run-1" in said[0]


def test_waiting_has_an_end(domain: MemoryDomain) -> None:
    """A lock that is not released in that time is a refusal; waiting to plan just ends."""
    hold(domain.world, "run-1")
    order = LockOrder(wait_seconds=5.0)
    with (
        pytest.raises(LockHeldError),
        locked(domain.world, GPO, "run-2", order, silent),
    ):
        pytest.fail("two runs at once")
    assert sum(domain.clock.waited) == pytest.approx(5.0, abs=1.0)
    wait_before_planning(domain.world, GPO, order, silent)
    assert sum(domain.clock.waited) == pytest.approx(10.0, abs=2.0)


def test_a_lock_is_broken_by_its_name_only(domain: MemoryDomain) -> None:
    """Naming another run than the holder breaks nothing; the right name does."""
    hold(domain.world, "run-1")
    with (
        pytest.raises(WrongLockError, match=r"not that of run run-7, but of run run-1"),
        locked(domain.world, GPO, "run-2", LockOrder(break_run="run-7"), silent),
    ):
        pytest.fail("broken by a wrong name")
    with locked(domain.world, GPO, "run-2", LockOrder(break_run="run-1"), silent):
        found = read_lock(domain.directory, GPO)
    assert found is not None
    assert found.lock is not None
    assert found.lock.run_id == "run-2"


def test_naming_a_lock_that_is_gone_does_no_harm(domain: MemoryDomain) -> None:
    """There is nothing to break then, and the run goes on."""
    with locked(domain.world, GPO, "run-2", LockOrder(break_run="run-1"), silent):
        assert read_lock(domain.directory, GPO) is not None


def test_the_same_run_takes_its_lock_over(domain: MemoryDomain) -> None:
    """Going on with a killed run needs no breaking; its first process may write no more."""
    first = hold(domain.world, "run-1")
    with locked(domain.world, GPO, "run-1", REFUSE_IF_HELD, silent) as second:
        second.directory.replace(CONTAINER, Attributes.of_text(description="second"))
        with pytest.raises(LockLostError):
            first.directory.replace(CONTAINER, Attributes.of_text(description="first"))
    assert domain.text(CONTAINER, "description") == "second"


def writes_of(domain: MemoryDomain) -> list[Callable[[World], object]]:
    """Everything by which a run changes something."""
    scripts = domain.world.scripts
    (host, *_) = [h for h in domain.inventory.hosts if h.name == "vm1"]
    return [
        lambda w: w.directory.add(f"CN=x,{CONTAINER}", Attributes.of_text(objectClass="container")),
        lambda w: w.directory.replace(CONTAINER, Attributes.of_text(description="x")),
        lambda w: w.directory.delete(f"CN=x,{CONTAINER}"),
        lambda w: w.sysvol[GpoVia.SMB].write(ID, "gpt.ini", b"x"),
        lambda w: w.sysvol[GpoVia.WINRM].write_access(ID, b"x"),
        lambda w: w.gpos[GpoVia.WINRM].create(name="x", wished_id=ID, comment=""),
        lambda w: w.gpos[GpoVia.SMB].delete(gpo_id=ID),
        lambda w: w.members.run(host, scripts("start_refresh", {})),
    ]


def test_a_run_whose_lock_was_broken_writes_nothing_more(domain: MemoryDomain) -> None:
    """Directory, SYSVOL, GPOs and members are left alone, and the other's lock stays."""
    manager = locked(domain.world, GPO, "run-1", REFUSE_IF_HELD, silent)
    world = manager.__enter__()
    hold(replace(domain.world, account="bob"), "run-2", break_run="run-1")
    before = domain.snapshot()
    for write in writes_of(domain):
        with pytest.raises(LockLostError, match="held by run run-2 of bob"):
            write(world)
    assert world.directory.read(CONTAINER, ["cn"]) is not None
    manager.__exit__(None, None, None)

    assert domain.snapshot() == before


def test_a_broken_lock_ends_the_run_before_its_next_step(
    howto: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """What was written stays, nothing follows, and the report says why."""

    class Breaker(ListObserver):
        @override
        def step_begins(self, number: int, step: object) -> None:
            if number == 4:
                hold(domain.world, "run-2", break_run=self.holder())

        def holder(self) -> str:
            found = read_lock(domain.directory, GPO)
            assert found is not None
            assert found.lock is not None
            return found.lock.run_id

    plan = domain.plan(howto)
    assert plan.basis.gpo == GPO
    report = carry_out(plan, domain.world, StatePlace(folder=tmp_path), Breaker())

    assert report.error is not None
    assert "was broken" in report.error
    done = [result.outcome for result in report.steps[:5]]
    assert done == [StepOutcome.DONE] * 3 + [StepOutcome.FAILED, StepOutcome.SKIPPED]
    assert [held.lock.run_id for held in read_locks(domain.directory) if held.lock] == ["run-2"]


def test_a_held_lock_means_nothing_is_written_or_recorded(
    howto: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """A refused run leaves neither a change nor a journal."""
    plan = domain.plan(howto)
    hold(domain.world, "run-1")
    before = domain.snapshot()
    with pytest.raises(LockHeldError):
        carry_out(plan, domain.world, StatePlace(folder=tmp_path), ListObserver())

    assert domain.snapshot() == before
    assert not list((tmp_path / "runs").iterdir())


def test_of_many_that_start_together_one_goes_through(domain: MemoryDomain) -> None:
    """Eight threads at a barrier, fifty rounds: one holds the lock each time."""
    for turn in range(50):
        start, end = Barrier(8), Barrier(8)
        won: list[str] = []

        def attempt(
            run: str, start: Barrier = start, end: Barrier = end, won: list[str] = won
        ) -> None:
            start.wait(10)
            manager = locked(domain.world, GPO, run, REFUSE_IF_HELD, silent)
            try:
                manager.__enter__()
            except LockHeldError:
                end.wait(10)
                return
            won.append(run)
            end.wait(10)
            manager.__exit__(None, None, None)

        threads = [Thread(target=attempt, args=(f"run-{turn}-{n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(won) == 1


def test_of_two_that_break_one_lock_one_gets_it(domain: MemoryDomain) -> None:
    """Breaking deletes the very lock that was named, never the one that somebody took since."""
    for turn in range(50):
        hold(domain.world, f"dead-{turn}")
        start, end = Barrier(2), Barrier(2)
        writing: list[str] = []

        def attempt(
            run: str,
            dead: str = f"dead-{turn}",
            start: Barrier = start,
            end: Barrier = end,
            writing: list[str] = writing,
        ) -> None:
            start.wait(10)
            manager = locked(domain.world, GPO, run, LockOrder(break_run=dead), silent)
            try:
                world = manager.__enter__()
            except (LockHeldError, WrongLockError):
                end.wait(10)
                return
            end.wait(10)
            with suppress(LockLostError):
                world.directory.replace(CONTAINER, Attributes.of_text(description=run))
                writing.append(run)
            manager.__exit__(None, None, None)

        threads = [Thread(target=attempt, args=(f"new-{turn}-{n}",)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(writing) == 1
        assert not read_locks(domain.directory)


class BreakingDirectory(CountingDirectory):
    """A DC whose connection ends right after chosen orders were carried out, or before."""

    def __init__(
        self, domain: MemoryDomain, *, after: Sequence[str] = (), before: Sequence[str] = ()
    ) -> None:
        super().__init__(domain.directory, domain.counting()[1])
        self.after = set(after)
        self.before = set(before)

    def _break(self, order: str, work: Callable[[], None]) -> None:
        lost = OutcomeUnknownError(host="dc1", reason=f"{order}: the connection was reset")
        if order in self.before:
            self.before.discard(order)
            raise lost
        work()
        if order in self.after:
            self.after.discard(order)
            raise lost

    @override
    def add(self, dn: str, attributes: Attributes) -> None:
        self._break("add", lambda: super(BreakingDirectory, self).add(dn, attributes))

    @override
    def delete(self, dn: str) -> None:
        self._break("delete", lambda: super(BreakingDirectory, self).delete(dn))


def test_a_connection_that_breaks_around_the_lock(domain: MemoryDomain) -> None:
    """An unknown outcome is read, not guessed: taken or not, released or not."""
    for order in ("add", "delete"):
        directory = BreakingDirectory(domain, after=[order])
        with locked(
            replace(domain.world, directory=directory), GPO, "run-1", REFUSE_IF_HELD, silent
        ):
            assert read_lock(domain.directory, GPO) is not None
        assert read_lock(domain.directory, GPO) is None
    with locked(
        replace(domain.world, directory=BreakingDirectory(domain, before=["delete"])),
        GPO,
        "run-1",
        REFUSE_IF_HELD,
        silent,
    ):
        pass
    assert read_lock(domain.directory, GPO) is None
    with (
        pytest.raises(OutcomeUnknownError),
        locked(
            replace(domain.world, directory=BreakingDirectory(domain, before=["add"])),
            GPO,
            "run-1",
            REFUSE_IF_HELD,
            silent,
        ),
    ):
        pytest.fail("not taken")


class MuteDirectory(CountingDirectory):
    """A DC that can't be reached any more once it is mute."""

    mute = False

    @override
    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        self._fail()
        return super().read(dn, attributes)

    @override
    def delete(self, dn: str) -> None:
        self._fail()
        super().delete(dn)

    def _fail(self) -> None:
        if self.mute:
            raise HostUnreachableError(host="dc1", reason="no answer in time")


def test_a_lock_that_can_not_be_released_is_told(domain: MemoryDomain) -> None:
    """The run's own result counts more; what to do next is said."""
    said: list[str] = []
    directory = MuteDirectory(domain.directory, domain.counting()[1])
    with locked(
        replace(domain.world, directory=directory), GPO, "run-1", REFUSE_IF_HELD, said.append
    ):
        directory.mute = True

    assert len(said) == 1
    assert "--break-lock run-1" in said[0]


def test_members_get_their_orders_while_the_dc_is_away(domain: MemoryDomain) -> None:
    """Nothing is written to a DC that does not say whether the lock is ours; members go on."""
    directory = MuteDirectory(domain.directory, domain.counting()[1])
    host = domain.inventory.hosts[1]
    ran: list[str] = []
    world = replace(domain.world, directory=directory)
    domain.answers = {host.name: lambda call: ran.append(call.name)}
    world = replace(world, members=domain.world.members)
    with locked(world, GPO, "run-1", REFUSE_IF_HELD, silent) as ours:
        directory.mute = True
        ours.members.run(host, domain.world.scripts("start_refresh", {}))
        with pytest.raises(HostUnreachableError):
            ours.directory.replace(CONTAINER, Attributes.of_text(description="x"))
        directory.mute = False
    assert ran == ["start_refresh"]


def test_what_somebody_else_wrote_there_is_a_lock_too(domain: MemoryDomain) -> None:
    """An entry that can't be read refuses like any lock, and is no traceback."""
    for text in (
        "",
        "nonsense",
        "[]",
        json.dumps({"format": "ipsec_orchestrator/lock 1"}),
        "[" * 9000,
    ):
        domain.directory.add(
            LOCK,
            Attributes.of_text(
                objectClass="container", **({"adminDescription": text} if text else {})
            ),
        )
        (held,) = read_locks(domain.directory)
        with (
            pytest.raises(LockHeldError, match="can't be read"),
            locked(domain.world, GPO, "run-1", REFUSE_IF_HELD, silent),
        ):
            pytest.fail("two runs at once")
        assert lock_to_json(held)["run"] is None
        assert "can't be read" in next(iter(lock_lines([held]))).text
        domain.directory.delete(LOCK)


def test_a_lock_is_no_ip_security_object(howto: Playbook, domain: MemoryDomain) -> None:
    """Plans and lists are the same with and without it; a warning says that it is there."""
    domain.apply(howto)
    container, text = read_ip_security_container(domain.directory), plan_text(domain.plan(howto))
    policies = domain_policies(domain.world)
    assert lock_warning(domain.world, GPO) is None
    hold(replace(domain.world, account="alice"), "run-1")

    assert read_ip_security_container(domain.directory) == container
    assert plan_text(domain.plan(howto)) == text
    assert domain_policies(domain.world) == policies
    warning = lock_warning(domain.world, GPO)
    assert warning is not None
    assert "run-1 of alice" in warning

"""One at a time: a block that runs while this run, and no other, may change a GPO."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from ipsec_orchestrator import __version__
from ipsec_orchestrator.adapters.watched_world import watched_world
from ipsec_orchestrator.adapters.workstation import host_name, login_name
from ipsec_orchestrator.app.options import LockOrder
from ipsec_orchestrator.engine.locking import (
    check_lock,
    release_lock,
    take_lock,
    wait_until_free,
)
from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.facts.run_lock import read_lock
from ipsec_orchestrator.model.run_lock import RunLock
from ipsec_orchestrator.ports import World

Tell = Callable[[str], None]

_NEVER = datetime.min.replace(tzinfo=UTC)


@contextmanager
def locked(world: World, gpo: str, run_id: str, order: LockOrder, tell: Tell) -> Generator[World]:
    """Hold the lock of a GPO while the block runs, and give the world to be used in it.

    The world that it gives asks before every write whether the lock is still held. The lock is
    released however the block ends; only a process that is killed leaves it behind.

    Args:
        world: The outside.
        gpo: Display name of the GPO; it need not exist yet.
        run_id: Who wants the lock; a lock of the same run is taken over.
        order: Whether to wait, and whose lock to break.
        tell: Told what is waited for, and that a lock could not be released.

    Raises:
        LockHeldError, WrongLockError: Somebody else has the lock; nothing has been changed.
        BackendError: The directory refused.
    """
    wanted = RunLock(
        gpo=gpo,
        run_id=run_id,
        owner=world.account or login_name(),
        host=host_name(),
        since=_NEVER,
        tool_version=__version__,
    )
    held = take_lock(
        world.directory,
        world.clock,
        wanted,
        break_run=order.break_run,
        wait_seconds=order.wait_seconds,
        tell=tell,
    )
    try:
        yield watched_world(world, lambda: check_lock(world.directory, held))
    finally:
        try:
            release_lock(world.directory, held)
        except BackendError as error:
            # What the run came to counts more; the lock says for itself what to do about it.
            tell(
                f"the lock of run {run_id} could not be released ({error.message}); "
                f"the next run needs --break-lock {run_id}"
            )


def wait_before_planning(world: World, gpo: str, order: LockOrder, tell: Tell) -> None:
    """Wait for a run that is at work, so that the plan is made of what it leaves."""
    if order.break_run is None:
        wait_until_free(
            world.directory, world.clock, gpo, wait_seconds=order.wait_seconds, tell=tell
        )


def lock_warning(world: World, gpo: str) -> str | None:
    """Say that somebody is at work on a GPO; ``None`` if nobody is."""
    found = read_lock(world.directory, gpo)
    if found is None:
        return None
    return f"Another run is at work on the GPO {gpo!r}: {found.holder}."

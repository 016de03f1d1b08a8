"""Taking, watching and releasing the lock of a run."""

from collections.abc import Callable
from dataclasses import replace

from ipsec_orchestrator.errors import (
    DirectoryError,
    LockHeldError,
    LockLostError,
    ObjectExistsError,
    OutcomeUnknownError,
    WrongLockError,
)
from ipsec_orchestrator.facts.run_lock import (
    directory_time,
    guid_dn,
    is_still,
    lock_attributes,
    lock_dn,
    read_lock,
)
from ipsec_orchestrator.model.run_lock import RunLock, StoredLock
from ipsec_orchestrator.ports import Clock, Directory

Tell = Callable[[str], None]

_LOOK_AGAIN_SECONDS = 1.0
_NO_SUCH_OBJECT = 32
# One that came and went while we looked, or that we have no right to see.
_HIDDEN = "a run that can't be read"


def take_lock(
    directory: Directory,
    clock: Clock,
    wanted: RunLock,
    *,
    break_run: str | None,
    wait_seconds: float,
    tell: Tell,
) -> StoredLock:
    """Take the lock of a GPO. ``since`` of what is wanted is set to the DC's time.

    A lock of the very same run is taken over: that run was killed, and is being gone on with.

    Args:
        directory: The one DC of the run.
        clock: For waiting.
        wanted: Who wants it.
        break_run: The run whose lock is to be broken.
        wait_seconds: How long to wait for somebody else's.
        tell: Told once that there is something to wait for.

    Raises:
        LockHeldError: Somebody else has it, also after waiting.
        WrongLockError: Somebody has it whose lock was not to be broken.
        BackendError: The directory refused.
    """
    deadline = clock.monotonic_seconds() + wait_seconds
    told = False
    while True:
        taken = _attempt(directory, wanted, break_run) or _attempt(directory, wanted, break_run)
        if taken is not None:
            return taken
        found = read_lock(directory, wanted.gpo)
        holder = found.holder if found else _HIDDEN
        if clock.monotonic_seconds() >= deadline:
            held_by = found.lock.run_id if found and found.lock else ""
            raise LockHeldError(gpo=wanted.gpo, run_id=held_by, holder=holder)
        if not told:
            tell(f"waiting for {holder}")
            told = True
        clock.wait(_LOOK_AGAIN_SECONDS)


def wait_until_free(
    directory: Directory, clock: Clock, gpo: str, *, wait_seconds: float, tell: Tell
) -> None:
    """Wait until nobody holds the lock of a GPO, or the time is over; takes nothing."""
    deadline = clock.monotonic_seconds() + wait_seconds
    told = False
    while wait_seconds and (found := read_lock(directory, gpo)):
        if clock.monotonic_seconds() >= deadline:
            return
        if not told:
            tell(f"waiting for {found.holder}")
            told = True
        clock.wait(_LOOK_AGAIN_SECONDS)


def check_lock(directory: Directory, held: StoredLock) -> None:
    """Make sure that a lock is still ours.

    Raises:
        LockLostError: It was broken.
    """
    if held.lock is None or is_still(directory, held):
        return
    other = read_lock(directory, held.lock.gpo)
    raise LockLostError(
        gpo=held.lock.gpo, run_id=held.lock.run_id, holder=other.holder if other else ""
    )


def release_lock(directory: Directory, held: StoredLock) -> None:
    """Release a lock; one that was broken meanwhile is somebody else's and stays.

    Raises:
        BackendError: The directory refused, so the lock may still be there.
    """
    _delete(directory, held)


def _attempt(directory: Directory, wanted: RunLock, break_run: str | None) -> StoredLock | None:
    found = read_lock(directory, wanted.gpo)
    if found is not None:
        held_by = found.lock.run_id if found.lock else ""
        if break_run is not None and held_by not in {break_run, wanted.run_id}:
            raise WrongLockError(
                gpo=wanted.gpo, named=break_run, run_id=held_by, holder=found.holder
            )
        if held_by not in {break_run, wanted.run_id}:
            return None
        _delete(directory, found)
    lock = replace(wanted, since=directory_time(directory))
    dn = lock_dn(wanted.gpo, directory.names().domain_dn)
    try:
        directory.add(dn, lock_attributes(lock))
    except ObjectExistsError:
        return None
    except OutcomeUnknownError:
        # The connection broke after the order. What is there now tells whether it was carried out.
        made = read_lock(directory, wanted.gpo)
        if made is None or made.lock != lock:
            raise
        return made
    made = read_lock(directory, wanted.gpo)
    if made is None or made.lock != lock:
        return None  # broken by somebody in this moment
    return made


def _delete(directory: Directory, held: StoredLock) -> None:
    """Delete this very object: another one of the same name has another GUID, and stays."""
    try:
        directory.delete(guid_dn(held.guid))
    except DirectoryError as error:
        if error.code != _NO_SUCH_OBJECT:
            raise
    except OutcomeUnknownError:
        if is_still(directory, held):
            directory.delete(guid_dn(held.guid))

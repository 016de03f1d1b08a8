"""The process between the lab and Samba: whatever happens, nothing of Samba survives it.

Started by path under any Python, with nothing but the standard library::

    guard.py LOCK_FILE SOURCE TARGET PROGRAM ARGUMENT...

It locks ``LOCK_FILE`` and writes its process id into it, makes a process namespace and a mount
namespace in which the folder ``SOURCE`` lies at ``TARGET``, and runs the program there. It ends
the program when its standard input ends, when its parent dies, or on SIGTERM: first by ending the
program's own standard input, after a grace period by killing the first process of the namespace,
upon which the kernel kills all others. Killing the guard itself has the same effect, since the
first process asks to be killed with its parent.

Exit code: the program's; 70 when it can't be started, 75 when the lock is taken, 77 when namespaces are not allowed.
"""

import contextlib
import ctypes
import fcntl
import os
import selectors
import signal
import sys
from pathlib import Path
from typing import NoReturn

EXIT_FAILED = 70
EXIT_LOCKED = 75
EXIT_NOT_ALLOWED = 77
GRACE_SECONDS = 10.0

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Run the program of the command line under guard and give its exit code."""
    parent = os.pidfd_open(os.getppid())
    lock_file, source, target, *command = arguments
    if not lock(Path(lock_file)):
        return EXIT_LOCKED
    read_end, write_end = os.pipe()
    # Python has no signalfd; a signal's wake-up descriptor can be waited for like the others
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGTERM, take_note)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        unshare(CLONE_NEWNS | CLONE_NEWPID)
    except PermissionError as error:
        sys.stderr.write(f"guard: namespaces are not allowed: {error}\n")
        return EXIT_NOT_ALLOWED
    first = os.fork()
    if first == 0:
        os.close(write_end)
        os._exit(run_first_process(read_end, Path(source), Path(target), command))
    os.close(read_end)
    return watch(first, parent=parent, wake=wake_read, program_input=write_end)


def take_note(_number: int, _frame: object) -> None:
    """Do nothing: the wake-up descriptor has told the waiting loop already."""


def lock(path: Path) -> bool:
    """Take the lock for the life of this process and its children."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode("ascii"))
    return True


def watch(first: int, *, parent: int, wake: int, program_input: int) -> int:
    """Wait for the end of the program or for a reason to end it; give the exit code."""
    child = os.pidfd_open(first)
    with selectors.PollSelector() as selector:
        for descriptor in (child, parent, wake, sys.stdin.fileno()):
            selector.register(descriptor, selectors.EVENT_READ)
        selector.select()  # standard input carries nothing, so that readable means ended
        os.close(program_input)
        for descriptor in (parent, wake, sys.stdin.fileno()):
            selector.unregister(descriptor)
        if not selector.select(GRACE_SECONDS):
            os.kill(first, signal.SIGKILL)
    _, status = os.waitpid(first, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


def run_first_process(program_input: int, source: Path, target: Path, command: list[str]) -> int:
    """Be the first process of the namespace: mount, start the program, collect the dead.

    Should the guard have died before it could be asked for, then the program's input is at its
    end already, and the program leaves by itself.
    """
    libc().prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    try:
        mount(None, Path("/"), MS_REC | MS_PRIVATE)
        target.mkdir(parents=True, exist_ok=True)
        mount(source, target, MS_BIND)
        program = os.fork()
        if program == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.dup2(program_input, 0)
            os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"guard: {error}\n")
        sys.stderr.flush()
        return EXIT_FAILED
    os.close(program_input)
    return collect_until(program)


def collect_until(program: int) -> int:
    """Collect every process that ends, until the program itself does; give its exit code."""
    while True:
        pid, status = os.wait()
        if pid == program:
            return os.waitstatus_to_exitcode(status) & 0xFF


def libc() -> ctypes.CDLL:
    """The C library, whose mount and unshare Python 3.11 lacks."""
    return ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave the namespaces of the parent."""
    if libc().unshare(flags) != 0:
        raise_errno("unshare")


def mount(source: Path | None, target: Path, flags: int) -> None:
    """Mount inside this mount namespace."""
    source_bytes = None if source is None else os.fsencode(source)
    if libc().mount(source_bytes, os.fsencode(target), None, ctypes.c_ulong(flags), None) != 0:
        raise_errno(f"mount {target}")


def raise_errno(what: str) -> NoReturn:
    """Turn the C library's error number into an exception."""
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))

"""A lock on an open file that goes with the process, however it ends."""

import sys

if sys.platform == "win32":
    import msvcrt
    import os

    # Locked regions can't be read on Windows; one far beyond the end is in nobody's way.
    _FAR = 1 << 40

    def try_lock(descriptor: int) -> bool:
        """Take the lock if nobody has it; closing the file gives it back."""
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_END)
        return True

    def wait_for_lock(descriptor: int) -> None:
        """Take the lock when it is free; after ten seconds Windows gives up with OSError."""
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Take the lock if nobody has it; closing the file gives it back."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait_for_lock(descriptor: int) -> None:
        """Take the lock when it is free."""
        fcntl.flock(descriptor, fcntl.LOCK_EX)

"""An exclusive lock between processes, as the PowerShell engine takes it: flock on a file.

On Windows, where there is no engine and no flock, the system's own region lock does.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


@contextmanager
def exclusive_lock(path: Path) -> Generator[None]:
    """Hold the lock during the block; closing the file frees it, also when the process dies.

    Args:
        path: The lock's own file; it is made and stays.
    """
    with path.open("ab") as file:
        _lock(file.fileno())
        yield

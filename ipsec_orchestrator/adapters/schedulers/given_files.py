"""Files that a schedule is given: may the program read them then, and may nobody else."""

import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from ipsec_orchestrator.errors import UsageError

_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_private(path: Path) -> None:
    """Refuse a file with a secret that is not there, or that others may read.

    On Windows its access list is looked at by nobody here.

    Raises:
        UsageError: It is so.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise UsageError(
            f"{path} can't be looked at: {error.strerror}.", cure="Name a file that is there."
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path} is no file.", cure="Name a file.")
    if sys.platform != "win32" and found.st_mode & _OF_OTHERS:
        raise UsageError(
            f"{path} may be read by others: its mode is {stat.S_IMODE(found.st_mode):04o}.",
            cure=f"chmod 600 '{path}'; change what is in it if that was so for long.",
        )


def check_readable_by_anybody(paths: Iterable[Path]) -> None:
    """Refuse what an account of no group could not read: a file, or a folder on the way to it.

    Raises:
        UsageError: One of them can't be; nothing is said of what lies in a folder.
    """
    for path in paths:
        for place in (path, *path.parents):
            try:
                mode = place.stat().st_mode
            except OSError as error:
                raise UsageError(
                    f"{place} can't be looked at: {error.strerror}.", cure="Correct the path."
                ) from error
            needed = stat.S_IROTH if place == path else 0
            if stat.S_ISDIR(mode):
                needed |= stat.S_IXOTH
            if mode & needed != needed:
                raise UsageError(
                    f"The service runs as an account of its own, which may not read {place}.",
                    cure="Put the files where everybody may read them, for example into "
                    "/etc/ipsec-orchestrator, or say with --run-as who may.",
                )

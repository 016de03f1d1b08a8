"""Files of ours among files of others: read, compared, written, and never written over."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ipsec_orchestrator.adapters.private_file import replace_file
from ipsec_orchestrator.errors import AccessDeniedError, ForeignScheduleError
from ipsec_orchestrator.model.schedule import InstalledPlace, PlaceChange, ScheduleFile
from ipsec_orchestrator.planning.schedule.mark import is_marked

# Task Scheduler XML says of itself that it is UTF-16; everything else is UTF-8.
_WIDE: Final = ".xml"
_READABLE: Final = 0o644


def read_file(path: Path) -> str | None:
    """Give the text of a file; ``None`` if it is not there.

    Raises:
        AccessDeniedError: It can't be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _denied(path, "read", error) from error
    return content.decode(_encoding(path), errors="replace")


def write_files(folder: Path, files: Iterable[ScheduleFile]) -> tuple[InstalledPlace, ...]:
    """Write files that hold no secret, for everybody to read; those that are so already stay.

    Raises:
        ForeignScheduleError: One of them is there and not ours; nothing was written.
        AccessDeniedError: One can't be read or written.
    """
    wanted = {folder / file.name: file.text for file in files}
    there = {path: read_file(path) for path in wanted}
    for path, text in there.items():
        if text is not None and not is_marked(text):
            raise ForeignScheduleError(place=str(path))
    done: list[InstalledPlace] = []
    for path, text in wanted.items():
        before = there[path]
        if before == text:
            change = PlaceChange.UNCHANGED
        else:
            change = PlaceChange.CREATED if before is None else PlaceChange.CHANGED
            _write(path, text)
        done.append(InstalledPlace(place=str(path), change=change))
    return tuple(done)


def remove_file(path: Path) -> None:
    """Take a file away.

    Raises:
        AccessDeniedError: It can't be.
    """
    try:
        path.unlink()
    except OSError as error:
        raise _denied(path, "deleted", error) from error


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode(_encoding(path)))
        path.chmod(_READABLE)
    except OSError as error:
        raise _denied(path, "written", error) from error


def _encoding(path: Path) -> str:
    return "utf-16" if path.suffix == _WIDE else "utf-8"


def _denied(path: Path, what: str, error: OSError) -> AccessDeniedError:
    return AccessDeniedError(
        target=str(path),
        reason=f"it can't be {what}: {error.strerror}",
        cure="Run as the administrator of this machine, or choose another scheduler with --as.",
    )

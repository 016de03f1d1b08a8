"""Reading and writing a GPO's template in a domain controller's SYSVOL, as our scripts do."""

import os
from pathlib import Path
from typing import Final
from uuid import UUID

from ipsec_orchestrator.codec.guid import braced
from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.lab.windows.simulated_host import SimulatedHost

NO_PATH: Final = "PathNotFound,Microsoft.PowerShell.Commands.GetItemPropertyCommand"
OUTSIDE: Final = "ipsec_orchestrator.PathOutsideTemplate"
CHANGED: Final = "ipsec_orchestrator.TemplateChanged"


def read_template(host: SimulatedHost, *, gpo_id: UUID, domain: str, path: str) -> bytes | None:
    """Read a file of the template; ``None`` if it is not there.

    Raises:
        ImitatedError: The host has no SYSVOL, or the path leads out of the template.
    """
    file = _resolve(host, gpo_id, domain, path)
    return file.read_bytes() if file.is_file() else None


def write_template(
    host: SimulatedHost,
    *,
    gpo_id: UUID,
    domain: str,
    path: str,
    content: bytes,
    expected: bytes | None,
) -> None:
    """Write a file of the template in place.

    Args:
        host: A domain controller.
        gpo_id: The GPO.
        domain: DNS name of the domain.
        path: Path inside of the template.
        content: The new content.
        expected: What it has to hold before; empty for "not there", ``None`` for whatever.

    Raises:
        ImitatedError: As for reading, or the file holds something else.
        OSError: The file can't be written.
    """
    file = _resolve(host, gpo_id, domain, path)
    file.touch(mode=0o640)
    # One descriptor from look to write; not truncated at opening, since the look comes first.
    with file.open("r+b") as stream:
        if expected is not None and stream.read() != expected:
            raise ImitatedError(CHANGED, path)
        stream.seek(0)
        stream.truncate()
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _resolve(host: SimulatedHost, gpo_id: UUID, domain: str, path: str) -> Path:
    if host.settings.sysvol is None:
        raise ImitatedError(NO_PATH, "Netlogon")
    folder = Path(os.path.normpath(Path(host.settings.sysvol, domain, "Policies", braced(gpo_id))))
    file = Path(os.path.normpath(folder / path.replace("\\", "/")))
    if folder not in file.parents:
        raise ImitatedError(OUTSIDE, path)
    return _as_spelled(folder, file.relative_to(folder))


def _as_spelled(folder: Path, relative: Path) -> Path:
    """Give the path in the spelling of what exists: names are case-blind on Windows."""
    found = folder
    for part in relative.parts:
        entries = found.iterdir() if found.is_dir() else ()
        key = part.casefold()
        found = next((e for e in entries if e.name.casefold() == key), found / part)
    return found

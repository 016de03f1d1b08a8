"""What a run of the tests leaves behind on the machine: nothing, or it fails.

Other programs and other runs live on the same machine, so only what bears the run's own temporary
folder counts: in the environment, the command line or the working directory of a process, in a
claim of a lab, or as a file in the places that programs choose when nobody names one.
"""

import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from ipsec_orchestrator.lab.domain.claim import LOCK_DIR

PROC: Final = Path("/proc")
NAMESPACES: Final = Path("/run/netns")
CLAIMS: Final = (LOCK_DIR, Path("/tmp"))  # noqa: S108 - where labs note their networks
_LISTENING: Final = "0A"
_PATIENCE_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.2


def leave_caches_alone(folder: Path) -> None:
    """Send what programs keep in the user's cache to a folder of the project's.

    The engine's unpacked files and pip's downloads are shared with everybody, as they always are.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    os.environ.setdefault("PSLAB_CACHE", str(cache / "pslab"))
    os.environ.setdefault("PIP_CACHE_DIR", str(cache / "pip"))
    os.environ["XDG_CACHE_HOME"] = str(folder)


class Leftovers:
    """Watches one run.

    Args:
        base: The run's temporary folder, where tests may leave what they like.
        patience_seconds: How long what is just ending may take.
    """

    def __init__(self, base: Path, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._base = base
        self._patience_seconds = patience_seconds
        self._places = {
            name: base / "nobody-named-it" / name for name in ("TMPDIR", "XDG_STATE_HOME")
        }
        for place in self._places.values():
            place.mkdir(parents=True)
        self._namespaces = _names(NAMESPACES)

    def variables(self) -> dict[str, str]:
        """Give the variables that send what nobody named a place for to where it is seen."""
        return {name: str(place) for name, place in self._places.items()}

    def redirect(self) -> None:
        """Set these variables for the whole run."""
        os.environ.update(self.variables())
        # It may have been asked for already, and remembers.
        tempfile.tempdir = None

    def found(self) -> list[str]:
        """Name everything that is left."""
        deadline = time.monotonic() + self._patience_seconds
        while (left := sorted(self._look())) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return left

    def _look(self) -> Iterator[str]:
        for place in self._places.values():
            yield from (f"file or folder {found}" for found in place.iterdir())
        yield from self._processes()
        yield from (f"open port {port} of the tests themselves" for port in _own_ports())
        claimed = set[str]()
        for parent in CLAIMS:
            folder = parent / "ipsec-orchestrator-lab"
            for claim in folder.iterdir() if folder.is_dir() else ():
                claimed.add(claim.name)
                with suppress(OSError):
                    owner = claim.read_text(encoding="utf-8")
                    if owner.startswith(f"{self._base}/"):
                        yield f"lab {owner}"
        for name in _names(NAMESPACES) - self._namespaces:
            if name.rpartition("-")[2] not in claimed:
                yield f"network namespace {name}"

    def _processes(self) -> Iterator[str]:
        wanted = f"{self._base}/".encode()
        for process in PROC.iterdir() if PROC.is_dir() else ():
            if not process.name.isdigit() or int(process.name) == os.getpid():
                continue
            with suppress(OSError):
                command = (process / "cmdline").read_bytes()
                seen = (
                    command,
                    (process / "environ").read_bytes(),
                    os.fsencode((process / "cwd").readlink()) + b"/",
                )
                if command and any(wanted in text for text in seen):
                    words = command.replace(b"\0", b" ").decode(errors="replace")
                    yield f"process {process.name}: {words[:160]}"


def _names(folder: Path) -> frozenset[str]:
    return frozenset(found.name for found in folder.iterdir()) if folder.is_dir() else frozenset()


def _own_ports() -> Iterable[int]:
    """Give the TCP ports on which this process listens, by the tables of the kernel."""
    own = set[str]()
    for descriptor in (PROC / "self" / "fd").glob("*"):
        with suppress(OSError):
            own.add(str(descriptor.readlink()))
    for name in ("tcp", "tcp6"):
        table = PROC / "self" / "net" / name
        for row in table.read_text(encoding="ascii").splitlines()[1:] if table.exists() else ():
            columns = row.split()
            if columns[3] == _LISTENING and f"socket:[{columns[9]}]" in own:
                yield int(columns[1].rpartition(":")[2], 16)

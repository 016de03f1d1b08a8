"""PowerShell child processes of a host: their environment, and their certain end."""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from ipsec_orchestrator.lab.winrm.drive import FOLDER_VARIABLE
from ipsec_orchestrator.lab.winrm.faults import Faults
from ipsec_orchestrator.lab.winrm.settings import EngineBackend

# The lab's own environment may hold passwords and credential caches: a child gets what it needs.
_INHERITED: Final = frozenset(
    {"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "XDG_CACHE_HOME", "PSLAB_CACHE"}
)
_NO_PROFILE_FOLDER: Final = r"C:\Windows\system32\config\systemprofile"


def child_environment(
    engine: EngineBackend, faults: Faults, *, user: str, profile: bool
) -> Mapping[str, str]:
    r"""Put together what a child of this host sees.

    Args:
        engine: Brings the host's own variables.
        faults: Bring locale and clock skew.
        user: Who is logged on, in either form: ``DOMAIN\user`` or ``user@REALM``.
        profile: Whether the user's profile is loaded (not with ``WINRS_NOPROFILE``).
    """
    name = account_name(user)
    environment = {key: value for key, value in os.environ.items() if key in _INHERITED}
    # Its debugger's pipe would stay behind among the temporary files when the host ends it.
    environment["POWERSHELL_DIAGNOSTICS_OPTOUT"] = "1"
    environment["USERNAME"] = name
    environment["USERPROFILE"] = rf"C:\Users\{name}" if profile else _NO_PROFILE_FOLDER
    environment.update(engine.environment)
    if engine.locale_variable:
        environment[engine.locale_variable] = str(faults.locale)
    if engine.clock_skew_variable:
        environment[engine.clock_skew_variable] = f"{faults.clock_skew_seconds:g}"
    if engine.drive is not None:
        environment[FOLDER_VARIABLE] = str(engine.drive.folder)
    return environment


def account_name(user: str) -> str:
    r"""Give the name without its domain, from either form of it."""
    return user.rpartition("\\")[2].partition("@")[0]


def start_folder(engine: EngineBackend, *, user: str, wanted: str = "") -> Path:
    """Give the folder where a child begins: the one that is wanted, or the user's own.

    Args:
        engine: Has the host's drive; without one every child begins among temporary files.
        user: Who is logged on.
        wanted: A Windows path; one that is not there counts as none.
    """
    if engine.drive is None:
        return Path(tempfile.gettempdir())
    home = engine.drive.prepare(account_name(user))
    return engine.drive.find(wanted) or home


def start_child(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    stderr: IO[bytes] | int,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in its own process group, with pipes to write to and read from."""
    return subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
    )


def end_child(child: subprocess.Popen[bytes]) -> None:
    """Kill a child and everything it started; safe when it has ended already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()

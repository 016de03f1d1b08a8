"""Running a script of ``samba_side`` under Debian's own Python."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.model.json import Json

PYTHON = Path("/usr/bin/python3")
"""The interpreter that the Debian package python3-samba is made for."""

SCRIPTS = Path(__file__).parent / "samba_side"
SHOWN_LINES = 12


def run_samba_script(
    script: str, request: Mapping[str, Json], *, log: Path, deadline_seconds: float
) -> Mapping[str, Json]:
    """Run ``samba_side/<script>.py`` with a request and give its answer.

    Args:
        script: Name of the script without ``.py``.
        request: Goes to its standard input, since it may hold passwords.
        log: File that gets what the script and Samba say.
        deadline_seconds: When to give up.

    Raises:
        LabProgramError: It failed or took too long; its last lines are in the error.
    """
    with log.open("ab") as log_file:
        before = log_file.tell()
        try:
            done = subprocess.run(
                # -I: neither our environment nor the user's has a say in what it imports
                [str(PYTHON), "-I", str(SCRIPTS / f"{script}.py")],
                input=json.dumps(request).encode("utf-8"),
                stdout=subprocess.PIPE,
                stderr=log_file,
                timeout=deadline_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LabProgramError(
                program=script,
                reason=f"not done after {deadline_seconds:.0f} seconds",
                last_lines=last_lines(log, before),
            ) from error
        except OSError as error:
            raise LabProgramError(program=str(PYTHON), reason=str(error)) from error
    if done.returncode != 0:
        raise LabProgramError(
            program=script,
            reason=f"ended with exit code {done.returncode}",
            last_lines=last_lines(log, before),
            cure=f"Everything it said is in {log}.",
        )
    answer: Mapping[str, Json] = json.loads(done.stdout)
    return answer


def last_lines(log: Path, offset_bytes: int = 0) -> tuple[str, ...]:
    """The last lines of a log file after an offset; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(offset_bytes)
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    return tuple(text.splitlines()[-SHOWN_LINES:])

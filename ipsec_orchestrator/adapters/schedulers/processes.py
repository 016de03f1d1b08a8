"""Runs a scheduler's own program, with answers that depend on no language and no time zone."""

import os
import subprocess
from collections.abc import Sequence
from typing import Final

from ipsec_orchestrator.errors import MissingDependencyError, SchedulerRefusedError

_PATIENCE_SECONDS: Final = 120.0


def ask(
    words: Sequence[str], *, given: str | None = None, cure: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a program and give what it said, however it ended.

    Args:
        words: Program and arguments.
        given: Text for its standard input.
        cure: What to do if there is no such program.

    Raises:
        MissingDependencyError: There is no such program.
        SchedulerRefusedError: It did not end in time.
    """
    try:
        return subprocess.run(
            list(words),
            input=given if given is not None else "",
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise MissingDependencyError(
            f"There is no {words[0]} on this machine.",
            cure=cure or "Choose another scheduler with --as.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise SchedulerRefusedError(
            program=" ".join(words), reason=f"did not end within {_PATIENCE_SECONDS:.0f} s"
        ) from error


def order(words: Sequence[str], *, given: str | None = None, cure: str = "") -> str:
    """Run a program that has to succeed, and give its output.

    Raises:
        MissingDependencyError: There is no such program.
        SchedulerRefusedError: It did not end in time, or ended in failure.
    """
    done = ask(words, given=given, cure=cure)
    if done.returncode != 0:
        raise refused(words, done, cure=cure)
    return done.stdout


def refused(
    words: Sequence[str], done: subprocess.CompletedProcess[str], *, cure: str = ""
) -> SchedulerRefusedError:
    """Give the error for a program that ended in failure."""
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return SchedulerRefusedError(
        program=" ".join(words),
        reason=f"ended with exit code {done.returncode}",
        said=said[-1].strip() if said else "",
        cure=cure,
    )

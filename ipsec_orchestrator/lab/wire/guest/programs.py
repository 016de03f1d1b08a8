"""Running Debian's programs inside the guest."""

import subprocess
from collections.abc import Sequence

SECONDS = 20.0
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class ProgramFailure(Exception):  # noqa: N818 - the errors of the package are not for the guest
    """A program ended in failure; the text says which and what it wrote."""


def environment(**more: str) -> dict[str, str]:
    """Give the environment for a program: untranslated, with Debian's usual path."""
    return {"PATH": PATH, "LC_ALL": "C", "HOME": "/run", **more}


def run(command: Sequence[str], *, text: str = "", **more: str) -> str:
    """Run a program and give its standard output.

    Args:
        command: Program and arguments.
        text: Its standard input.
        more: Environment variables besides the usual ones.

    Raises:
        ProgramFailure: It ended with another exit code than 0, or took too long.
    """
    try:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
            env=environment(**more),
        )
    except (subprocess.TimeoutExpired, FileNotFoundError) as error:
        raise ProgramFailure(str(error)) from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise ProgramFailure(f"{command[0]} ended with {done.returncode}: {said}")
    return done.stdout

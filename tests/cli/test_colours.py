"""Colours are for a terminal, and for nobody else."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("orchestrate")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
# [ECMA-48] 8.3.117 SGR: 32 green, 33 yellow.
CREATED = re.compile(r"\x1b\[[0-9;]*32m\s*\+ GPO")
CHANGED = re.compile(r"\x1b\[[0-9;]*33m\s*~ link")


def on_a_terminal(environment: dict[str, str]) -> str:
    """Give everything that the demo in memory writes to a terminal."""
    import pty  # noqa: PLC0415 - there is none on Windows

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [str(PROGRAM), "demo", "--memory"],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    ):
        os.close(theirs)
        said = b""
        # Linux ends the reading of a terminal whose other side is closed with an error.
        while more := _read(ours):
            said += more
    os.close(ours)
    return said.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def in_a_pipe(environment: dict[str, str]) -> str:
    """Give everything that the demo in memory writes to a pipe."""
    done = subprocess.run(
        [str(PROGRAM), "demo", "--memory"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("show", "more", "coloured"),
    [
        (on_a_terminal, {"TERM": "xterm-256color"}, True),
        (on_a_terminal, {"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        (in_a_pipe, {"TERM": "xterm-256color"}, False),
    ],
)
def test_plans_are_coloured_on_a_terminal_only(
    show: Callable[[dict[str, str]], str], more: dict[str, str], *, coloured: bool, tmp_path: Path
) -> None:
    """What is created is green and what is changed yellow, unless nobody would see it."""
    said = show({"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", **more})

    assert bool(CREATED.search(said)) is coloured
    assert bool(CHANGED.search(said)) is coloured
    assert "+ GPO IPSec-Azure-OnPremises" in ESCAPE.sub("", said)

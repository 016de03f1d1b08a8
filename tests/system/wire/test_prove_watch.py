"""``orchestrate prove --watch``: probes until somebody ends it, one line each."""

import fcntl
import os
import re
import signal
import struct
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.conftest import Laboratory
from tests.system.wire.proofs import Start, is_clean, prove_process, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

WATCH = ("--watch", "--control", "--pairs", "vm1:host1")
PROBE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  (?P<way>\w+ -> \w+) TCP 8081  200  \d+ ms  clear"
)
# What sets colours and moves the cursor.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ROWS, COLUMNS = 40, 200


def probes(said: str) -> list[str]:
    """The ways of all probes that were told of, in order; every line that has a time is one."""
    lines = [line for line in said.splitlines() if re.match(r"\d{4}-", line)]
    found = [PROBE.fullmatch(line.strip()) for line in lines]
    assert all(found), lines
    return [match["way"] for match in found if match is not None]


def test_it_repeats_until_ctrl_c(any_lab: Laboratory, proving: Start) -> None:
    """Each probe is a line with time, status, milliseconds and verdict; Ctrl-C is its good end."""
    process = proving(*WATCH)
    # Both directions belong to one round: the third probe is of the second one.
    said = "".join(wait_for(process, " ms  clear") for _ in range(3))
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=120)

    assert process.returncode == 0, said + rest
    assert "Traceback" not in said + rest
    assert rest.rstrip().endswith("Stopped.")
    ways = probes(said + rest)
    assert len(ways) >= 3
    assert ways[0] == ways[2] != ways[1]
    assert is_clean(any_lab)


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal: the side of the person and the side of the program."""
    person, program = os.openpty()
    fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    yield person, program
    os.close(person)


def read_until(person: int, pattern: str | None) -> str:
    """Read what is shown until it matches, or until the program has ended."""
    shown = ""
    while pattern is None or not re.search(pattern, CONTROL.sub("", shown)):
        try:
            piece = os.read(person, 65536)
        except OSError:
            # EIO: nobody has the other side open any more.
            piece = b""
        if not piece:
            assert pattern is None, shown
            return shown
        shown += piece.decode(errors="replace")
    return shown


def test_a_terminal_gets_a_live_table(lab: Laboratory, terminal: tuple[int, int]) -> None:
    """The table shows what each flow does now, counts its probes, and goes on being drawn."""
    person, program = terminal
    process = prove_process(lab, *WATCH, stdout=program, TERM="xterm-256color")
    os.close(program)
    try:
        shown = read_until(person, r"sending from vm1")
        shown += read_until(person, r"│ 2 +│ \d\d:\d\d:\d\d │ \d+ +│ clear")
        process.send_signal(signal.SIGINT)
        rest = read_until(person, None)
        process.wait(120)
    finally:
        process.kill()

    assert process.returncode == 0, rest
    # The cursor is hidden while the table is drawn, and is there again at the end.
    assert "\x1b[?25l" in shown
    assert "\x1b[?25h" in rest
    assert "Traceback" not in shown + rest
    assert is_clean(lab)


def test_watching_can_not_be_one_document(lab: Laboratory, tmp_path: Path) -> None:
    """It has no end, so that neither a document nor an evidence folder can be made of it."""
    for option in (("--json",), ("--evidence", str(tmp_path / "evidence"))):
        said = lab.play("prove", "--watch", *option)
        assert said.returncode == 64
        assert "until interrupted" in said.stderr

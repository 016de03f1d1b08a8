"""The process that runs a lab, seen from outside: start it, ask it, end it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.domain.samba_python import last_lines
from ipsec_orchestrator.lab.supervisor import channel_address, log_path

_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 40.0
_POLL_SECONDS: Final = 0.05


def start(layout: LabLayout) -> None:
    """Start the process that runs a lab, and return when it is ready.

    Whatever stops the waiting, also Ctrl-C, ends that process: it must not go on making a lab
    that is being taken away.

    Raises:
        LabProgramError: It ended, or was not ready in time.
    """
    process = None
    try:
        with interrupts_deferred():
            process = _spawn(layout)
        _wait_until_ready(layout, process)
    except BaseException:
        if process is not None:
            _end(process)
        raise


@contextmanager
def interrupts_deferred() -> Generator[None]:
    """Let Ctrl-C take effect at the end of the block.

    In the middle of starting a process it would leave one that nobody knows of. Only the main
    thread of a program is interrupted, so elsewhere there is nothing to defer.

    Raises:
        KeyboardInterrupt: It was pressed meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        pressed.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed.is_set():
        raise KeyboardInterrupt


def _spawn(layout: LabLayout) -> subprocess.Popen[bytes]:
    with log_path(layout).open("ab") as log:
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "ipsec_orchestrator.lab.supervisor",
                str(layout.state_dir),
                layout.name,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
        )


def _wait_until_ready(layout: LabLayout, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while supervisor_id(layout) is None:
        code = process.poll()
        if code is not None or time.monotonic() > deadline:
            reason = "it was not ready in time" if code is None else f"it ended with {code}"
            raise LabProgramError(
                program="the lab",
                reason=reason,
                last_lines=last_lines(log_path(layout)),
            )
        time.sleep(_POLL_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
    finally:
        # Its domain ends with it.
        process.kill()
        process.wait()


def stop(layout: LabLayout) -> None:
    """End the process that runs a lab; without one it does nothing.

    Raises:
        LabProgramError: It did not end in time.
    """
    process_id = supervisor_id(layout)
    if process_id is None:
        return
    os.kill(process_id, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _is_alive(process_id):
        if time.monotonic() > deadline:
            raise LabProgramError(
                program="the lab",
                reason=f"process {process_id} did not end on request",
                last_lines=last_lines(log_path(layout)),
            )
        time.sleep(_POLL_SECONDS)


def supervisor_id(layout: LabLayout) -> int | None:
    """Give the id of the process that runs a lab; ``None`` if none answers."""
    answer = ask(layout, {"verb": "status"})
    return int(answer["pid"]) if answer else None


def ask(layout: LabLayout, request: dict[str, Any]) -> dict[str, Any] | None:
    """Ask the process that runs a lab for something; ``None`` if none answers."""
    try:
        with (
            channel_address(layout) as address,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel,
        ):
            channel.settimeout(10.0)
            channel.connect(address)
            channel.sendall(json.dumps(request).encode() + b"\n")
            with channel.makefile("rb") as reader:
                line = reader.readline()
    except (FileNotFoundError, ConnectionError):
        return None
    found: dict[str, Any] = json.loads(line) if line else {}
    return found or None


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    try:
        # A child of ours that has ended but was not waited for still has its number.
        waited, _ = os.waitpid(process_id, os.WNOHANG)
    except ChildProcessError:
        return True
    return waited == 0

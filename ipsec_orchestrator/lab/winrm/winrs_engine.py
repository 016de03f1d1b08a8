"""WinRS shells with a real PowerShell behind: one child process for every command."""

import base64
import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from typing_extensions import override

from ipsec_orchestrator.lab.winrm.child_process import end_child, start_child
from ipsec_orchestrator.lab.winrm.command_line import (
    is_powershell,
    read_powershell_arguments,
    split_command_line,
)
from ipsec_orchestrator.lab.winrm.output import CommandOutput
from ipsec_orchestrator.lab.winrm.settings import EngineBackend
from ipsec_orchestrator.lab.winrm.winrs_commands import (
    UNUSABLE_ARGUMENTS,
    WinrsCommands,
    not_recognized,
)
from ipsec_orchestrator.lab.winrm.wording import ConsoleText, Wording

_CONSOLE: Final = Path(__file__).with_name("winrs_console.ps1")
_READ_BYTES: Final = 32768
_INTERRUPTED: Final = 0xC000013A - (1 << 32)  # STATUS_CONTROL_C_EXIT as Windows reports it, signed


class EngineCommands(WinrsCommands):
    """The commands of one WinRS shell, run by the given PowerShell."""

    def __init__(
        self, *, engine: EngineBackend, environment: Mapping[str, str], folder: Path
    ) -> None:
        super().__init__()
        self._engine = engine
        self._folder = folder
        self._wording = Wording(engine.drive)
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = dict(environment)
        # The console script adds what powershell.exe does on a pipe, then runs the host's own.
        self._environment["IPSEC_LAB_INIT"] = environment.get("PSLAB_INIT", "")
        self._environment["PSLAB_INIT"] = str(_CONSOLE)

    @override
    def run(self, command_id: str, executable: str, arguments: Sequence[str]) -> None:
        """Start a PowerShell, or say that there is no such program."""
        program, *rest = split_command_line(" ".join((executable, *arguments))) or [""]
        output = self.add(command_id)
        if not is_powershell(program):
            not_recognized(output, program)
            return
        line = read_powershell_arguments(rest)
        if line is None:
            output.write("stderr", UNUSABLE_ARGUMENTS)
            output.finish(1)
            return
        call = ["-NoProfile", "-NonInteractive", "-NoLogo"]
        if line.file:
            call += ["-File", *line.file]
        elif line.encoded is not None:
            text = base64.b64encode(line.encoded.encode("utf-16-le"))
            call += ["-EncodedCommand", text.decode()]
        else:
            call += ["-Command", line.command or "-"]
        child = start_child(
            [str(self._engine.executable), *call],
            environment=self._environment,
            stderr=subprocess.PIPE,
            folder=self._folder,
        )
        with self.lock:
            self._children[command_id.upper()] = child
        threading.Thread(
            target=_watch,
            args=(child, output, self._wording),
            name=f"winrs-{child.pid}",
            daemon=True,
        ).start()

    @override
    def feed(self, command_id: str | None, stream: str, content: bytes, *, end: bool) -> None:
        """Write to the child's standard input; a child that has ended reads no more."""
        del stream
        self.output(command_id)
        child = self._child(command_id)
        pipe = None if child is None else child.stdin
        if pipe is None:
            return
        with contextlib.suppress(
            BrokenPipeError, ValueError
        ):  # ValueError: closed by an earlier end
            pipe.write(content)
            pipe.flush()
            if end:
                pipe.close()

    @override
    def interrupt(self, command_id: str) -> None:
        """End the child if it still runs."""
        child = self._child(command_id)
        if child is not None and child.poll() is None:
            self.output(command_id).finish(_INTERRUPTED)
            end_child(child)

    @override
    def forget(self, command_id: str) -> None:
        """End the child of a command that the client is done with."""
        with self.lock:
            child = self._children.pop(command_id.upper(), None)
        if child is not None:
            end_child(child)

    @override
    def close(self) -> None:
        """End all children."""
        for command_id in self.command_ids():
            self.terminate(command_id)

    def _child(self, command_id: str | None) -> subprocess.Popen[bytes] | None:
        with self.lock:
            return self._children.get((command_id or "").upper())


def _watch(child: subprocess.Popen[bytes], output: CommandOutput, wording: Wording) -> None:
    """Carry both streams into the queue; the exit code comes last."""
    errors = threading.Thread(
        target=_carry, args=(child.stderr, output, "stderr", wording.of_text), daemon=True
    )
    errors.start()
    console = ConsoleText(wording)
    _carry(child.stdout, output, "stdout", console.more)
    output.write("stdout", console.rest())
    errors.join()
    output.finish(child.wait())


def _carry(
    pipe: IO[bytes] | None,
    output: CommandOutput,
    stream: str,
    change: Callable[[bytes], bytes],
) -> None:
    if pipe is None:
        return
    with pipe:
        while content := os.read(pipe.fileno(), _READ_BYTES):
            output.write(stream, change(content))

"""What all WinRS shells have in common: their commands and the answers of a missing cmd.exe."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

from ipsec_orchestrator.lab.winrm.output import CommandOutput
from ipsec_orchestrator.lab.winrm.wsman_fault import FaultKind, WsmanFaultError

UNUSABLE_ARGUMENTS: Final = (
    b"Cannot process the command because of an invalid or missing argument.\r\n"
)


class WinrsCommands(ABC):
    """The commands of one WinRS shell; safe for threads."""

    streams = "stdout stderr"
    process_id = 0

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._outputs: dict[str, CommandOutput] = {}

    @abstractmethod
    def run(self, command_id: str, executable: str, arguments: Sequence[str]) -> None:
        """Start a command."""

    @abstractmethod
    def feed(self, command_id: str | None, stream: str, content: bytes, *, end: bool) -> None:
        """Pass standard input on."""

    @abstractmethod
    def interrupt(self, command_id: str) -> None:
        """Stop a command as Ctrl+C does."""

    @abstractmethod
    def forget(self, command_id: str) -> None:
        """Release what runs behind a command."""

    def add(self, command_id: str) -> CommandOutput:
        """Make the queue of a new command."""
        output = CommandOutput()
        with self.lock:
            self._outputs[command_id.upper()] = output
        return output

    def output(self, command_id: str | None) -> CommandOutput:
        """Give a command's queue; the shell itself has none."""
        if command_id is None:
            raise WsmanFaultError(FaultKind.INVALID_PARAMETER)
        with self.lock:
            found = self._outputs.get(command_id.upper())
        if found is None:
            raise WsmanFaultError(FaultKind.UNKNOWN_COMMAND)
        return found

    def terminate(self, command_id: str) -> None:
        """Forget a command; unknown ones are fine, as on Windows."""
        with self.lock:
            output = self._outputs.pop(command_id.upper(), None)
        if output is not None:
            output.fail(WsmanFaultError(FaultKind.ABORTED))
        self.forget(command_id)

    def connect(self, content: bytes) -> bytes:
        """Refuse: Windows can't take WinRS shells over either."""
        del content
        raise WsmanFaultError(FaultKind.UNKNOWN_ACTION, "Connect")

    def command_ids(self) -> Sequence[str]:
        """Name the commands that were not terminated."""
        with self.lock:
            return list(self._outputs)

    def close(self) -> None:
        """Forget all commands."""
        for command_id in self.command_ids():
            self.terminate(command_id)


def not_recognized(output: CommandOutput, program: str) -> None:
    """Answer as cmd.exe does for a program that is not there."""
    text = (
        f"'{program}' is not recognized as an internal or external command,\r\n"
        "operable program or batch file.\r\n"
    )
    output.write("stderr", text.encode())
    output.finish(1)

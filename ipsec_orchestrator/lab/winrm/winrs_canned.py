"""WinRS shells without PowerShell: a script and its parameters come as JSON on standard input."""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from typing_extensions import override

from ipsec_orchestrator.lab.winrm.answers import BROKEN_ANSWER, Answer, CannedCall, CannedResult
from ipsec_orchestrator.lab.winrm.command_line import (
    is_powershell,
    read_powershell_arguments,
    split_command_line,
)
from ipsec_orchestrator.lab.winrm.output import CommandOutput
from ipsec_orchestrator.lab.winrm.winrs_commands import (
    UNUSABLE_ARGUMENTS,
    WinrsCommands,
    not_recognized,
)
from ipsec_orchestrator.model.json import Json

_LOG: Final = logging.getLogger(__name__)
_NO_DOCUMENT: Final = b"Standard input holds no JSON document with script and parameters.\r\n"


class CannedCommands(WinrsCommands):
    """The commands of one WinRS shell, answered by a callable."""

    def __init__(self, *, answer: Answer, host: str, user: str) -> None:
        super().__init__()
        self._answer = answer
        self._call = CannedCall(script="", parameters={}, host=host, user=user)
        self._inputs: dict[str, bytearray] = {}

    @override
    def run(self, command_id: str, executable: str, arguments: Sequence[str]) -> None:
        """Answer ``-Command`` at once; with ``-EncodedCommand`` wait for standard input."""
        program, *rest = split_command_line(" ".join((executable, *arguments))) or [""]
        output = self.add(command_id)
        if not is_powershell(program):
            not_recognized(output, program)
            return
        line = read_powershell_arguments(rest)
        if line is None or line.file:
            output.write("stderr", UNUSABLE_ARGUMENTS)
            output.finish(1)
        elif line.command not in {None, "-"}:
            self._start(replace(self._call, script=line.command or ""), output)
        else:
            with self.lock:
                self._inputs[command_id.upper()] = bytearray()

    @override
    def feed(self, command_id: str | None, stream: str, content: bytes, *, end: bool) -> None:
        """Collect standard input; its end starts the answer."""
        del stream
        output = self.output(command_id)
        key = (command_id or "").upper()
        with self.lock:
            collected = self._inputs.get(key)
            if collected is None:
                return
            collected += content
            if end:
                del self._inputs[key]
        if not end:
            return
        document = _read_document(bytes(collected))
        if document is None:
            output.write("stderr", _NO_DOCUMENT)
            output.finish(1)
            return
        script, parameters = document
        self._start(replace(self._call, script=script, parameters=parameters), output)

    @override
    def interrupt(self, command_id: str) -> None:
        """Finish the command; an answer that is under way is dropped."""
        self.forget(command_id)
        self.output(command_id).finish(1)

    @override
    def forget(self, command_id: str) -> None:
        """Drop collected input."""
        with self.lock:
            self._inputs.pop(command_id.upper(), None)

    def _start(self, call: CannedCall, output: CommandOutput) -> None:
        threading.Thread(
            target=self._run_answer, args=(call, output), name="winrs-canned", daemon=True
        ).start()

    def _run_answer(self, call: CannedCall, output: CommandOutput) -> None:
        try:
            result = self._answer(call)
        except Exception:  # noqa: BLE001 - reported, and the client is told
            # Whatever the caller's code raises, the client must not be left waiting.
            _LOG.exception("The answer of host %s failed", call.host)
            result = BROKEN_ANSWER
        _finish(output, result)


def _finish(output: CommandOutput, result: CannedResult) -> None:
    for line in result.output:
        output.write("stdout", f"{line}\r\n".encode())
    if result.error is not None:
        error = {
            "message": result.error.message,
            "fully_qualified_error_id": result.error.fully_qualified_error_id,
        }
        output.write("stderr", (json.dumps(error) + "\r\n").encode())
    output.finish(0 if result.error is None else 1)


def _read_document(text: bytes) -> tuple[str, Mapping[str, Json]] | None:
    try:
        document: Json = json.loads(text.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError):
        return None
    if not isinstance(document, dict):
        return None
    script, parameters = document.get("script"), document.get("parameters", {})
    if not isinstance(script, str) or not isinstance(parameters, Mapping):
        return None
    return script, parameters

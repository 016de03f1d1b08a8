"""PSRP shells with a real PowerShell behind: one ``pwsh -s`` for every runspace pool.

``-s`` speaks the out-of-process form of PSRP: packets of one XML element a line, whose text is
the base64 of fragments. The listener carries fragments between WS-Management and those packets.
"""

import base64
import binascii
import contextlib
import logging
import re
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ipsec_orchestrator.lab.winrm.child_process import end_child, start_child
from ipsec_orchestrator.lab.winrm.output import CommandOutput
from ipsec_orchestrator.lab.winrm.psrp_fragments import (
    PipelineStateWatcher,
    without_pipeline_states,
)
from ipsec_orchestrator.lab.winrm.settings import EngineBackend, Quotas
from ipsec_orchestrator.lab.winrm.wording import Wording
from ipsec_orchestrator.lab.winrm.wsman_fault import FaultKind, WsmanFaultError

_LOG: Final = logging.getLogger(__name__)
_POOL: Final = "00000000-0000-0000-0000-000000000000"
_PACKET: Final = re.compile(
    rb"<(?P<kind>\w+)(?: Stream='\w+')? PSGuid='(?P<guid>[0-9a-fA-F-]{36})'\s*(?:/>|>(?P<text>[^<]*)<)"
)
_ACKNOWLEDGE_SECONDS: Final = 30.0
_CLOSE_SECONDS: Final = 3.0
_STDERR_TAIL_BYTES: Final = 2000


class EnginePool:
    """A runspace pool in a child process."""

    streams = "stdout"

    def __init__(
        self,
        *,
        engine: EngineBackend,
        environment: Mapping[str, str],
        folder: Path,
        quotas: Quotas,
        creation: bytes,
    ) -> None:
        self._quotas = quotas
        self._wording = Wording(engine.drive)
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._outputs: dict[str, CommandOutput] = {_POOL: CommandOutput()}
        self._watchers: dict[str, PipelineStateWatcher] = {}
        self._awaited: dict[tuple[str, str], threading.Event] = {}
        self._turns: dict[tuple[str, str], threading.Lock] = {}
        self._closing = False
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._child = start_child(
            [str(engine.executable), "-s", "-NoProfile", "-NoLogo"],
            environment=environment,
            stderr=self._stderr,
            folder=folder,
        )
        self.process_id = self._child.pid
        self._reader = threading.Thread(
            target=self._read, name=f"psrp-{self.process_id}", daemon=True
        )
        self._reader.start()
        self.feed(None, "stdin", creation, end=False)

    def run(self, command_id: str, executable: str, arguments: Sequence[str]) -> None:
        """Start a pipeline; its id must be the one in its CreatePipeline message."""
        del executable
        guid = command_id.lower()
        with self._lock:
            if len(self._outputs) > self._quotas.max_commands_per_shell:
                raise WsmanFaultError(FaultKind.TOO_MANY_COMMANDS)
            self._outputs[guid] = CommandOutput()
            self._watchers[guid] = PipelineStateWatcher()
        self._order("Command", guid, acknowledged_by="CommandAck")
        for argument in arguments:
            try:
                content = base64.b64decode(argument, validate=True)
            except binascii.Error as error:
                raise WsmanFaultError(FaultKind.INVALID_XML) from error
            self.feed(command_id, "stdin", content, end=False)

    def feed(self, command_id: str | None, stream: str, content: bytes, *, end: bool) -> None:
        """Pass fragments on; stream ``pr`` carries answers to host calls."""
        del end  # PSRP ends its input with a message of its own
        guid = _POOL if command_id is None else command_id.lower()
        self.output(command_id)
        name = "PromptResponse" if stream == "pr" else "Default"
        text = base64.b64encode(content).decode()
        packet = f"<Data Stream='{name}' PSGuid='{guid}'>{text}</Data>\n"
        # One packet a time: input that overtakes the making of its pipeline would be lost.
        self._send(packet, ("DataAck", guid), _ACKNOWLEDGE_SECONDS)

    def output(self, command_id: str | None) -> CommandOutput:
        """Give the queue of the pool or of one pipeline."""
        guid = _POOL if command_id is None else command_id.lower()
        with self._lock:
            found = self._outputs.get(guid)
        if found is None:
            raise WsmanFaultError(FaultKind.UNKNOWN_COMMAND)
        return found

    def interrupt(self, command_id: str) -> None:
        """Stop a pipeline; it will report state Stopped."""
        self.output(command_id)
        self._order("Signal", command_id.lower(), acknowledged_by="SignalAck")

    def terminate(self, command_id: str) -> None:
        """Forget a pipeline; unknown ones are fine, as on Windows."""
        guid = command_id.lower()
        with self._lock:
            found = self._outputs.pop(guid, None)
            self._watchers.pop(guid, None)
        if found is not None:
            self._order("Close", guid, acknowledged_by="CloseAck")
            with self._lock:
                self._turns = {key: turn for key, turn in self._turns.items() if key[1] != guid}
            found.fail(WsmanFaultError(FaultKind.ABORTED))

    def connect(self, content: bytes) -> bytes:
        """Refuse: the out-of-process form has no packet for taking a pool over."""
        del content
        raise WsmanFaultError(FaultKind.UNKNOWN_ACTION, "Connect")

    def command_ids(self) -> Sequence[str]:
        """Name the pipelines that were not terminated."""
        with self._lock:
            return [guid.upper() for guid in self._outputs if guid != _POOL]

    def close(self) -> None:
        """Ask the child to close the pool, and kill it if it takes its time."""
        self._closing = True
        with contextlib.suppress(WsmanFaultError):
            for command_id in self.command_ids():
                # The engine waits for pipelines that nobody has closed before it closes the pool.
                self._write(f"<Close PSGuid='{command_id.lower()}' />\n")
            self._order("Close", _POOL, acknowledged_by="CloseAck", timeout_seconds=_CLOSE_SECONDS)
        end_child(self._child)
        self._reader.join()
        self._stderr.close()

    def _order(
        self,
        packet: str,
        guid: str,
        *,
        acknowledged_by: str,
        timeout_seconds: float = _ACKNOWLEDGE_SECONDS,
    ) -> None:
        """Send a packet without content and wait for its acknowledgement."""
        self._send(f"<{packet} PSGuid='{guid}' />\n", (acknowledged_by, guid), timeout_seconds)

    def _send(self, packet: str, acknowledgement: tuple[str, str], timeout_seconds: float) -> None:
        """Send a packet when no other waits for the same acknowledgement, and wait for it."""
        with self._lock:
            turn = self._turns.setdefault(acknowledgement, threading.Lock())
        event = threading.Event()
        with turn:
            with self._lock:
                self._awaited[acknowledgement] = event
            if not self._reader.is_alive():
                raise WsmanFaultError(FaultKind.HOST_PROCESS_DIED)
            self._write(packet)
            if not event.wait(timeout_seconds) or self._child.poll() is not None:
                raise WsmanFaultError(FaultKind.HOST_PROCESS_DIED)

    def _write(self, packet: str) -> None:
        pipe = self._child.stdin
        try:
            with self._writing:
                if pipe is None or pipe.closed:
                    raise WsmanFaultError(FaultKind.HOST_PROCESS_DIED)
                pipe.write(packet.encode())
                pipe.flush()
        except OSError as error:
            raise WsmanFaultError(FaultKind.HOST_PROCESS_DIED) from error

    def _read(self) -> None:
        """Sort the child's packets until it closes its output."""
        pipe = self._child.stdout
        if pipe is None:
            return
        with pipe:
            for line in pipe:
                match = _PACKET.match(line)
                if match is None:
                    _LOG.warning("PowerShell wrote a line that is no packet: %r", line[:80])
                    continue
                guid = match["guid"].decode().lower()
                if match["kind"] == b"Data":
                    self._deliver(guid, base64.b64decode(match["text"] or b""))
                    continue
                with self._lock:
                    event = self._awaited.pop((match["kind"].decode(), guid), None)
                if event is not None:
                    event.set()
        self._report_death()

    def _deliver(self, guid: str, fragments: bytes) -> None:
        with self._lock:
            output = self._outputs.get(guid)
            watcher = self._watchers.get(guid)
        if output is None:
            return
        if guid == _POOL:
            fragments = without_pipeline_states(fragments)
        output.write("stdout", self._wording.of_fragments(fragments))
        if watcher is not None and watcher.ends_with(fragments):
            output.finish()

    def _report_death(self) -> None:
        if not self._closing:
            self._stderr.seek(0)
            said = self._stderr.read()[-_STDERR_TAIL_BYTES:].decode(errors="replace").strip()
            _LOG.warning("PowerShell %d ended by itself: %s", self.process_id, said)
        with self._lock:
            outputs = list(self._outputs.values())
            events = list(self._awaited.values())
        kind = FaultKind.ABORTED if self._closing else FaultKind.HOST_PROCESS_DIED
        for output in outputs:
            output.fail(WsmanFaultError(kind))
        for event in events:
            event.set()

"""PSRP shells without PowerShell: psrpcore plays the server, a callable gives the answers."""

import base64
import binascii
import logging
import threading
import uuid
from collections.abc import Sequence
from typing import Final, cast

import psrpcore
from psrpcore import types

from ipsec_orchestrator.lab.winrm.answers import (
    BROKEN_ANSWER,
    UNKNOWN_SCRIPT,
    Answer,
    CannedCall,
    CannedError,
    CannedResult,
)
from ipsec_orchestrator.lab.winrm.output import CommandOutput
from ipsec_orchestrator.lab.winrm.psrp_fragments import split_after
from ipsec_orchestrator.lab.winrm.psrp_server import (
    PoolCall,
    RunspaceLimit,
    ServerEvent,
    ServerPipeline,
    make_pipeline,
    make_pool,
)
from ipsec_orchestrator.lab.winrm.psrp_values import to_json
from ipsec_orchestrator.lab.winrm.settings import Quotas
from ipsec_orchestrator.lab.winrm.wsman_fault import FaultKind, WsmanFaultError

_LOG: Final = logging.getLogger(__name__)
# psrpcore answers malformed messages with whatever its parsing happens to raise.
_MALFORMED: Final = (psrpcore.PSRPCoreError, ValueError, LookupError, AttributeError, TypeError)
_CONNECT_ANSWER_FRAGMENTS: Final = 2
_FRAGMENT_BYTES: Final = 32768  # what a Windows host sends as one blob


class CannedPool:
    """A runspace pool that runs nothing."""

    streams = "stdout"
    process_id = 0

    def __init__(
        self, *, answer: Answer, host: str, user: str, quotas: Quotas, creation: bytes
    ) -> None:
        self._answer = answer
        self._host = host
        self._user = user
        self._quotas = quotas
        self._lock = threading.RLock()
        self._pool = make_pool()
        self._outputs: dict[uuid.UUID | None, CommandOutput] = {None: CommandOutput()}
        self.feed(None, "stdin", creation, end=False)

    def run(self, command_id: str, executable: str, arguments: Sequence[str]) -> None:
        """Take a pipeline; it starts when its last fragment is here."""
        del executable
        pipeline_id = _guid(command_id)
        with self._lock:
            if len(self._outputs) > self._quotas.max_commands_per_shell:
                raise WsmanFaultError(FaultKind.TOO_MANY_COMMANDS)
            self._outputs[pipeline_id] = CommandOutput()
            make_pipeline(self._pool, pipeline_id)
        for argument in arguments:
            try:
                content = base64.b64decode(argument, validate=True)
            except binascii.Error as error:
                raise WsmanFaultError(FaultKind.INVALID_XML) from error
            self.feed(command_id, "stdin", content, end=False)

    def feed(self, command_id: str | None, stream: str, content: bytes, *, end: bool) -> None:
        """Take fragments and act on the messages that they complete."""
        del end
        self.output(command_id)
        kind = (
            psrpcore.StreamType.prompt_response if stream == "pr" else psrpcore.StreamType.default
        )
        pipeline_id = None if command_id is None else _guid(command_id)
        with self._lock:
            try:
                self._pool.receive_data(psrpcore.PSRPPayload(content, kind, pipeline_id))
                while (event := self._pool.next_event()) is not None:
                    self._act(event)
            except _MALFORMED as error:
                raise WsmanFaultError(FaultKind.INVALID_PARAMETER) from error
            self._send()

    def output(self, command_id: str | None) -> CommandOutput:
        """Give the queue of the pool or of one pipeline."""
        with self._lock:
            found = self._outputs.get(None if command_id is None else _guid(command_id))
        if found is None:
            raise WsmanFaultError(FaultKind.UNKNOWN_COMMAND)
        return found

    def interrupt(self, command_id: str) -> None:
        """Stop a pipeline; an answer that is under way is dropped."""
        output = self.output(command_id)
        with self._lock:
            pipeline = self._pool.pipeline_table.get(_guid(command_id))
            if pipeline is not None and pipeline.state == types.PSInvocationState.Running:
                pipeline.stop()
                self._send()
                output.finish()

    def terminate(self, command_id: str) -> None:
        """Forget a pipeline; unknown ones are fine, as on Windows."""
        guid = _guid(command_id)
        with self._lock:
            output = self._outputs.pop(guid, None)
            self._pool.pipeline_table.pop(guid, None)
        if output is not None:
            output.fail(WsmanFaultError(FaultKind.ABORTED))

    def connect(self, content: bytes) -> bytes:
        """Answer a client that takes the pool over."""
        with self._lock:
            self._pool.disconnect()
            self._pool.connect()
            self._pool.prepare_message(self._pool.our_capability)
            try:
                self._pool.receive_data(
                    psrpcore.PSRPPayload(content, psrpcore.StreamType.default, None)
                )
                while self._pool.next_event() is not None:
                    pass
            except _MALFORMED as error:
                raise WsmanFaultError(FaultKind.INVALID_PARAMETER) from error
            payload = self._pool.data_to_send()
            fragments = b"" if payload is None else payload.data
            # Capability and limits are the answer itself; Receive fetches what follows them.
            first, rest = split_after(fragments, _CONNECT_ANSWER_FRAGMENTS)
            self._outputs[None].write("stdout", rest)
        return first

    def command_ids(self) -> Sequence[str]:
        """Name the pipelines that were not terminated."""
        with self._lock:
            return [str(guid).upper() for guid in self._outputs if guid is not None]

    def close(self) -> None:
        """Answer what still waits."""
        with self._lock:
            outputs = list(self._outputs.values())
            self._outputs.clear()
        for output in outputs:
            output.fail(WsmanFaultError(FaultKind.ABORTED))

    def _act(self, event: ServerEvent) -> None:
        kind = types.PSRPMessageType
        if event.message_type == kind.CreatePipeline and event.pipeline_id is not None:
            pipeline = self._pool.pipeline_table[event.pipeline_id]
            # Set, not started: start() would send state Running, which Windows keeps to itself.
            pipeline.state = types.PSInvocationState.Running
            threading.Thread(
                target=self._run_answer, args=(pipeline,), name="psrp-canned", daemon=True
            ).start()
        elif event.message_type == kind.GetAvailableRunspaces:
            call = cast("PoolCall", event)
            self._pool.runspace_availability_response(call.ci, self._pool.max_runspaces)
        elif event.message_type in {kind.SetMinRunspaces, kind.SetMaxRunspaces}:
            limit = cast("RunspaceLimit", event)
            self._pool.runspace_availability_response(limit.ci, limit.count > 0)
        elif event.message_type == kind.ResetRunspaceState:
            call = cast("PoolCall", event)
            self._pool.runspace_availability_response(call.ci, response=True)

    def _run_answer(self, pipeline: ServerPipeline) -> None:
        try:
            call = self._call_of(pipeline.metadata)
            result = UNKNOWN_SCRIPT if call is None else self._answer(call)
        except Exception:  # noqa: BLE001 - reported, and the client is told
            # Whatever the caller's code raises, the client must not be left waiting.
            _LOG.exception("The answer of host %s failed", self._host)
            result = BROKEN_ANSWER
        self._finish(pipeline, result)

    def _call_of(self, pipeline: object) -> CannedCall | None:
        """Give the call of a pipeline that is one script and nothing else."""
        if not isinstance(pipeline, psrpcore.PowerShell) or len(pipeline.commands) != 1:
            return None
        command = pipeline.commands[0]
        if not command.is_script:
            return None
        return CannedCall(
            script=str(command.command_text),
            parameters={
                str(name).lstrip("-").rstrip(":"): to_json(value)
                for name, value in command.parameters
                if name is not None
            },
            host=self._host,
            user=self._user,
        )

    def _finish(self, pipeline: ServerPipeline, result: CannedResult) -> None:
        with self._lock:
            output = self._outputs.get(pipeline.pipeline_id)
            if output is None or pipeline.state != types.PSInvocationState.Running:
                return
            for text in result.output:
                pipeline.write_output(text)
            if result.error is None:
                pipeline.complete()
            else:
                # Terminating errors travel inside the state message, not in the error stream.
                pipeline.state = types.PSInvocationState.Failed
                pipeline.prepare_message(
                    types.PipelineState(
                        PipelineState=types.PSInvocationState.Failed.value,
                        ExceptionAsErrorRecord=_error_record(result.error),
                    )
                )
            self._send()
            output.finish()

    def _send(self) -> None:
        """Move what psrpcore wants to send into the queues."""
        while (payload := self._pool.data_to_send(_FRAGMENT_BYTES)) is not None:
            output = self._outputs.get(payload.pipeline_id)
            if output is not None:
                output.write("stdout", payload.data)


def _guid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise WsmanFaultError(FaultKind.INVALID_PARAMETER) from error


def _error_record(error: CannedError) -> types.ErrorRecord:
    return types.ErrorRecord(
        Exception=types.NETException(Message=error.message),
        CategoryInfo=types.ErrorCategoryInfo(
            Category=types.ErrorCategory.OperationStopped, Reason="RuntimeException"
        ),
        FullyQualifiedErrorId=error.fully_qualified_error_id,
    )

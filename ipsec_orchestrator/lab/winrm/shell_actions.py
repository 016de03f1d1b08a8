"""The actions of WS-Management on shells and their commands."""

import base64
import binascii
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from ipsec_orchestrator.lab.winrm.documents import PSRP_PREFIX, shell_document
from ipsec_orchestrator.lab.winrm.settings import Quotas
from ipsec_orchestrator.lab.winrm.shells import Shell, ShellBackend, ShellRegistry
from ipsec_orchestrator.lab.winrm.soap import NAMESPACES, SoapRequest, parse_duration
from ipsec_orchestrator.lab.winrm.wsman_fault import FaultKind, WsmanFaultError

CMD_URI: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
PSRP_URI: Final = PSRP_PREFIX + "Microsoft.PowerShell"

_SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_POWERSHELL_NAMESPACE: Final = "http://schemas.microsoft.com/powershell"
_TERMINATE: Final = f"{_SHELL}/signal/terminate"
_INTERRUPTS: Final = frozenset(
    {f"{_SHELL}/signal/ctrl_c", f"{_SHELL}/signal/ctrl_break", "powershell/signal/ctrl_c"}
)
_ENVELOPE_OVERHEAD_BYTES: Final = 4096
_BASE64_RATIO: Final = 3 / 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a backend needs to know to start.

    Attributes:
        resource_uri: Kind of shell.
        user: Who wants it.
        creation: First PSRP fragments, empty for WinRS.
        environment: Variables that the client sets.
        working_directory: A Windows path, ``""`` for the user's own.
        profile: Whether the user's profile is to be loaded.
    """

    resource_uri: str
    user: str
    creation: bytes
    environment: Mapping[str, str]
    working_directory: str
    profile: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who asks, and whether the answer can still reach it.

    Attributes:
        user: The authenticated principal.
        address: Where it comes from.
        gone: Whether it has closed its connection.
    """

    user: str
    address: str
    gone: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Answered:
    """Finished XML for the answer's body, and what to do if it can't be delivered."""

    body: str
    undelivered: Callable[[], None] | None = None


class ShellActions:
    """Create, Command, Send, Receive, Signal, Delete and what goes with them."""

    def __init__(
        self,
        registry: ShellRegistry,
        start_backend: Callable[[Opening], ShellBackend],
        quotas: Quotas,
    ) -> None:
        self._registry = registry
        self._start_backend = start_backend
        self._quotas = quotas

    def create(self, request: SoapRequest, client: Client) -> Answered:
        """Open a shell."""
        if request.resource_uri not in {CMD_URI, PSRP_URI}:
            raise WsmanFaultError(FaultKind.UNKNOWN_RESOURCE)
        wanted = request.body.find("rsp:Shell", NAMESPACES)
        if wanted is None:
            raise WsmanFaultError(FaultKind.INVALID_XML)
        idle = wanted.findtext("rsp:IdleTimeOut", None, NAMESPACES) or wanted.findtext(
            "rsp:IdleTimeout", None, NAMESPACES
        )
        opening = Opening(
            resource_uri=request.resource_uri,
            user=client.user,
            creation=_base64_of(wanted.find(f"{{{_POWERSHELL_NAMESPACE}}}creationXml")),
            environment={
                variable.get("Name", ""): variable.text or ""
                for variable in wanted.findall("rsp:Environment/rsp:Variable", NAMESPACES)
            },
            working_directory=wanted.findtext("rsp:WorkingDirectory", "", NAMESPACES),
            profile=request.options.get("WINRS_NOPROFILE", "").upper() not in {"TRUE", "1"},
        )

        def make() -> Shell:
            return Shell(
                shell_id=wanted.get("ShellId") or str(uuid.uuid4()).upper(),
                resource_uri=request.resource_uri,
                owner=client.user,
                client_address=client.address,
                input_streams=wanted.findtext("rsp:InputStreams", "stdin", NAMESPACES),
                output_streams=wanted.findtext("rsp:OutputStreams", "stdout stderr", NAMESPACES),
                idle_timeout_seconds=(
                    parse_duration(idle) if idle else self._quotas.idle_timeout_seconds
                ),
                backend=self._start_backend(opening),
            )

        shell = self._registry.open(client.user, make)
        return Answered(
            f"<x:ResourceCreated><a:Address>{escape(request.to)}</a:Address>"
            f"<a:ReferenceParameters><w:ResourceURI>{request.resource_uri}</w:ResourceURI>"
            f'<w:SelectorSet><w:Selector Name="ShellId">{escape(shell.shell_id)}</w:Selector>'
            "</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>" + shell_document(shell)
        )

    def command(self, request: SoapRequest, client: Client) -> Answered:
        """Start a command or pipeline."""
        line = request.body.find("rsp:CommandLine", NAMESPACES)
        if line is None:
            raise WsmanFaultError(FaultKind.INVALID_XML)
        command_id = line.get("CommandId") or str(uuid.uuid4()).upper()
        arguments = [part.text or "" for part in line.findall("rsp:Arguments", NAMESPACES)]
        with self._registry.use(_shell_id(request), client.user) as shell:
            executable = line.findtext("rsp:Command", "", NAMESPACES)
            shell.backend.run(command_id, executable, arguments)
        return Answered(
            "<rsp:CommandResponse>"
            f"<rsp:CommandId>{escape(command_id)}</rsp:CommandId></rsp:CommandResponse>"
        )

    def send(self, request: SoapRequest, client: Client) -> Answered:
        """Pass input on."""
        with self._registry.use(_shell_id(request), client.user) as shell:
            for stream in request.body.findall("rsp:Send/rsp:Stream", NAMESPACES):
                shell.backend.feed(
                    stream.get("CommandId"),
                    stream.get("Name", "stdin"),
                    _base64_of(stream),
                    end=stream.get("End", "").lower() in {"true", "1"},
                )
        return Answered("<rsp:SendResponse/>")

    def receive(self, request: SoapRequest, client: Client) -> Answered:
        """Wait for output."""
        wanted = request.body.find("rsp:Receive/rsp:DesiredStream", NAMESPACES)
        if wanted is None:
            raise WsmanFaultError(FaultKind.INVALID_XML)
        command_id = wanted.get("CommandId")
        most_bytes = min(request.max_envelope_bytes, self._quotas.max_envelope_kilobytes * 1024)
        room_bytes = most_bytes - _ENVELOPE_OVERHEAD_BYTES
        with self._registry.use(_shell_id(request), client.user) as shell:
            output = shell.backend.output(command_id)
            batch = output.take(
                limit_bytes=int(room_bytes * _BASE64_RATIO),
                timeout_seconds=request.operation_timeout_seconds,
                abandoned=client.gone,
            )
            streams = shell.backend.streams
        of = "" if command_id is None else f" CommandId={quoteattr(command_id)}"
        body = "".join(
            f'<rsp:Stream Name="{chunk.stream}"{of}>{base64.b64encode(chunk.content).decode()}'
            "</rsp:Stream>"
            for chunk in batch.chunks
        )
        if command_id is not None and batch.finished:
            if request.resource_uri == CMD_URI:
                body += "".join(
                    f'<rsp:Stream Name="{name}"{of} End="true"></rsp:Stream>'
                    for name in streams.split()
                )
            body += (
                f'<rsp:CommandState{of} State="{_SHELL}/CommandState/Done">'
                f"<rsp:ExitCode>{batch.exit_code}</rsp:ExitCode></rsp:CommandState>"
            )
        elif command_id is not None and request.resource_uri == CMD_URI:
            body += f'<rsp:CommandState{of} State="{_SHELL}/CommandState/Running"/>'
        return Answered(
            f"<rsp:ReceiveResponse>{body}</rsp:ReceiveResponse>", lambda: output.restore(batch)
        )

    def signal(self, request: SoapRequest, client: Client) -> Answered:
        """Interrupt or forget a command."""
        wanted = request.body.find("rsp:Signal", NAMESPACES)
        if wanted is None:
            raise WsmanFaultError(FaultKind.INVALID_XML)
        code = wanted.findtext("rsp:Code", "", NAMESPACES)
        with self._registry.use(_shell_id(request), client.user) as shell:
            command_id = wanted.get("CommandId")
            if command_id is None:
                raise WsmanFaultError(FaultKind.INVALID_PARAMETER)
            if code.lower() == _TERMINATE:  # clients differ in the case of its last word
                shell.backend.terminate(command_id)
            elif code in _INTERRUPTS:
                shell.backend.interrupt(command_id)
            else:
                raise WsmanFaultError(FaultKind.INVALID_PARAMETER)
        return Answered("<rsp:SignalResponse/>")

    def delete(self, request: SoapRequest, client: Client) -> Answered:
        """Close a shell."""
        with self._registry.use(_shell_id(request), client.user) as shell:
            self._registry.delete(shell)
        return Answered("")

    def get(self, request: SoapRequest, client: Client) -> Answered:
        """Describe a shell."""
        with self._registry.use(_shell_id(request), client.user) as shell:
            return Answered(shell_document(shell))

    def enumerate(self, request: SoapRequest, client: Client) -> Answered:
        """List the user's shells, or the commands of one of them."""
        if request.resource_uri == _SHELL:
            items = "".join(map(shell_document, self._registry.owned_by(client.user)))
        else:
            path = "n:Enumerate/w:Filter/w:SelectorSet/w:Selector"
            wanted = request.body.findtext(path, "", NAMESPACES)
            with self._registry.use(wanted, client.user) as shell:
                items = "".join(
                    f"<rsp:Command><rsp:CommandId>{escape(command_id)}</rsp:CommandId>"
                    "<rsp:CommandLine></rsp:CommandLine>"
                    "<rsp:CommandState>Running</rsp:CommandState></rsp:Command>"
                    for command_id in shell.backend.command_ids()
                )
        return Answered(
            "<n:EnumerateResponse><n:EnumerationContext></n:EnumerationContext>"
            f"<w:Items>{items}</w:Items><w:EndOfSequence/></n:EnumerateResponse>"
        )

    def disconnect(self, request: SoapRequest, client: Client) -> Answered:
        """Leave a shell running for a later Reconnect or Connect."""
        with self._registry.use(_shell_id(request), client.user) as shell:
            shell.connected = False
        return Answered("")

    def reconnect(self, request: SoapRequest, client: Client) -> Answered:
        """Come back with the same session."""
        with self._registry.use(_shell_id(request), client.user) as shell:
            shell.connected = True
        return Answered("")

    def connect(self, request: SoapRequest, client: Client) -> Answered:
        """Take over a shell or one of its commands with another session."""
        wanted = request.body.find("rsp:Connect", NAMESPACES)
        if wanted is None:
            raise WsmanFaultError(FaultKind.INVALID_XML)
        with self._registry.use(_shell_id(request), client.user) as shell:
            command_id = wanted.get("CommandId")
            if command_id is not None:
                shell.backend.output(command_id)
                return Answered("<rsp:ConnectResponse/>")
            content = _base64_of(wanted.find(f"{{{_POWERSHELL_NAMESPACE}}}connectXml"))
            answer = base64.b64encode(shell.backend.connect(content)).decode()
            shell.connected = True
            return Answered(
                f"<rsp:ConnectResponse><rsp:InputStreams>{escape(shell.input_streams)}"
                f"</rsp:InputStreams><rsp:OutputStreams>{escape(shell.output_streams)}"
                f'</rsp:OutputStreams><connectResponseXml xmlns="{_POWERSHELL_NAMESPACE}">'
                f"{answer}</connectResponseXml></rsp:ConnectResponse>"
            )


def _shell_id(request: SoapRequest) -> str:
    return request.selectors.get("ShellId", "")


def _base64_of(element: ET.Element | None) -> bytes:
    """Decode an element's text; PSRP clients may break it over lines."""
    if element is None or not element.text:
        return b""
    try:
        return base64.b64decode("".join(element.text.split()), validate=True)
    except binascii.Error as error:
        raise WsmanFaultError(FaultKind.INVALID_XML) from error

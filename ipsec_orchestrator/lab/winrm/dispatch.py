"""From a SOAP message to its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from ipsec_orchestrator.lab.winrm.documents import identity_document, service_document
from ipsec_orchestrator.lab.winrm.faults import Faults, Locale
from ipsec_orchestrator.lab.winrm.settings import HostSettings
from ipsec_orchestrator.lab.winrm.shell_actions import Answered, Client, ShellActions
from ipsec_orchestrator.lab.winrm.soap import (
    FAULT_ACTION,
    SoapRequest,
    message_id_of,
    parse_xml,
    read_request,
    render_envelope,
)
from ipsec_orchestrator.lab.winrm.wsman_fault import FaultKind, WsmanFaultError, fault_body

HTTP_OK: Final = 200
HTTP_SERVER_ERROR: Final = 500

_TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
_ENUMERATE: Final = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate"
_SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_CONFIG_URI: Final = "http://schemas.microsoft.com/wbem/wsman/1/config"
_IDENTIFY: Final = (
    "{http://www.w3.org/2003/05/soap-envelope}Body/"
    "{http://schemas.dmtf.org/wbem/wsman/identify/1/wsmanidentity.xsd}Identify"
)
_Action: TypeAlias = Callable[[SoapRequest, Client], Answered]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer before encryption and HTTP.

    Attributes:
        status: HTTP status.
        content: The SOAP envelope.
        undelivered: To be called when the client did not get it.
    """

    status: int
    content: bytes
    undelivered: Callable[[], None] | None = None


class Dispatcher:
    """Answers the SOAP messages of one host; safe for threads."""

    def __init__(self, settings: HostSettings, actions: ShellActions) -> None:
        self._settings = settings
        self._actions: Mapping[str, _Action] = {
            f"{_TRANSFER}/Create": actions.create,
            f"{_TRANSFER}/Delete": actions.delete,
            f"{_TRANSFER}/Get": self._get,
            _ENUMERATE: actions.enumerate,
            f"{_SHELL}/Command": actions.command,
            f"{_SHELL}/Send": actions.send,
            f"{_SHELL}/Receive": actions.receive,
            f"{_SHELL}/Signal": actions.signal,
            f"{_SHELL}/Disconnect": actions.disconnect,
            f"{_SHELL}/Reconnect": actions.reconnect,
            f"{_SHELL}/Connect": actions.connect,
        }
        self._get_shell = actions.get

    def answer(self, message: bytes, client: Client, faults: Faults) -> Reply:
        """Carry a request out.

        Raises:
            ReceiverGoneError: The client closed its connection while waiting for output.
        """
        message_id = ""
        try:
            envelope = parse_xml(message)
            message_id = message_id_of(envelope)
            if envelope.find(_IDENTIFY) is not None:
                return identify_reply(faults.locale, message_id)
            request = read_request(envelope)
            answered = self._act(request, client, faults)
        except WsmanFaultError as error:
            content = render_envelope(
                action=FAULT_ACTION,
                relates_to=message_id,
                body=fault_body(error, machine=self._settings.fqdn, locale=faults.locale),
                locale=faults.locale,
            )
            return Reply(status=HTTP_SERVER_ERROR, content=content)
        content = render_envelope(
            action=f"{request.action}Response",
            relates_to=message_id,
            body=answered.body,
            locale=faults.locale,
        )
        return Reply(status=HTTP_OK, content=content, undelivered=answered.undelivered)

    def _act(self, request: SoapRequest, client: Client, faults: Faults) -> Answered:
        if faults.access_denied:
            raise WsmanFaultError(FaultKind.ACCESS_DENIED)
        action = self._actions.get(request.action)
        if action is None:
            raise WsmanFaultError(FaultKind.UNKNOWN_ACTION, request.action)
        return action(request, client)

    def _get(self, request: SoapRequest, client: Client) -> Answered:
        if request.resource_uri == _CONFIG_URI:
            return Answered(service_document(self._settings))
        if request.resource_uri == _SHELL:
            return self._get_shell(request, client)
        raise WsmanFaultError(FaultKind.UNKNOWN_RESOURCE)


def identify_reply(locale: Locale, message_id: str = "") -> Reply:
    """Answer to Identify, which Windows gives to anonymous clients too."""
    content = render_envelope(
        action="http://schemas.dmtf.org/wbem/wsman/identify/1/IdentifyResponse",
        relates_to=message_id,
        body=identity_document(),
        locale=locale,
    )
    return Reply(status=HTTP_OK, content=content)

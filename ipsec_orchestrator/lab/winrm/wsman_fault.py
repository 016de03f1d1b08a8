"""The SOAP faults of WS-Management, with the codes and texts of Windows.

Codes are those of ``wsmerror.h`` and ``winerror.h``; the shapes follow answers of real hosts.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.lab.winrm.fault_texts import FAULT_TEXTS
from ipsec_orchestrator.lab.winrm.faults import Locale

_DETAIL: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"
_FAULT_NAMESPACE: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """Compared by identity, or kinds that look alike on the wire would be one enum member."""

    code: int | None
    side: str
    subcode: str
    detail: str = ""
    provider: bool = False


class FaultKind(Enum):
    """The situations that the listener reports; the value is how the fault looks on the wire."""

    ACCESS_DENIED = _Shape(5, "Sender", "w:AccessDenied")
    INVALID_PARAMETER = _Shape(
        87, "Sender", "w:InvalidParameter", detail="InvalidValue", provider=True
    )
    ABORTED = _Shape(995, "Receiver", "w:InternalError")
    HOST_PROCESS_DIED = _Shape(1726, "Receiver", "w:InternalError")
    UNKNOWN_RESOURCE = _Shape(
        2150858752, "Sender", "a:DestinationUnreachable", detail="InvalidResourceURI"
    )
    UNKNOWN_ACTION = _Shape(2150858753, "Sender", "a:ActionNotSupported")
    INVALID_TIMEOUT = _Shape(2150858767, "Sender", "a:InvalidMessageInformationHeader")
    TIMED_OUT = _Shape(2150858793, "Receiver", "w:TimedOut")
    INVALID_XML = _Shape(2150858817, "Sender", "w:SchemaValidationError")
    UNKNOWN_SHELL = _Shape(2150858843, "Sender", "w:InvalidSelectors", detail="UnexpectedSelectors")
    UNKNOWN_COMMAND = _Shape(  # noqa: PIE796 - told apart by identity; Windows has one code for both
        2150858843, "Sender", "w:InvalidSelectors", detail="UnexpectedSelectors"
    )
    TOO_MANY_SHELLS = _Shape(2150859173, "Sender", "w:QuotaLimit")
    TOO_MANY_COMMANDS = _Shape(None, "Receiver", "w:InternalError")


class WsmanFaultError(BackendError):
    """A request that is answered with a fault.

    Attributes:
        kind: The situation.
        subject: What the text mentions: a shell id, a header's value, a limit.
    """

    def __init__(self, kind: FaultKind, subject: str = "") -> None:
        super().__init__(fault_text(kind, Locale.ENGLISH, subject))
        self.kind = kind
        self.subject = subject


def fault_text(kind: FaultKind, locale: Locale, subject: str) -> str:
    """Give the sentence that a Windows of that language puts into the fault."""
    return FAULT_TEXTS[kind.name][locale].format(subject=subject)


def fault_body(error: WsmanFaultError, *, machine: str, locale: Locale) -> str:
    """Render the ``s:Fault`` element; it relies on the envelope's prefixes s, a and w."""
    shape = error.kind.value
    text = escape(fault_text(error.kind, locale, error.subject)) + " "
    message = text
    if shape.provider:
        message = (
            '<f:ProviderFault provider="Shell cmd plugin" '
            f'path="%systemroot%\\system32\\winrscmd.dll">{text}</f:ProviderFault>'
        )
    detail = f"<w:FaultDetail>{_DETAIL}{shape.detail}</w:FaultDetail>" if shape.detail else ""
    if shape.code is not None:
        detail += (
            f'<f:WSManFault xmlns:f="{_FAULT_NAMESPACE}" Code="{shape.code}" '
            f"Machine={quoteattr(machine)}><f:Message>{message}</f:Message></f:WSManFault>"
        )
    return (
        f"<s:Fault><s:Code><s:Value>s:{shape.side}</s:Value><s:Subcode><s:Value>{shape.subcode}"
        f'</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="{locale}">{text}</s:Text>'
        f"</s:Reason><s:Detail>{detail}</s:Detail></s:Fault>"
    )

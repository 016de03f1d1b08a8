"""SOAP envelopes of WS-Management: requests taken apart, answers put together."""

import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape

from ipsec_orchestrator.lab.winrm.faults import Locale
from ipsec_orchestrator.lab.winrm.wsman_fault import FaultKind, WsmanFaultError

NAMESPACES: Final[dict[str, str]] = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
}
FAULT_ACTION: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
DEFAULT_OPERATION_TIMEOUT_SECONDS: Final = 60.0
DEFAULT_MAX_ENVELOPE_BYTES: Final = 153600

_ANONYMOUS: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
_PREFIXES: Final = " ".join(f'xmlns:{name}="{uri}"' for name, uri in NAMESPACES.items())
_DURATION: Final = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapRequest:
    """One WS-Management request.

    Attributes:
        action: The WS-Addressing action URI.
        resource_uri: What it is about.
        message_id: Echoed in the answer's ``RelatesTo``.
        to: The endpoint as the client calls it.
        operation_timeout_seconds: How long the client waits for the answer.
        max_envelope_bytes: The largest answer that the client takes.
        options: ``OptionSet`` by name.
        selectors: ``SelectorSet`` by name.
        body: The ``s:Body`` element.
    """

    action: str
    resource_uri: str
    message_id: str
    to: str
    operation_timeout_seconds: float
    max_envelope_bytes: int
    options: Mapping[str, str] = field(hash=False)
    selectors: Mapping[str, str] = field(hash=False)
    body: ET.Element = field(hash=False, repr=False)


class _DocumentTypeRefused(ET.TreeBuilder):
    """Entities need a document type, and SOAP forbids one: this keeps entity bombs out."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        del pubid, system
        raise ET.ParseError(f"document type {name} in a SOAP message")


def parse_xml(document: bytes) -> ET.Element:
    """Parse XML that must not have a document type.

    Raises:
        WsmanFaultError: INVALID_XML.
    """
    parser = ET.XMLParser(target=_DocumentTypeRefused())  # noqa: S314 - no document type passes
    try:
        parser.feed(document)
        return parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        raise WsmanFaultError(FaultKind.INVALID_XML) from error


def parse_duration(text: str) -> float:
    """Turn an ``xs:duration`` of days and less into seconds.

    Raises:
        WsmanFaultError: INVALID_TIMEOUT, also for negative ones.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise WsmanFaultError(FaultKind.INVALID_TIMEOUT, text)
    units = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
    return sum(float(match[unit] or 0) * seconds for unit, seconds in units.items())


def message_id_of(envelope: ET.Element) -> str:
    """Give the request's id, ``""`` where it has none; faults need it before all else."""
    return envelope.findtext("s:Header/a:MessageID", "", NAMESPACES)


def read_request(envelope: ET.Element) -> SoapRequest:
    """Take the header apart.

    Raises:
        WsmanFaultError: INVALID_XML or INVALID_TIMEOUT.
    """
    header = envelope.find("s:Header", NAMESPACES)
    body = envelope.find("s:Body", NAMESPACES)
    if header is None or body is None:
        raise WsmanFaultError(FaultKind.INVALID_XML)
    timeout = header.findtext("w:OperationTimeout", None, NAMESPACES)
    size = header.findtext("w:MaxEnvelopeSize", "", NAMESPACES)
    return SoapRequest(
        action=header.findtext("a:Action", "", NAMESPACES).strip(),
        resource_uri=header.findtext("w:ResourceURI", "", NAMESPACES).strip(),
        message_id=message_id_of(envelope),
        to=header.findtext("a:To", "", NAMESPACES),
        operation_timeout_seconds=(
            DEFAULT_OPERATION_TIMEOUT_SECONDS if timeout is None else parse_duration(timeout)
        ),
        max_envelope_bytes=int(size) if size.isdecimal() else DEFAULT_MAX_ENVELOPE_BYTES,
        options=_named(header, "w:OptionSet/w:Option"),
        selectors=_named(header, "w:SelectorSet/w:Selector"),
        body=body,
    )


def _named(header: ET.Element, path: str) -> Mapping[str, str]:
    return {
        element.get("Name", ""): element.text or "" for element in header.findall(path, NAMESPACES)
    }


def render_envelope(*, action: str, relates_to: str, body: str, locale: Locale) -> bytes:
    """Put an answer together.

    Args:
        action: The answer's action URI.
        relates_to: The request's message id.
        body: Finished XML; may use the prefixes in ``NAMESPACES``.
        locale: Language of the texts in it.
    """
    return (
        f'<s:Envelope xml:lang="{locale}" {_PREFIXES}><s:Header>'
        f"<a:Action>{escape(action)}</a:Action>"
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f"<a:To>{_ANONYMOUS}</a:To><a:RelatesTo>{escape(relates_to)}</a:RelatesTo>"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()

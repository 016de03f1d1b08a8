"""Security associations and audit events of a pair of hosts, joined.

WMI tells algorithms and, as its documentation says, no SPIs; event 5451 tells SPIs, and its
algorithms as message ids. The quick-mode id is in both, so that only the two together say which
SPI stands for which algorithms.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final

from ipsec_orchestrator.errors import UnexpectedAnswerError
from ipsec_orchestrator.facts.answer_fields import AnswerFields
from ipsec_orchestrator.model.evidence import Association, IpsecEvent
from ipsec_orchestrator.model.inventory import Address
from ipsec_orchestrator.model.json import Json

ASSOCIATIONS: Final = "associations"
EVENTS: Final = "ipsec_events"
ASSOCIATION_UP: Final = 5451
ASSOCIATION_DOWN: Final = 5452

# Codes of MSFT_NetQuickModeSA; the words are the glossary's.
_CIPHERS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "None",
        2: "DES",
        6: "3DES",
        65001: "AES128",
        65002: "AES192",
        65003: "AES256",
        65004: "AESGCM128",
        65005: "AESGCM192",
        65006: "AESGCM256",
    },
)
_INTEGRITIES: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "None",
        2: "MD5",
        3: "SHA1",
        65001: "SHA256",
        65002: "SHA384",
        65003: "AESGMAC128",
        65004: "AESGMAC192",
        65005: "AESGMAC256",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickModeRow:
    """One row of MSFT_NetQuickModeSA: its id, and the association without SPIs."""

    quick_mode_id: int | None
    association: Association


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationsAnswer:
    """What a host says of its associations with one other.

    Attributes:
        rows: Quick-mode associations; ``None`` if they could not be read.
        problem: Error id, if so.
        offloads_ipsec: Whether an adapter may do IPsec in hardware.
    """

    rows: tuple[QuickModeRow, ...] | None
    problem: str | None = None
    offloads_ipsec: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsAnswer:
    """What a host has in its security log.

    Attributes:
        events: Newest first within an id group; ``None`` if nothing is audited or readable.
        problem: Error id if the log could not be read.
        audits_quick_mode: Whether associations that come up are audited; ``None`` if unknown.
    """

    events: tuple[IpsecEvent, ...] | None
    problem: str | None = None
    audits_quick_mode: bool | None = None


def parse_associations(answer: Json) -> AssociationsAnswer:
    """Read the answer of ``associations.ps1``.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(ASSOCIATIONS, answer)
    quick = fields.object("quick_mode")
    problem = quick.optional_text("problem")
    rows = tuple(_row(item) for item in quick.objects("associations"))
    return AssociationsAnswer(
        rows=rows if problem is None else None,
        problem=problem,
        offloads_ipsec=fields.object("offload").flag("enabled"),
    )


def _row(item: AnswerFields) -> QuickModeRow:
    return QuickModeRow(
        quick_mode_id=_whole(item.text("id")),
        association=association_of(item),
    )


def association_of(item: AnswerFields) -> Association:
    """Read the fields of MSFT_NetQuickModeSA, as scripts of ours name them.

    Raises:
        UnexpectedAnswerError: One is missing or of another kind.
    """
    return Association(
        local_address=_address(item, "local_address"),
        remote_address=_address(item, "remote_address"),
        protocol=item.number("protocol"),
        local_port=item.number("local_port"),
        remote_port=item.number("remote_port"),
        encryption=_word(_CIPHERS, item.number("first_cipher")),
        integrity=_word(_INTEGRITIES, item.number("first_integrity")),
    )


def parse_events(answer: Json) -> EventsAnswer:
    """Read the answer of ``ipsec_events.ps1``.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(EVENTS, answer)
    problem, audited = fields.optional_text("problem"), fields.optional_object("audited")
    settings = {} if audited is None else {n: audited.optional_number(n) for n in audited.fields}
    quick_mode = settings.get("quick_mode")
    return EventsAnswer(
        events=tuple(_event(item) for item in fields.objects("events"))
        if problem is None and any(settings.values())
        else None,
        problem=problem,
        audits_quick_mode=None if quick_mode is None else bool(quick_mode & 1),
    )


def _event(item: AnswerFields) -> IpsecEvent:
    found = item.object("fields").fields
    return IpsecEvent(
        event_id=item.number("id"),
        time=item.moment("time"),
        fields=tuple((name, str(value)) for name, value in sorted(found.items())),
    )


def join(rows: Iterable[QuickModeRow], events: Iterable[IpsecEvent]) -> tuple[Association, ...]:
    """Give each association the SPIs that event 5451 of its quick-mode id tells."""
    spis = _spis(events)
    return tuple(
        _with_spis(row.association, spis.get(row.quick_mode_id))
        if row.quick_mode_id is not None
        else row.association
        for row in rows
    )


def _spis(events: Iterable[IpsecEvent]) -> Mapping[int | None, tuple[int | None, int | None]]:
    """Give (inbound, outbound) by quick-mode id, of associations that have not ended."""
    found: dict[int | None, tuple[int | None, int | None]] = {}
    for event in sorted(events, key=lambda event: event.time):
        fields = dict(event.fields)
        quick_mode_id = _whole(fields.get("QuickModeSaId", ""))
        if quick_mode_id is None:
            continue
        if event.event_id == ASSOCIATION_UP:
            inbound, outbound = fields.get("InboundSpi", ""), fields.get("OutboundSpi", "")
            found[quick_mode_id] = (_whole(inbound), _whole(outbound))
        elif event.event_id == ASSOCIATION_DOWN:
            found.pop(quick_mode_id, None)
    return found


def _with_spis(association: Association, spis: tuple[int | None, int | None] | None) -> Association:
    if spis is None:
        return association
    return Association(
        local_address=association.local_address,
        remote_address=association.remote_address,
        protocol=association.protocol,
        local_port=association.local_port,
        remote_port=association.remote_port,
        encryption=association.encryption,
        integrity=association.integrity,
        inbound_spi=spis[0],
        outbound_spi=spis[1],
        bytes_transferred=association.bytes_transferred,
        source="cim, event 5451",
    )


def _word(words: Mapping[int, str], code: int) -> str:
    return words.get(code, f"code {code}")


def _whole(text: str) -> int | None:
    """Read a number of an event or of WMI: decimal, or hexadecimal with 0x."""
    digits, base = (text[2:], 16) if text[:2].lower() == "0x" else (text, 10)
    try:
        return int(digits, base)
    except ValueError:
        return None


def _address(item: AnswerFields, name: str) -> Address:
    text = item.text(name)
    try:
        return ip_address(text)
    except ValueError as error:
        raise UnexpectedAnswerError(
            script=item.script, field=f"{item.path}.{name}", reason="an address was expected"
        ) from error

"""Verdicts as a table, as one line a probe, and as the JSON document of ``prove``."""

from collections.abc import Iterable
from typing import Final

from ipsec_orchestrator.model.evidence import (
    Association,
    Diagnosis,
    FlowEvidence,
    FlowVerdict,
    Verdict,
)
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.report.lines import Line, Tone

_PROTOCOLS: Final = {6: "TCP", 17: "UDP"}
HEADINGS: Final = ("from", "to", "port", "verdict", "answered", "ESP", "clear", "because")


_AROUND: Final = frozenset({Verdict.ENCRYPTED, Verdict.NO_ANSWER})


def expected(flow: Flow) -> frozenset[Verdict]:
    """Give the verdicts that are good news: control flows ought to be clear."""
    if flow.is_second_path:
        return _AROUND
    return frozenset({Verdict.ENCRYPTED if flow.is_protected else Verdict.CLEAR})


def tone_of(verdict: FlowVerdict) -> Tone:
    """Give the meaning of a verdict."""
    if verdict.verdict in expected(verdict.flow):
        return Tone.GOOD
    return Tone.WARNING if verdict.verdict is Verdict.UNKNOWN else Tone.BAD


def port_text(flow: Flow) -> str:
    """Give protocol and port, for example ``TCP 8080``."""
    return f"{_PROTOCOLS.get(flow.protocol, str(flow.protocol))} {flow.port}"


def proof_rows(verdicts: Iterable[FlowVerdict]) -> list[tuple[tuple[str, ...], Tone]]:
    """Give the rows of the table."""
    return [
        (
            (
                found.flow.source,
                found.flow.destination,
                port_text(found.flow),
                found.verdict.value,
                f"{found.answered}/{found.sent}",
                str(found.esp_packets),
                str(found.clear_packets),
                found.reason,
            ),
            tone_of(found),
        )
        for found in verdicts
    ]


def note_lines(verdicts: Iterable[FlowVerdict]) -> list[Line]:
    """Give everything that every reader must be told, once."""
    notes = dict.fromkeys(note for found in verdicts for note in found.notes)
    return [Line(f"Note: {note}", Tone.WARNING) for note in notes]


def probe_line(evidence: FlowEvidence, verdict: FlowVerdict) -> Line:
    """Give one line for one probe: time, status, milliseconds, verdict."""
    last = evidence.requests[-1] if evidence.requests else None
    flow = verdict.flow
    where = f"{flow.source} -> {flow.destination} {port_text(flow)}"
    if last is None:
        return Line(
            f"{where}  not sent  {verdict.verdict.value}: {verdict.reason}", tone_of(verdict)
        )
    status = str(last.status or ("answered" if last.answered else last.error or "no answer"))
    return Line(
        f"{last.sent_at:%Y-%m-%d %H:%M:%S}  {where}  {status}  {last.milliseconds:.0f} ms  "
        f"{verdict.verdict.value}",
        tone_of(verdict),
    )


def proof_to_json(verdicts: Iterable[FlowVerdict]) -> Json:
    """Give the document of ``prove --json``."""
    return {"pairs": [_verdict(found) for found in verdicts]}


def _verdict(found: FlowVerdict) -> Json:
    flow = found.flow
    return {
        "source": flow.source,
        "destination": flow.destination,
        "source_address": str(flow.source_address),
        "destination_address": str(flow.destination_address),
        "protocol": _PROTOCOLS.get(flow.protocol, str(flow.protocol)).lower(),
        "port": flow.port,
        "rule": flow.rule,
        "verdict": found.verdict.value,
        "reason": found.reason,
        "diagnosis": None if found.diagnosis is Diagnosis.NONE else found.diagnosis.value,
        "sent": found.sent,
        "answered": found.answered,
        "esp_packets": found.esp_packets,
        "clear_packets": found.clear_packets,
        "associations": [_association(item) for item in found.associations],
        "notes": list(found.notes),
    }


def _association(found: Association) -> Json:
    return {
        "local_address": str(found.local_address),
        "remote_address": str(found.remote_address),
        "encryption": found.encryption,
        "integrity": found.integrity,
        "inbound_spi": found.inbound_spi,
        "outbound_spi": found.outbound_spi,
        "bytes": found.bytes_transferred,
        "source": found.source,
    }

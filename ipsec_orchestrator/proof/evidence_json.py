"""The evidence of a flow as a JSON document, without the frames: those are in the captures."""

from ipsec_orchestrator.model.evidence import Association, EndEvidence, FlowEvidence
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.json import Json


def evidence_to_json(evidence: FlowEvidence) -> dict[str, Json]:
    """Give everything that both ends told, times in ISO 8601, addresses and SPIs as text."""
    return {
        "flow": flow_to_json(evidence.flow),
        "nonces": list(evidence.nonces),
        "requests": [
            {
                "size": request.size,
                "sent_at": request.sent_at.isoformat(),
                "milliseconds": round(request.milliseconds, 3),
                "answered": request.answered,
                "status": request.status,
                "error": request.error,
            }
            for request in evidence.requests
        ],
        "source": _end(evidence.source),
        "destination": _end(evidence.destination),
    }


def flow_to_json(flow: Flow) -> dict[str, Json]:
    """Give a flow with the rule that ought to protect it."""
    return {
        "source": flow.source,
        "destination": flow.destination,
        "source_address": str(flow.source_address),
        "destination_address": str(flow.destination_address),
        "protocol": flow.protocol,
        "port": flow.port,
        "rule": flow.rule,
        "filter_action": flow.filter_action,
        "algorithms": [list(suite) for suite in flow.algorithms],
        "may_fall_back": flow.may_fall_back,
        "is_second_path": flow.is_second_path,
    }


def association_to_json(found: Association) -> dict[str, Json]:
    """Give an association; SPIs as eight hexadecimal digits, as capture tools show them."""
    return {
        "local_address": str(found.local_address),
        "remote_address": str(found.remote_address),
        "protocol": found.protocol,
        "local_port": found.local_port,
        "remote_port": found.remote_port,
        "encryption": found.encryption,
        "integrity": found.integrity,
        "inbound_spi": spi_text(found.inbound_spi),
        "outbound_spi": spi_text(found.outbound_spi),
        "bytes": found.bytes_transferred,
        "source": found.source,
    }


def spi_text(spi: int | None) -> str | None:
    """Write an SPI as capture tools do."""
    return None if spi is None else f"0x{spi:08x}"


def _end(end: EndEvidence) -> dict[str, Json]:
    return {
        "host": end.host,
        "frames": None if end.frames is None else len(end.frames),
        "frames_left_out": end.frames_left_out,
        "capture_problem": end.capture_problem,
        "associations": None
        if end.associations is None
        else [association_to_json(found) for found in end.associations],
        "associations_problem": end.associations_problem,
        "events": None
        if end.events is None
        else [
            {"id": event.event_id, "time": event.time.isoformat(), "fields": dict(event.fields)}
            for event in end.events
        ],
        "received_nonces": None if end.received_nonces is None else sorted(end.received_nonces),
        "has_policy": end.has_policy,
        "offloads_ipsec": end.offloads_ipsec,
        "notes": list(end.notes),
    }

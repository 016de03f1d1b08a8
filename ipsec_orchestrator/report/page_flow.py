"""One flow on the evidence page: the verdict, what it rests on, and everything that was seen."""

from collections.abc import Iterator
from datetime import datetime

from ipsec_orchestrator.model.evidence import (
    Diagnosis,
    EndEvidence,
    FlowEvidence,
    FlowVerdict,
    Verdict,
)
from ipsec_orchestrator.proof.evidence_json import spi_text
from ipsec_orchestrator.proof.frames import PacketKind, parse_frame
from ipsec_orchestrator.proof.seen import Seen, captures, claims_for, ends_of, see
from ipsec_orchestrator.report.page_parts import (
    anchor,
    badge,
    css,
    element,
    moment,
    port,
    table,
    text,
)
from ipsec_orchestrator.report.page_timeline import span_seconds, timeline

_STATES = {True: ("yes", "✔", "yes"), False: ("no", "✖", "no"), None: ("open", "?", "not known")}
_MOST_EVENTS = 40


def flow_section(evidence: FlowEvidence, verdict: FlowVerdict, number: int) -> str:
    """Give the section of a flow; one that needs no attention is folded on the screen."""
    flow, own_id = evidence.flow, anchor(verdict, number)
    heading = f"{flow.source} → {flow.destination}, {port(flow)}"
    span = span_seconds(evidence)
    pictures = (
        timeline(evidence, end, span, f"{own_id}-{side}")
        for side, end in zip(("source", "destination"), ends_of(evidence), strict=True)
    )
    return element(
        "details",
        element("summary", element("h3", text(heading)), badge(verdict.verdict)),
        element("p", text(verdict.reason)),
        _facts(evidence, verdict),
        element("ul", *_rests_on(evidence, see(evidence)), class_="rests"),
        element("div", *pictures, class_="pair"),
        _associations(evidence),
        _requests(evidence),
        _events(evidence),
        *(element("p", text(note), class_="note") for note in verdict.notes),
        id=own_id,
        class_=f"card flow {css(verdict.verdict)}",
        **_open_if(needed=number == 1 or verdict.verdict is not Verdict.ENCRYPTED),
    )


def since(evidence: FlowEvidence) -> datetime | None:
    """Give when the present association came up: by its audit event, else by its first ESP."""
    spis = {spi for claim in claims_for(evidence) for spi in (claim.spi_out, claim.spi_back) if spi}
    ups = [
        event.time
        for end in ends_of(evidence)
        for event in end.events or ()
        if event.event_id == 5451  # noqa: PLR2004 - a quick mode association came up
        and spis & {_number(value) for name, value in event.fields if name.endswith("Spi")}
    ]
    if ups:
        return min(ups)
    frames = (frame for end in ends_of(evidence) for frame in end.frames or ())
    secured = (frame.captured_at for frame in frames if _is_esp(frame.content))
    return min(secured, default=None)


def _is_esp(content: bytes) -> bool:
    packet = parse_frame(content)
    return packet is not None and packet.kind is PacketKind.ESP


def _number(value: str) -> int | None:
    try:
        return int(value, 0)
    except ValueError:
        return None


def _open_if(*, needed: bool) -> dict[str, str]:
    return {"open": ""} if needed else {}


def _facts(evidence: FlowEvidence, verdict: FlowVerdict) -> str:
    flow, begin = evidence.flow, since(evidence)
    allowed = ", ".join(f"{one} with {two}" for one, two in flow.algorithms)
    facts = {
        "addresses": text(f"{flow.source_address} → {flow.destination_address}"),
        "diagnosis": "" if verdict.diagnosis is Diagnosis.NONE else text(verdict.diagnosis.value),
        "rule": text(f"{flow.rule} ({flow.filter_action}: {allowed or 'no ESP'})")
        if flow.is_protected
        else "none: a control",
        "association since": moment(begin) if begin else "",
        "answered": text(f"{verdict.answered} of {verdict.sent} requests"),
    }
    rows = (element("dt", name) + element("dd", value) for name, value in facts.items() if value)
    return element("dl", *rows, class_="facts")


def _rests_on(evidence: FlowEvidence, seen: Seen) -> Iterator[str]:
    """Give the pillars of the verdict, each with what was found of it."""
    if not evidence.flow.is_protected:
        for end, counts in captures(evidence, seen):
            yield _pillar(f"clear packets on the wire at {end.host}", bool(counts.clear))
        readable = seen.nonces.issuperset(evidence.nonces) if seen.both else None
        yield _pillar("the random texts are readable in a capture", readable)
        return
    for end, counts in captures(evidence, seen):
        yield _pillar(f"only ESP on the wire at {end.host}", bool(counts.esp) and not counts.clear)
    for end in ends_of(evidence):
        if end.frames is None:
            yield _pillar(f"only ESP on the wire at {end.host}", None)
        told = [claim for claim in claims_for(evidence) if claim.end is end and claim.tells_spis]
        matched = any(claim.is_on_wire(seen) for claim in told) if told else None
        yield _pillar(f"the SPIs on the wire are those that {end.host} reports", matched)
        yield _pillar(f"the policy is in force on {end.host}", end.has_policy)
    used = {(c.association.encryption, c.association.integrity) for c in claims_for(evidence)}
    yield _pillar(
        "the algorithms are the rule's",
        used <= set(evidence.flow.algorithms) if used else None,
    )
    arrived = evidence.destination.received_nonces
    yield _pillar(
        f"{evidence.destination.host} received every random text",
        None if arrived is None else arrived.issuperset(evidence.nonces),
    )
    yield _pillar("no random text is readable in a capture", not seen.nonces if seen.both else None)


def _pillar(what: str, found: bool | None) -> str:  # noqa: FBT001 - private
    state, sign, spoken = _STATES[found]
    mark = element("span", sign, role="img", aria_label=spoken, class_=state)
    return element("li", mark, " ", text(what))


def _associations(evidence: FlowEvidence) -> str:
    rows = [
        (
            text(end.host),
            text(f"{item.local_address} → {item.remote_address}"),
            text(f"{item.encryption} with {item.integrity}"),
            element("code", text(spi_text(item.outbound_spi) or "not told")),
            element("code", text(spi_text(item.inbound_spi) or "not told")),
            text("not told" if item.bytes_transferred is None else item.bytes_transferred),
            text(item.source),
        )
        for end in ends_of(evidence)
        for item in end.associations or ()
    ]
    unread = [end for end in ends_of(evidence) if end.associations is None]
    reasons = "".join(_unread(end) for end in unread)
    if not rows:
        return reasons or element("p", "Neither end reports an association.", class_="none")
    headings = ("host", "from → to", "algorithms", "SPI out", "SPI in", "bytes", "read from")
    return table("Security associations", headings, rows) + reasons


def _unread(end: EndEvidence) -> str:
    reason = end.associations_problem or "no reason given"
    return element(
        "p", text(f"The associations of {end.host} could not be read: {reason}"), class_="none"
    )


def _requests(evidence: FlowEvidence) -> str:
    rows = [
        (
            moment(request.sent_at),
            text(f"{request.size:,} bytes".replace(",", " ")),
            text(request.status or ("answered" if request.answered else "")),
            text(f"{request.milliseconds:.0f} ms"),
            text(request.error or ""),
        )
        for request in evidence.requests
    ]
    if not rows:
        return element("p", "No request was sent.", class_="none")
    return table("Requests", ("sent at", "size", "status", "time", "error"), rows)


def _events(evidence: FlowEvidence) -> str:
    found = [(end, event) for end in ends_of(evidence) for event in end.events or ()]
    if not found:
        return ""
    found.sort(key=lambda pair: pair[1].time, reverse=True)
    rows = [
        (
            moment(event.time),
            text(end.host),
            text(event.event_id),
            element("code", text(", ".join(f"{name}={value}" for name, value in event.fields))),
        )
        for end, event in found[:_MOST_EVENTS]
    ]
    caption = f"Audit events, the last {len(rows)} of {len(found)}"
    listed = table(caption, ("time", "host", "event", "fields"), rows)
    return element("details", element("summary", text(caption)), listed)

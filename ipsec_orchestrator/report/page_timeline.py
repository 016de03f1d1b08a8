"""When which packets passed an adapter: one small picture an end, in lanes for IKE, ESP, clear."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from ipsec_orchestrator.model.evidence import EndEvidence, FlowEvidence
from ipsec_orchestrator.proof.counts import Sort, Way, sort_of, way_of
from ipsec_orchestrator.proof.frames import parse_frame
from ipsec_orchestrator.report.page_parts import element, text

_LANES: Final = (Sort.IKE, Sort.ESP, Sort.CLEAR)
_CLASSES: Final[Mapping[Sort, str]] = MappingProxyType(
    {Sort.IKE: "p-ike", Sort.ESP: "p-esp", Sort.CLEAR: "p-clear"},
)
_BINS: Final = 120
_BIN_WIDTH: Final = 4
_LEFT: Final = 62
_RIGHT: Final = 52
_LANE: Final = 44
_HALF: Final = 18
_FOOT: Final = 22

_Bars = Counter[tuple[Sort, Way, int]]


def span_seconds(evidence: FlowEvidence) -> float:
    """Give how long the longer capture of the two lasted, so that both get one scale."""
    spans: list[float] = []
    for end in (evidence.source, evidence.destination):
        times = [frame.captured_at for frame in end.frames or ()]
        if times:
            spans.append((max(times) - min(times)).total_seconds())
    return max(spans, default=0.0) or 1.0


def timeline(evidence: FlowEvidence, end: EndEvidence, span: float, label_id: str) -> str:
    """Draw one end's packets over time; up is towards the destination, down is back.

    Args:
        evidence: The flow's.
        end: The end to draw.
        span: Seconds of the whole width, the same for both ends.
        label_id: A unique id for the description.
    """
    if end.frames is None:
        reason = end.capture_problem or "no reason given"
        return element("p", text(f"Nothing was captured on {end.host}: {reason}"), class_="none")
    bars, totals = _bars(evidence, end, span)
    width = _LEFT + _BINS * _BIN_WIDTH + _RIGHT
    height = _LANE * len(_LANES) + _FOOT
    tallest = max(bars.values(), default=1)
    counted = ", ".join(f"{totals[sort]} {sort.value}" for sort in _LANES)
    parts = [
        element("title", text(f"Packets seen on {end.host}: {counted}"), id=label_id),
        *(_lane(sort, bars, totals, tallest, row) for row, sort in enumerate(_LANES)),
        *_axis(span, height),
    ]
    picture = element(
        "svg",
        *parts,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=label_id,
        class_="timeline",
    )
    legend = f"seen on {end.host}; up: to {evidence.flow.destination}, down: back"
    return element("figure", picture, element("figcaption", text(legend)))


def _bars(evidence: FlowEvidence, end: EndEvidence, span: float) -> tuple[_Bars, Counter[Sort]]:
    bars: _Bars = Counter()
    totals: Counter[Sort] = Counter()
    begin = _begin(frame.captured_at for frame in end.frames or ())
    for frame in end.frames or ():
        packet = parse_frame(frame.content)
        way = way_of(packet, evidence.flow) if packet else None
        if packet is None or way is None or begin is None:
            continue
        sort = sort_of(packet, evidence.flow, way)
        place = (frame.captured_at - begin).total_seconds() / span
        bars[sort, way, min(int(place * _BINS), _BINS - 1)] += 1
        totals[sort] += 1
    return bars, totals


def _begin(times: Iterable[datetime]) -> datetime | None:
    return min(times, default=None)


def _lane(sort: Sort, bars: _Bars, totals: Counter[Sort], tallest: int, row: int) -> str:
    middle = row * _LANE + _LANE // 2
    right = _LEFT + _BINS * _BIN_WIDTH
    line = f"M{_LEFT} {middle}H{right}"
    shapes: list[str] = []
    for way, sign in ((Way.OUT, -1), (Way.BACK, 1)):
        for place in range(_BINS):
            number = bars[sort, way, place]
            if number:
                # Square roots, so that one packet beside hundreds can still be seen.
                high = max(_HALF * (number / tallest) ** 0.5, 3)
                shapes.append(f"M{_LEFT + place * _BIN_WIDTH + 2} {middle}v{sign * high:.1f}")
    label_class = "alarm" if sort is Sort.CLEAR and totals[sort] else ""
    return "".join(
        [
            element("path", d=line, class_="lane"),
            element("path", d="".join(shapes), class_=_CLASSES[sort]) if shapes else "",
            element("text", text(sort.value), x="0", y=str(middle + 4), class_=label_class),
            element("text", text(totals[sort]), x=str(right + 8), y=str(middle + 4), class_="sum"),
        ],
    )


def _axis(span: float, height: int) -> list[str]:
    """Label begin, middle and end."""
    places = ((0.0, "start"), (0.5, "middle"), (1.0, "end"))
    return [
        element(
            "text",
            text(f"{span * share:.1f} s"),
            x=str(round(_LEFT + share * _BINS * _BIN_WIDTH)),
            y=str(height - 5),
            text_anchor=where,
            class_="tick",
        )
        for share, where in places
    ]

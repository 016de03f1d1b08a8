"""The hosts of a proof in their networks, and between them what was found, as one picture."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.model.evidence import FlowVerdict, Verdict
from ipsec_orchestrator.model.inventory import Address, Network
from ipsec_orchestrator.report.page_parts import css, element, text
from ipsec_orchestrator.report.proof_matrix import SIGNS, matrix_of

MOST_HOSTS: Final = 24
"""With more of them arrows can't be told apart, and the matrix shows more."""

_BOX_WIDTH: Final = 190
_BOX_HEIGHT: Final = 50
_ROW: Final = 110
_COLUMN: Final = 430
_TOP: Final = 58
_MARGIN: Final = 24
_BEND: Final = 13


@dataclass(frozen=True, slots=True)
class _Place:
    x: int
    y: int
    column: int


def proof_map(verdicts: Sequence[FlowVerdict], networks: Sequence[Network]) -> str:
    """Draw the hosts as boxes in columns, one a network, and an arrow for each tried pair."""
    columns = _columns(verdicts, networks)
    places: dict[str, _Place] = {}
    parts: list[str] = []
    most = max(len(hosts) for _, hosts in columns)
    height = _TOP + most * _ROW + _MARGIN
    for number, (name, hosts) in enumerate(columns):
        left = _MARGIN + number * _COLUMN
        parts.append(_frame(name, left, height))
        shift = (most - len(hosts)) * _ROW // 2
        for row, host in enumerate(hosts):
            places[host] = _Place(left + 20, _TOP + shift + row * _ROW + 30, number)
    addresses = _addresses(verdicts)
    matrix = matrix_of(verdicts)
    for source, destination in matrix.cells:
        worst = matrix.worst(source, destination)
        if worst is not None:
            parts.append(_arrow(places[source], places[destination], worst))
    parts += [_box(host, addresses[host], place) for host, place in places.items()]
    width = 2 * _MARGIN + (len(columns) - 1) * _COLUMN + _BOX_WIDTH + 40
    return element(
        "svg",
        element("title", "Who talks to whom, and how", id="map-title"),
        element("desc", text(_spoken(verdicts)), id="map-text"),
        element("defs", *(_head(verdict) for verdict in Verdict)),
        *parts,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby="map-title map-text",
        class_="map",
        style=f"max-width:{width}px",
    )


def _addresses(verdicts: Iterable[FlowVerdict]) -> Mapping[str, Address]:
    found: dict[str, Address] = {}
    for item in verdicts:
        found.setdefault(item.flow.source, item.flow.source_address)
        found.setdefault(item.flow.destination, item.flow.destination_address)
    return found


def _columns(
    verdicts: Sequence[FlowVerdict],
    networks: Sequence[Network],
) -> list[tuple[str, list[str]]]:
    """Sort the hosts into their narrowest networks."""
    found: dict[str, list[str]] = {}
    for host, address in _addresses(verdicts).items():
        fitting = [net for net in networks if address in net.subnet]
        if fitting:
            net = max(fitting, key=lambda net: net.subnet.prefixlen)
            name = f"{net.name}  {net.subnet}"
        else:
            name = f"no network of the inventory  {address}"
        found.setdefault(name, []).append(host)
    return list(found.items())


def _frame(name: str, left: int, height: int) -> str:
    box = element(
        "rect",
        x=str(left),
        y="30",
        width=str(_BOX_WIDTH + 40),
        height=str(height - 40),
        rx="14",
        class_="net",
    )
    return box + element("text", text(name), x=str(left + 4), y="20", class_="netname")


def _box(host: str, address: Address, place: _Place) -> str:
    box = element(
        "rect",
        x=str(place.x),
        y=str(place.y),
        width=str(_BOX_WIDTH),
        height=str(_BOX_HEIGHT),
        rx="8",
        class_="host",
    )
    middle = str(place.x + _BOX_WIDTH // 2)
    return (
        box
        + element("text", text(host), x=middle, y=str(place.y + 21), class_="hostname")
        + element("text", text(address), x=middle, y=str(place.y + 39), class_="address")
    )


def _arrow(source: _Place, destination: _Place, verdict: Verdict) -> str:
    """Bend each direction to its own side, so that both can be seen."""
    same = source.column == destination.column
    rightwards = source.column < destination.column
    down = source.y < destination.y
    begin_x = source.x + (_BOX_WIDTH if rightwards or same else 0)
    end_x = destination.x + (0 if rightwards and not same else _BOX_WIDTH)
    shift = -_BEND if rightwards or (same and down) else _BEND
    begin_y = source.y + _BOX_HEIGHT // 2 + shift
    end_y = destination.y + _BOX_HEIGHT // 2 + shift
    if same:
        reach = begin_x + 55 + shift
        line = f"M{begin_x} {begin_y}C{reach} {begin_y} {reach} {end_y} {end_x} {end_y}"
        sign_x, sign_y = (begin_x + 3 * reach) // 4, (begin_y + end_y) // 2
    else:
        line = f"M{begin_x} {begin_y}L{end_x} {end_y}"
        # A third of the way: in the middle the signs of crossing arrows would meet.
        sign_x, sign_y = (2 * begin_x + end_x) // 3, (2 * begin_y + end_y) // 3
    return "".join(
        [
            element(
                "path", d=line, class_=f"edge {css(verdict)}", marker_end=f"url(#{css(verdict)})"
            ),
            element("circle", cx=str(sign_x), cy=str(sign_y), r="10", class_=f"dot {css(verdict)}"),
            element("text", SIGNS[verdict], x=str(sign_x), y=str(sign_y + 4), class_="sign"),
        ],
    )


def _head(verdict: Verdict) -> str:
    return element(
        "marker",
        element("path", d="M0 0L9 4.5L0 9z", class_=f"head {css(verdict)}"),
        id=css(verdict),
        viewBox="0 0 9 9",
        refX="8",
        refY="4.5",
        markerWidth="7",
        markerHeight="7",
        orient="auto",
    )


def _spoken(verdicts: Iterable[FlowVerdict]) -> str:
    return "; ".join(
        f"{found.flow.source} to {found.flow.destination}: {found.verdict.value}"
        for found in verdicts
    )

"""Captured frames as ``capture_start.ps1`` and ``capture_read.ps1`` tell them."""

import base64
import binascii
import struct
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.errors import UnexpectedAnswerError
from ipsec_orchestrator.facts.answer_fields import AnswerFields
from ipsec_orchestrator.model.evidence import Frame
from ipsec_orchestrator.model.json import Json

START: Final = "capture_start"
STOP: Final = "capture_stop"
READ: Final = "capture_read"
_MONITOR: Final = "pktmon"
_MONITOR_FILTER: Final = "pktmon filter"
_ETHERNET_SIZE: Final = 14
_IPV4: Final = 0x0800
_IPV6: Final = 0x86DD
_IPV6_HEADER_SIZE: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureStart:
    """Whether a capture runs.

    Attributes:
        capturing: It does.
        by_packet_monitor: By pktmon, because the commands of NetEventPacketCapture are not there.
        problem: Why not, in a sentence.
    """

    capturing: bool
    by_packet_monitor: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedFrames:
    """Frames of one pair of hosts.

    Attributes:
        frames: As they were logged.
        left_out: How many more there were than were asked for.
        problem: Error id if the file could not be read.
    """

    frames: tuple[Frame, ...]
    left_out: int = 0
    problem: str | None = None


def parse_capture_start(answer: Json) -> CaptureStart:
    """Read the answer of ``capture_start.ps1``.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(START, answer)
    capturing, others = fields.flag("capturing"), fields.texts("others")
    error = fields.optional_text("problem")
    problem = None
    if error is not None:
        problem = f"the capture could not be started ({error})"
    elif _MONITOR_FILTER in others:
        problem = (
            "pktmon has filters of somebody else there, which would hide packets and can't be left "
            "out; `pktmon filter list` shows them"
        )
    elif others and not capturing:
        problem = f"another capture session runs there ({', '.join(others)}), and Windows has room for one"
    return CaptureStart(
        capturing=capturing,
        by_packet_monitor=capturing and fields.optional_text("by") == _MONITOR,
        problem=problem,
    )


def parse_capture(answer: Json) -> CapturedFrames:
    """Read the answer of ``capture_read.ps1``.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(READ, answer)
    return CapturedFrames(
        frames=tuple(_frame(item) for item in fields.objects("frames")),
        left_out=fields.number("left_out"),
        problem=fields.optional_text("problem"),
    )


def _frame(item: AnswerFields) -> Frame:
    try:
        content = base64.b64decode(item.text("content"), validate=True)
    except binascii.Error as error:
        raise UnexpectedAnswerError(
            script=READ, field=f"{item.path}.content", reason="base64 was expected"
        ) from error
    return Frame(
        captured_at=item.moment("time"),
        content=content,
        original_length=max(len(content), _length_on_wire(content)),
    )


def _length_on_wire(frame: bytes) -> int:
    """Take the length from the IP header: FragmentSize tells the truncated one."""
    if len(frame) < _ETHERNET_SIZE + 6:
        return 0
    ether_type, first, second = struct.unpack_from(">H2xHH", frame, _ETHERNET_SIZE - 2)
    if ether_type == _IPV4:
        return int(first) + _ETHERNET_SIZE
    if ether_type == _IPV6:
        return int(second) + _IPV6_HEADER_SIZE + _ETHERNET_SIZE
    return 0

"""Captured frames as pcapng, which every capture tool reads."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Final

from pcapng import FileWriter  # type: ignore[import-untyped]  # it has no types
from pcapng.blocks import (  # type: ignore[import-untyped]  # as above
    EnhancedPacket,
    InterfaceDescription,
    SectionHeader,
)

from ipsec_orchestrator.model.evidence import Frame

_ETHERNET: Final = 1
_LOW_HALF: Final = 0xFFFF_FFFF
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def pcapng_of(host: str, frames: Iterable[Frame], application: str) -> bytes:
    """Give a capture file with one interface, named after the host.

    Args:
        host: Whose adapter it was.
        frames: In the order they were captured; their times are by that host's clock.
        application: Who wrote the file.
    """
    # The format has no packet of which nothing was kept.
    frames = tuple(frame for frame in frames if frame.content)
    section = SectionHeader(options={"shb_userappl": application})
    section.new_member(  # pyright: ignore[reportUnknownMemberType]  # untyped
        InterfaceDescription,
        link_type=_ETHERNET,
        snaplen=max((len(frame.content) for frame in frames), default=0),
        options={"if_name": host},
    )
    text = BytesIO()
    writer = FileWriter(text, section)
    for frame in frames:
        # The default resolution of the format: microseconds since 1970.
        microseconds = (frame.captured_at - _EPOCH) // _MICROSECOND
        writer.write_block(  # pyright: ignore[reportUnknownMemberType]  # untyped
            section.new_member(  # pyright: ignore[reportUnknownMemberType]  # untyped
                EnhancedPacket,
                interface_id=0,
                timestamp_high=microseconds >> 32,
                timestamp_low=microseconds & _LOW_HALF,
                captured_len=len(frame.content),
                packet_len=max(frame.original_length, len(frame.content)),
                packet_data=frame.content,
            ),
        )
    return text.getvalue()

"""Watching PSRP messages pass by, without taking them apart further than needed."""

import re
import struct
from collections.abc import Callable
from typing import Final

_FRAGMENT: Final = struct.Struct(">QQBI")  # [MS-PSRP] 2.2.4: object id, fragment id, flags, length
_START_FLAG: Final = 1
_END_FLAG: Final = 2
_MESSAGE_HEADER_BYTES: Final = 40  # [MS-PSRP] 2.2.1: destination, type, RPID, PID
_PIPELINE_STATE: Final = 0x00041006
_STATE: Final = re.compile(rb'<I32 N="PipelineState">(\d)</I32>')
_FIRST_FINAL_STATE: Final = 3  # [MS-PSRP] 2.2.3.5: 3 stopped, 4 completed, 5 failed


class PipelineStateWatcher:
    """Tells from a pipeline's fragments when it has ended."""

    def __init__(self) -> None:
        self._messages: dict[int, bytes] = {}

    def ends_with(self, fragments: bytes) -> bool:
        """Whether these fragments complete a message that says the pipeline is over."""
        ended = False
        offset = 0
        while offset + _FRAGMENT.size <= len(fragments):
            object_id, number, flags, length = _FRAGMENT.unpack_from(fragments, offset)
            offset += _FRAGMENT.size
            content = fragments[offset : offset + length]
            offset += length
            if number == 0:
                self._messages[object_id] = content
            elif object_id in self._messages:
                self._messages[object_id] += content
            kind = self._messages.get(object_id, b"")[4:8]
            if kind != struct.pack("<I", _PIPELINE_STATE):
                # Output can be megabytes: only state messages are worth keeping.
                self._messages.pop(object_id, None)
            elif flags & _END_FLAG:
                state = _STATE.search(self._messages.pop(object_id)[_MESSAGE_HEADER_BYTES:])
                ended = ended or (state is not None and int(state[1]) >= _FIRST_FINAL_STATE)
        return ended


def without_pipeline_states(fragments: bytes) -> bytes:
    """Leave out the complete PIPELINE_STATE messages of a pool's own stream.

    The engine runs its start script as a pipeline of the pool and reports its state there, which
    no Windows host does and clients warn about.
    """
    kept = b""
    offset = 0
    while offset + _FRAGMENT.size <= len(fragments):
        _, number, flags, length = _FRAGMENT.unpack_from(fragments, offset)
        end = offset + _FRAGMENT.size + length
        kind = fragments[offset + _FRAGMENT.size + 4 : offset + _FRAGMENT.size + 8]
        complete = number == 0 and flags & _END_FLAG
        if not (complete and kind == struct.pack("<I", _PIPELINE_STATE)):
            kept += fragments[offset:end]
        offset = end
    return kept


def with_content(fragments: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Change the texts of those messages that are complete in one fragment."""
    changed = b""
    offset = 0
    while offset + _FRAGMENT.size <= len(fragments):
        object_id, number, flags, length = _FRAGMENT.unpack_from(fragments, offset)
        offset += _FRAGMENT.size
        content = fragments[offset : offset + length]
        offset += length
        if flags & _START_FLAG and flags & _END_FLAG:
            header, text = content[:_MESSAGE_HEADER_BYTES], content[_MESSAGE_HEADER_BYTES:]
            content = header + change(text)
        changed += _FRAGMENT.pack(object_id, number, flags, len(content)) + content
    return changed + fragments[offset:]


def split_after(fragments: bytes, count: int) -> tuple[bytes, bytes]:
    """Part the first so many fragments from the rest."""
    end = 0
    for _ in range(count):
        if end + _FRAGMENT.size <= len(fragments):
            end += _FRAGMENT.size + _FRAGMENT.unpack_from(fragments, end)[3]
    return fragments[:end], fragments[end:]

"""``repsFrom``: from whom a DC takes a partition, and how it went last; for DCs without the XML of it.

[MS-ADTS] describes the attribute, no published text its bytes. The layout here is what Samba
stores and documents (``repsFromTo1`` of its ``drsblobs.idl``), made to be that of Windows.
"""

import struct
from dataclasses import dataclass
from typing import Final
from uuid import UUID

# Version, reserved, size; failures, last success, last attempt, result; place and size of the
# partner's name, flags.
_HEAD: Final = struct.Struct("<IIIIQQIIII")
_VERSION: Final = 1
_ID_OFFSET: Final = 160
_ID_BYTES: Final = 16
_NAME_SIZE: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepsFrom:
    """One partner.

    Attributes:
        name: Its name in the DNS, or its id if there is none.
        failures: Consecutive failures.
        last_result: 0, or a Windows error number.
    """

    name: str
    failures: int
    last_result: int


def parse_reps_from(value: bytes) -> RepsFrom | None:
    """Read one value; ``None`` if it has another layout."""
    if len(value) < _ID_OFFSET + _ID_BYTES:
        return None
    version, _, size, failures, _, _, result, place, _, _ = _HEAD.unpack_from(value)
    if version != _VERSION or size != len(value):
        return None
    partner = UUID(bytes_le=value[_ID_OFFSET : _ID_OFFSET + _ID_BYTES])
    return RepsFrom(name=_name(value, place) or str(partner), failures=failures, last_result=result)


def _name(value: bytes, place: int) -> str:
    if not _ID_OFFSET + _ID_BYTES <= place <= len(value) - _NAME_SIZE.size:
        return ""
    (size,) = _NAME_SIZE.unpack_from(value, place)
    begin = place + _NAME_SIZE.size
    return value[begin : begin + size].partition(b"\0")[0].decode("ascii", "replace")

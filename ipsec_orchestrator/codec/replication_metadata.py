"""``replPropertyMetaData``: which DC changed which attribute of an object, when, how often.

The value is a PROPERTY_META_DATA_VECTOR_V1 in the form in which DCs store it: a header and
entries of 48 bytes, little endian ([MS-DRSR] 4.1.10.2.22 PROPERTY_META_DATA_EXT_VECTOR and
[MS-ADTS] 3.1.1.3.4.1 for the attribute). Samba stores the same bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from ipsec_orchestrator.codec.wire import BlobReader
from ipsec_orchestrator.errors import CodecError

REPLICATION_METADATA: Final = "replPropertyMetaData"
_VERSION: Final = 1
_ENTRY_SIZE: Final = 48
_U64_SIZE: Final = 8
# DSTIME, [MS-ADTS] 2.2.13: seconds since the first day of 1601.
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_LAST: Final = int((datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH).total_seconds())
# [MS-DRSR] 5.16.4: the prefixes that every DC has at these places from its first day on.
_PREFIXES: Final = {
    "2.5.4": 0,
    "1.2.840.113556.1.2": 2,
    "1.2.840.113556.1.3": 3,
    "1.2.840.113556.1.4": 9,
    "2.16.840.1.113730.3": 20,
    "0.9.2342.19200300.100.1": 21,
    "2.16.840.1.113730.3.1": 22,
    "2.5.21": 24,
    "2.5.18": 25,
}
_ARC_LIMIT: Final = 16_384
_HIGH_ARC: Final = 32_768


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeChange:
    """The last change of one attribute.

    Attributes:
        attribute_id: ATTRTYP, see :func:`attribute_id_of`.
        version: How often it was changed; 1 when it was set for the first time.
        time: When, by the clock of the originating DC, to the second; ``None`` where the DC
            stored no time.
        originating_dsa: invocationId of the DC where it was changed.
        originating_usn: Number of the write there.
        local_usn: Number of the write on the DC that was asked.
    """

    attribute_id: int
    version: int
    time: datetime | None
    originating_dsa: UUID
    originating_usn: int
    local_usn: int


def decode_replication_metadata(data: bytes) -> tuple[AttributeChange, ...]:
    """Read the whole vector, in the order in which it is stored.

    Raises:
        CodecError: It is of another version, cut off, or goes on after its end.
    """
    reader = BlobReader(format_name=REPLICATION_METADATA, blob=data)
    if (version := reader.u32("dwVersion")) != _VERSION:
        reader.fail("dwVersion", f"{version}, and only 1 is known", offset=0)
    reader.u32("dwReserved")
    number = reader.count("cNumProps", item_size=_ENTRY_SIZE)
    reader.u32("dwReserved")
    found = tuple(_change(reader) for _ in range(number))
    if reader.remaining:
        reader.fail("rgMetaData", f"{reader.remaining} bytes after the last of {number} entries")
    return found


def _change(reader: BlobReader) -> AttributeChange:
    attribute_id = reader.u32("attrType")
    version = reader.u32("dwVersion")
    start = reader.offset
    seconds = _u64(reader, "timeChanged")
    if seconds > _LAST:
        reader.fail("timeChanged", f"{seconds} seconds since 1601 is no date", offset=start)
    return AttributeChange(
        attribute_id=attribute_id,
        version=version,
        time=_EPOCH + timedelta(seconds=seconds) if seconds else None,
        originating_dsa=reader.guid("uuidDsaOriginating"),
        originating_usn=_u64(reader, "usnOriginating"),
        local_usn=_u64(reader, "usnProperty"),
    )


def _u64(reader: BlobReader, field: str) -> int:
    return int.from_bytes(reader.take(_U64_SIZE, field), "little")


def encode_replication_metadata(changes: Iterable[AttributeChange]) -> bytes:
    """Write a vector, for directories that are not a DC's."""
    entries = [
        b"".join(
            (
                change.attribute_id.to_bytes(4, "little"),
                change.version.to_bytes(4, "little"),
                _seconds(change.time).to_bytes(_U64_SIZE, "little"),
                change.originating_dsa.bytes_le,
                change.originating_usn.to_bytes(_U64_SIZE, "little"),
                change.local_usn.to_bytes(_U64_SIZE, "little"),
            ),
        )
        for change in changes
    ]
    header = (_VERSION, 0, len(entries), 0)
    return b"".join((*(number.to_bytes(4, "little") for number in header), *entries))


def _seconds(time: datetime | None) -> int:
    return 0 if time is None else int((time - _EPOCH).total_seconds())


def attribute_id_of(oid: str) -> int | None:
    """Give the ATTRTYP of an attribute's OID, as MakeAttid does ([MS-DRSR] 5.16.4).

    Returns:
        The number; ``None`` for an OID below a prefix that each DC numbers for itself: such
        attributes have an ``msDS-IntId`` in the schema instead.

    Raises:
        CodecError: It is no OID.
    """
    prefix, dot, arc = oid.rpartition(".")
    if not dot or not arc.isascii() or not arc.isdigit():
        raise CodecError(format="OID", field="attributeID", offset=0, reason=f"{oid!r} is none")
    place = _PREFIXES.get(prefix)
    if place is None:
        return None
    number = int(arc)
    low = number % _ARC_LIMIT + (_HIGH_ARC if number >= _ARC_LIMIT else 0)
    return place << 16 | low

"""``ipsecData`` of an ipsecFilter object, [MS-GPIPSEC] 2.2.1.5.1: a filter list."""

from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.codec.constants import FILTER_BLOB_ID, FILTER_V2_SECTION_ID
from ipsec_orchestrator.codec.filter_spec import (
    LEAST_SPEC_SIZE,
    LEAST_SPEC_V2_SIZE,
    FilterSpec,
    FilterSpecV2,
    read_spec,
    read_spec_v2,
    write_spec,
    write_spec_v2,
)
from ipsec_orchestrator.codec.wire import BlobReader, BlobWriter

_CLASS = "ipsecFilter"
_DATA_LENGTH_OFFSET = 16
_COUNT_OFFSET = 20
_FIRST_SPEC_OFFSET = 24
_V2_MARKER: Final = FILTER_V2_SECTION_ID.bytes_le

WINDOWS_2003_LENGTH_SKEW: Final = 4
"""Up to Windows 2003 Data-Length1 counts the number of filters too, and a zero byte follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSectionV2:
    """What Windows Vista and later append for filters that version 1 can't express.

    Attributes:
        filters: Version 2 filters.
        legacy_count: Number-Of-Filters11: the number of version 1 filters; if not 0, it
            overrides the one at the start of the blob.
        length_skew: By how much the stored Data-Length2 differs from the filters' size.
    """

    filters: tuple[FilterSpecV2, ...]
    legacy_count: int
    length_skew: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IpsecFilter:
    """A filter list.

    Attributes:
        filters: Version 1 filters.
        version_2: The section of version 2 filters; None if there is none, which is what
            Windows 11 writes for IPv4 addresses and subnets.
        length_skew: By how much the stored Data-Length1 differs from the filters' size; 0 on
            Windows Vista and later, 4 before.
        hidden_from_count: Number of version 1 filters at the end that Number-Of-Filters1 leaves
            out for old systems; only possible before a version 2 section.
        trailing: What follows, nothing on Windows Vista and later, one zero byte before.
    """

    filters: tuple[FilterSpec, ...]
    version_2: FilterSectionV2 | None = None
    length_skew: int = 0
    hidden_from_count: int = 0
    trailing: bytes = b""


def decode_filter(blob: bytes) -> IpsecFilter:
    """Read the blob.

    Raises:
        CodecError: It is cut short, of another class, or announces more than it has.
    """
    reader = BlobReader(format_name=_CLASS, blob=blob)
    reader.identifier(FILTER_BLOB_ID, "Filter-Policy-ID1")
    length = reader.data_length("Data-Length1")
    count = reader.count("Number-Of-Filters1", item_size=LEAST_SPEC_SIZE)
    filters = [read_spec(reader) for _ in range(count)]
    section_offset = _FIRST_SPEC_OFFSET + length
    # Number-Of-Filters11 may announce more version 1 filters than the count at the start.
    if reader.offset < section_offset and reader.is_at(section_offset, _V2_MARKER):
        while reader.offset < section_offset:
            filters.append(read_spec(reader))
        if reader.offset != section_offset:
            reader.fail(
                "Data-Length1",
                f"{length} bytes end inside a filter",
                offset=_DATA_LENGTH_OFFSET,
            )
    skew = length - (reader.offset - _FIRST_SPEC_OFFSET)
    return IpsecFilter(
        filters=tuple(filters),
        version_2=_read_section(reader),
        length_skew=skew,
        hidden_from_count=len(filters) - count,
        trailing=reader.rest(),
    )


def encode_filter(value: IpsecFilter) -> bytes:
    """Write the blob.

    Raises:
        CodecError: A number or byte string does not fit its field.
    """
    writer = BlobWriter(format_name=_CLASS)
    writer.guid(FILTER_BLOB_ID)
    writer.u32(0, "Data-Length1")
    writer.u32(0, "Number-Of-Filters1")
    for spec in value.filters:
        write_spec(writer, spec)
    length = len(writer) - _FIRST_SPEC_OFFSET + value.length_skew
    writer.patch_u32(_DATA_LENGTH_OFFSET, length, "Data-Length1")
    count = len(value.filters) - value.hidden_from_count
    writer.patch_u32(_COUNT_OFFSET, count, "Number-Of-Filters1")
    if value.version_2 is not None:
        _write_section(writer, value.version_2)
    writer.raw(value.trailing)
    return writer.finish()


def _read_section(reader: BlobReader) -> FilterSectionV2 | None:
    if not reader.section_follows(_V2_MARKER, "Filter-Policy-ID2"):
        return None
    length_offset = reader.offset
    length = reader.u32("Data-Length2")
    legacy_count = reader.u32("Number-Of-Filters11")
    count = reader.count("Number-Of-Filters2", item_size=LEAST_SPEC_V2_SIZE)
    if length > reader.remaining:
        reader.fail(
            "Data-Length2",
            f"{length} bytes announced, {reader.remaining} left",
            offset=length_offset,
        )
    start = reader.offset
    filters = tuple(read_spec_v2(reader) for _ in range(count))
    return FilterSectionV2(
        filters=filters,
        legacy_count=legacy_count,
        length_skew=length - (reader.offset - start),
    )


def _write_section(writer: BlobWriter, section: FilterSectionV2) -> None:
    writer.raw(_V2_MARKER)
    length_offset = len(writer)
    writer.u32(0, "Data-Length2")
    writer.u32(section.legacy_count, "Number-Of-Filters11")
    writer.u32(len(section.filters), "Number-Of-Filters2")
    start = len(writer)
    for spec in section.filters:
        write_spec_v2(writer, spec)
    length = len(writer) - start + section.length_skew
    writer.patch_u32(length_offset, length, "Data-Length2")

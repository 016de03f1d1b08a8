"""``replPropertyMetaData``: what a DC remembers of the last change of each attribute."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ipsec_orchestrator.codec.replication_metadata import (
    AttributeChange,
    attribute_id_of,
    decode_replication_metadata,
    encode_replication_metadata,
)
from ipsec_orchestrator.errors import CodecError

U32 = st.integers(0, 0xFFFFFFFF)
U64 = st.integers(0, 0xFFFFFFFFFFFFFFFF)
TIMES = st.none() | st.integers(1, 264_000_000_000).map(
    lambda seconds: datetime(1601, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
CHANGES = st.builds(
    AttributeChange,
    attribute_id=U32,
    version=U32,
    time=TIMES,
    originating_dsa=st.uuids(),
    originating_usn=U64,
    local_usn=U64,
)
# Written by hand after [MS-DRSR]: one entry, description (2.5.4.13), version 3.
BY_HAND = bytes.fromhex(
    "01000000 00000000 01000000 00000000"
    "0d000000 03000000 80d3c83703000000"
    "33221100 5544 7766 8899aabbccddeeff"
    "0a0b000000000000 0c0d000000000000".replace(" ", "")
)


@given(st.lists(CHANGES, max_size=6))
def test_what_was_written_is_read(changes: list[AttributeChange]) -> None:
    """Decoding an encoded vector gives the same changes in the same order."""
    assert decode_replication_metadata(encode_replication_metadata(changes)) == tuple(changes)


def test_fields_stand_where_the_specification_has_them() -> None:
    """Every field of a value that was written by hand is found in its place."""
    (change,) = decode_replication_metadata(BY_HAND)

    assert change == AttributeChange(
        attribute_id=attribute_id_of("2.5.4.13") or 0,
        version=3,
        time=datetime(1601, 1, 1, tzinfo=UTC) + timedelta(seconds=0x337C8D380),
        originating_dsa=UUID("00112233-4455-6677-8899-aabbccddeeff"),
        originating_usn=0x0B0A,
        local_usn=0x0D0C,
    )
    assert encode_replication_metadata([change]) == BY_HAND


@given(st.binary(max_size=200))
def test_arbitrary_bytes_give_one_error(data: bytes) -> None:
    """Whatever the bytes, the outcome is a vector as long as they are, or one typed error."""
    changes: tuple[AttributeChange, ...] | None = None
    with suppress(CodecError):
        changes = decode_replication_metadata(data)

    assert changes is None or len(encode_replication_metadata(changes)) == len(data)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        pytest.param(b"", "dwVersion", id="empty"),
        pytest.param(b"\x02" + BY_HAND[1:], "dwVersion", id="version 2"),
        pytest.param(BY_HAND[:-1], "usnProperty", id="cut off"),
        pytest.param(BY_HAND[:8] + b"\xff\xff\xff\xff" + BY_HAND[12:], "cNumProps", id="too many"),
        pytest.param(BY_HAND + b"\0", "rgMetaData", id="more than announced"),
        pytest.param(BY_HAND[:24] + b"\xff" * 8 + BY_HAND[32:], "timeChanged", id="no date"),
    ],
)
def test_damage_is_named(data: bytes, field: str) -> None:
    """A damaged value is refused with the name of the field."""
    with pytest.raises(CodecError) as caught:
        decode_replication_metadata(data)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("oid", "number"),
    [
        ("2.5.4.13", 0x0000000D),  # description
        ("1.2.840.113556.1.2.13", 0x0002000D),  # displayName
        ("1.2.840.113556.1.4.623", 0x0009026F),  # ipsecData
        ("1.2.840.113556.1.4.20000", 0x00098E20),
        ("1.3.6.1.4.1.99999.1.1", None),
    ],
)
def test_attribute_numbers(oid: str, number: int | None) -> None:
    """An OID below a prefix that all DCs share has a fixed number, others have none."""
    assert attribute_id_of(oid) == number


@pytest.mark.parametrize("text", ["", "13", "2.5.4.x", "2.5.4.²"])
def test_no_oid_is_refused(text: str) -> None:
    """Anything but an OID is refused."""
    with pytest.raises(CodecError):
        attribute_id_of(text)

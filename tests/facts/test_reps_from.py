"""What a DC stores of its replication partners."""

import base64
import struct

from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.facts.reps_from import RepsFrom, parse_reps_from

# Read over LDAP from a DC of Samba 4.17.12 that had joined a domain and pulled from its first DC.
_SCHEDULE = b"\x11" * 84
STORED = (
    base64.b64decode("AQAAAAAAAAAOAQAAAAAAAIrXGCEDAAAAitcYIQMAAAAAAAAA0AAAAD4AAABwAAAA")
    + _SCHEDULE
    + base64.b64decode(
        "AAAAANMPAAAAAAAAAAAAAAAAAADTDwAAAAAAAIA3NolBTLpOslUvTTy/Al2ZDz+A6MfcTbtJ813S"
        "vt2BAAAAAAAAAAAAAAAAAAAAADoAAAA4OTM2Mzc4MC00YzQxLTRlYmEtYjI1NS0yZjRkM2NiZjAy"
        "NWQuX21zZGNzLmlwc2VjdGVzdC5jb20A"
    )
)
PARTNER = "89363780-4c41-4eba-b255-2f4d3cbf025d"
FAILURES_OFFSET, RESULT_OFFSET, PLACE_OFFSET = 12, 32, 36


def with_number(offset: int, number: int) -> bytes:
    """The stored value with another number at that place."""
    return STORED[:offset] + struct.pack("<I", number) + STORED[offset + 4 :]


def test_a_stored_value_names_its_partner() -> None:
    """A partner that was reached has no failure, and the name by which it is found in the DNS."""
    assert parse_reps_from(STORED) == RepsFrom(
        name=f"{PARTNER}._msdcs.ipsectest.com", failures=0, last_result=0
    )


@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF))
def test_failures_and_the_last_result_are_told(failures: int, result: int) -> None:
    """Both are where a DC that fails puts them."""
    value = with_number(FAILURES_OFFSET, failures)
    value = value[:RESULT_OFFSET] + struct.pack("<I", result) + value[RESULT_OFFSET + 4 :]
    found = parse_reps_from(value)

    assert found is not None
    assert (found.failures, found.last_result) == (failures, result)


@given(st.integers(0, 0xFFFFFFFF))
def test_without_a_name_the_id_stands_for_it(place: int) -> None:
    """A place of the name that lies outside is passed over."""
    found = parse_reps_from(with_number(PLACE_OFFSET, place if place not in range(176, 267) else 0))

    assert found is not None
    assert found.name == PARTNER


@given(st.binary(max_size=400))
def test_another_layout_is_none(value: bytes) -> None:
    """No bytes raise, and what is not of that layout is not guessed at."""
    found = parse_reps_from(value)

    assert found is None or (value[:4] == b"\x01\0\0\0" and len(value) >= 176)

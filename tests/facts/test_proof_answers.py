"""What the scripts of a proof answer, read into values or refused by name."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.errors import UnexpectedAnswerError
from ipsec_orchestrator.facts.association_answers import (
    QuickModeRow,
    join,
    parse_associations,
    parse_events,
)
from ipsec_orchestrator.facts.capture_answers import parse_capture, parse_capture_start
from ipsec_orchestrator.facts.proof_answers import (
    parse_end,
    parse_leftovers,
    parse_listener_start,
    parse_requests,
)
from ipsec_orchestrator.model.evidence import Association, IpsecEvent
from ipsec_orchestrator.model.json import Json
from tests.proof_scene import BEGIN, SPI_BACK, SPI_OUT, clear

PARSERS = (
    parse_associations,
    parse_capture,
    parse_capture_start,
    parse_end,
    parse_events,
    parse_leftovers,
    parse_listener_start,
    parse_requests,
)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
ROW: Mapping[str, Json] = {
    "id": "77",
    "local_address": "10.0.1.20",
    "remote_address": "10.2.27.10",
    "local_port": 0,
    "remote_port": 8080,
    "protocol": 6,
    "first_transform": 4,
    "first_cipher": 6,
    "first_integrity": 3,
}


def associations(**row: Json) -> Json:
    """An answer of associations.ps1 with one row."""
    return {
        "quick_mode": {"problem": None, "associations": [{**ROW, **row}]},
        "main_mode": {"problem": None, "associations": []},
        "offload": {"problem": None, "enabled": False},
    }


@given(JSONS)
def test_any_json_is_read_or_refused_by_name(answer: Any) -> None:  # noqa: ANN401 - any JSON
    """Whatever a host answers, there is a value or an error that names the script."""
    for parse in PARSERS:
        refusal = ""
        try:
            parse(answer)
        except UnexpectedAnswerError as error:
            refusal = str(error)
        # Whatever else it raised would have ended this test.
        assert not refusal or refusal.endswith(".")


@pytest.mark.parametrize(
    ("code", "word"), [(0, "None"), (2, "DES"), (6, "3DES"), (65003, "AES256"), (9, "code 9")]
)
def test_ciphers_have_the_words_of_the_glossary(code: int, word: str) -> None:
    """Codes are translated; one that nobody knows is shown as it is, and equals no rule's."""
    answer = parse_associations(associations(first_cipher=code))

    assert answer.rows is not None
    assert answer.rows[0].association.encryption == word


@pytest.mark.parametrize(
    ("code", "word"), [(0, "None"), (2, "MD5"), (3, "SHA1"), (65001, "SHA256")]
)
def test_integrity_has_the_words_of_the_glossary(code: int, word: str) -> None:
    """As ciphers."""
    answer = parse_associations(associations(first_integrity=code))

    assert answer.rows is not None
    assert answer.rows[0].association.integrity == word


def test_a_refused_class_is_no_empty_list() -> None:
    """Where WMI does not tell, there are no rows at all, and the reason is kept."""
    answer = parse_associations(
        {
            "quick_mode": {"problem": "HRESULT 0x80041003", "associations": []},
            "main_mode": {"problem": None, "associations": []},
            "offload": {"problem": None, "enabled": True},
        },
    )

    assert answer.rows is None
    assert answer.problem == "HRESULT 0x80041003"
    assert answer.offloads_ipsec


def up(quick_mode_id: str, inbound: str, outbound: str, *, minute: int = 0) -> IpsecEvent:
    """Event 5451."""
    return IpsecEvent(
        event_id=5451,
        time=BEGIN.replace(minute=minute),
        fields=(
            ("InboundSpi", inbound),
            ("OutboundSpi", outbound),
            ("QuickModeSaId", quick_mode_id),
        ),
    )


def down(quick_mode_id: str, *, minute: int) -> IpsecEvent:
    """Event 5452."""
    return IpsecEvent(
        event_id=5452,
        time=BEGIN.replace(minute=minute),
        fields=(("QuickModeSaId", quick_mode_id),),
    )


def row(quick_mode_id: int | None) -> QuickModeRow:
    """A row of WMI without SPIs."""
    return QuickModeRow(
        quick_mode_id=quick_mode_id,
        association=Association(
            local_address=IPv4Address("10.0.1.20"),
            remote_address=IPv4Address("10.2.27.10"),
            encryption="3DES",
            integrity="SHA1",
        ),
    )


@pytest.mark.parametrize("spelling", [str, hex, lambda number: f"0X{number:08X}"])
def test_associations_get_the_spis_of_their_event(spelling: Any) -> None:  # noqa: ANN401 - a callable
    """The quick-mode id joins algorithms and SPIs, in whatever spelling Windows writes numbers."""
    event = up("77", spelling(SPI_BACK), spelling(SPI_OUT))

    (found,) = join([row(77)], [event])

    assert (found.inbound_spi, found.outbound_spi) == (SPI_BACK, SPI_OUT)
    assert found.source == "cim, event 5451"


@pytest.mark.parametrize(
    "events",
    [
        (),
        (up("78", "1", "2"),),
        (up("77", "1", "2", minute=1), down("77", minute=2)),
        (up("", "1", "2"),),
    ],
)
def test_spis_of_another_association_are_not_taken(events: tuple[IpsecEvent, ...]) -> None:
    """No event, another's, one of an association that has ended: then the SPIs stay unknown."""
    (found,) = join([row(77)], events)

    assert (found.inbound_spi, found.outbound_spi, found.source) == (None, None, "cim")


def test_an_id_that_is_used_again_belongs_to_the_newest() -> None:
    """Down before up is the earlier association of the same number."""
    events = (
        up("77", "5", "6", minute=3),
        down("77", minute=2),
        up("77", "1", "2", minute=1),
    )

    (found,) = join([row(77)], events)

    assert (found.inbound_spi, found.outbound_spi) == (5, 6)


@pytest.mark.parametrize(
    ("audited", "told", "quick_mode"),
    [
        ({"main_mode": 0, "quick_mode": 0, "driver": 0}, False, False),
        ({"main_mode": 2, "quick_mode": 2, "driver": None}, True, False),
        ({"main_mode": 0, "quick_mode": 1, "driver": 0}, True, True),
        (None, False, None),
    ],
)
def test_silence_of_the_log_is_told_from_an_empty_log(
    audited: Json, *, told: bool, quick_mode: bool | None
) -> None:
    """Where nothing is audited there are no events, which is not the same as an empty list."""
    answer = parse_events({"audited": audited, "events": [], "problem": None})

    assert (answer.events is not None) is told
    assert answer.audits_quick_mode is quick_mode


@pytest.mark.parametrize(
    ("changes", "by_packet_monitor", "problem"),
    [
        ({"capturing": True, "by": "NetEventPacketCapture"}, False, None),
        ({"capturing": True, "by": "pktmon"}, True, None),
        ({"others": ["theirs"]}, False, "another capture session"),
        ({"others": ["pktmon"]}, False, "another capture session"),
        ({"others": ["pktmon filter"]}, False, "filters of somebody else"),
        ({"problem": "pktmon has no option --comp"}, False, "no option --comp"),
    ],
)
def test_why_nothing_is_captured_is_a_sentence(
    changes: dict[str, Any], *, by_packet_monitor: bool, problem: str | None
) -> None:
    """Who captures is told, or what was in the way."""
    answer = {"capturing": False, "by": None, "others": [], "problem": None, **changes}
    found = parse_capture_start(answer)

    assert found.by_packet_monitor is by_packet_monitor
    assert found.capturing is (problem is None)
    assert (problem or "") in (found.problem or "")


def test_frames_have_their_real_length() -> None:
    """A frame that was cut off has the length that its IP header tells."""
    frame = clear(text="0" * 32)
    answer = parse_capture(
        {
            "frames": [
                {
                    "time": "2026-11-23T09:30:01.1234567Z",
                    "content": base64.b64encode(frame.content[:60]).decode(),
                },
            ],
            "left_out": 4,
            "problem": None,
        },
    )

    assert answer.frames[0].original_length == frame.original_length
    assert answer.frames[0].content == frame.content[:60]
    assert answer.frames[0].captured_at == datetime(2026, 11, 23, 9, 30, 1, 123456, tzinfo=UTC)
    assert answer.left_out == 4


@given(st.binary(max_size=80))
def test_no_frame_is_shorter_than_what_was_kept_of_it(content: bytes) -> None:
    """Noise gives a frame of at least its own length."""
    told = {"time": BEGIN.isoformat(), "content": base64.b64encode(content).decode()}
    answer = parse_capture({"frames": [told], "left_out": 0, "problem": None})

    assert answer.frames[0].original_length >= len(content)


def test_only_random_texts_count_as_received() -> None:
    """A line that was cut off, or is something else, is no random text of ours."""
    answer = parse_end({"received": ["0" * 32, "0" * 31, "", "x" * 32], "problems": {"rule": "X"}})

    assert answer.received == {"0" * 32}
    assert answer.problems == {"rule": "X"}


def test_leftovers_name_their_kind() -> None:
    """Nothing found and no such command are the same; one alone is a list of one."""
    answer = parse_leftovers(
        {"rules": None, "tasks": "ipsec_orchestrator-1", "processes": ["4711"], "folders": []}
    )

    assert answer == ("tasks: ipsec_orchestrator-1", "processes: 4711")

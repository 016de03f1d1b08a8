"""What a member tells of its last hours, read; and answers that are none."""

from typing import Any

import pytest

from ipsec_orchestrator.errors import UnexpectedAnswerError
from ipsec_orchestrator.facts.history_answers import parse_history
from tests.proof_scene import HOST1, VM1

EVENT: dict[str, Any] = {
    "id": 5451,
    "count": 3,
    "last": "2026-11-23T09:30:00Z",
    "soft": False,
    "local_address": str(VM1),
    "remote_address": str(HOST1),
    "protocol": "6",
    "local_port": "0",
    "remote_port": "8080",
}


def answer(**log: Any) -> Any:  # noqa: ANN401 - JSON
    """An answer with one event."""
    known: dict[str, Any] = {
        "audited": {"main_mode": 0, "quick_mode": 3, "driver": None},
        "problem": None,
        "since": "2026-11-01T00:00:00Z",
        "cut_off": False,
        "events": [EVENT],
    }
    return {
        "time": "2026-11-23T10:00:00Z",
        "quick_mode": {"problem": None, "associations": []},
        "log": known | log,
    }


def test_everything_is_read() -> None:
    """Numbers, addresses, audit settings and times."""
    found = parse_history(answer())

    assert found.events is not None
    (event,) = found.events
    assert (event.event_id, event.count, event.is_soft) == (5451, 3, False)
    assert (event.local_address, event.remote_address) == (VM1, HOST1)
    assert (event.protocol, event.local_port, event.remote_port) == (6, 0, 8080)
    assert (found.main_mode_audit, found.quick_mode_audit) == (0, 3)
    assert found.associations == ()
    assert found.log_since is not None


def test_what_an_event_leaves_out_is_none() -> None:
    """A dash, an empty text and a message id are no address and no number."""
    bare = EVENT | {"local_address": "-", "remote_address": "", "protocol": "%%8219"}
    found = parse_history(answer(events=[bare])).events

    assert found is not None
    assert (found[0].local_address, found[0].remote_address, found[0].protocol) == (None,) * 3


def test_what_could_not_be_read_is_none_and_not_empty() -> None:
    """With a problem there are no events and no associations, rather than none of them."""
    refused = answer(problem="UnauthorizedAccess", audited=None, since=None, events=[])
    refused["quick_mode"]["problem"] = "HRESULT 0x80041003"
    found = parse_history(refused)

    assert (found.events, found.events_problem) == (None, "UnauthorizedAccess")
    assert (found.associations, found.associations_problem) == (None, "HRESULT 0x80041003")
    assert found.quick_mode_audit is None


@pytest.mark.parametrize(
    "broken", [None, [], {}, {"time": "now"}, answer(events=[{"id": "x"}]), answer(cut_off=3)]
)
def test_other_shapes_are_refused(broken: Any) -> None:  # noqa: ANN401 - JSON
    """Whatever a member may send instead ends in the one error for it."""
    with pytest.raises(UnexpectedAnswerError):
        parse_history(broken)

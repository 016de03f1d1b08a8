"""Who changed an object: what is asked of a DC, and what its security log is taken for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ipsec_orchestrator.errors import UnexpectedAnswerError
from ipsec_orchestrator.facts.directory_audit import (
    MAXIMUM_WINDOWS,
    ChangeEvent,
    DirectoryAudit,
    SoughtChange,
    author_of,
    parse_directory_changes,
    question,
)

DC = "dc1.corp.example.com"
NOON = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
GUID = "5d2f0b0e-0c7e-4b52-9d8c-3a3f5f6f7a01"
LINKED = "OU=Servers,DC=corp,DC=example,DC=com"


def sought(**changed: Any) -> SoughtChange:  # noqa: ANN401 - JSON, or fields of any type
    """Somebody changed the links of an OU at noon."""
    known: dict[str, Any] = {
        "dn": LINKED,
        "guid": GUID,
        "kind": ChangeEvent.ATTRIBUTE,
        "attribute": "gPLink",
        "time": NOON,
    }
    return SoughtChange(**(known | changed))


def event(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON, or fields of any type
    """The event of it, as the script gives it."""
    known: dict[str, Any] = {
        "id": 5136,
        "time": "2026-11-26T12:00:00.8134250Z",
        "guid": GUID,
        "names": [LINKED.lower()],
        "attribute": "gPLink",
        "user": "jdoe",
        "domain": "CORP",
        "sid": "S-1-5-21-1-2-3-1105",
    }
    return known | changed


def audit(*events: dict[str, Any], **changed: Any) -> DirectoryAudit:  # noqa: ANN401 - JSON, or fields of any type
    """What a DC answered."""
    known: dict[str, Any] = {
        "audited": 1,
        "audit_problem": None,
        "since": "2026-11-01T00:00:00.0000000Z",
        "problem": None,
        "cut_off": False,
        "events": list(events),
    }
    return parse_directory_changes(known | changed)


def test_the_author_is_the_one_of_the_event() -> None:
    """Object, kind, attribute and time fit: that user did it."""
    assert author_of(sought(), audit(event()), DC).who == r"CORP\jdoe"


def test_an_event_without_a_name_gives_the_sid() -> None:
    """Windows writes a dash for an account that it can't name."""
    assert author_of(sought(), audit(event(user="-", domain="-")), DC).who == "S-1-5-21-1-2-3-1105"


def test_the_object_is_known_by_its_name_as_well() -> None:
    """Some versions of the event have no GUID; the DN's case and blanks do not matter."""
    named = event(guid="", names=["ou=servers, dc=corp, dc=example, dc=com"])

    assert author_of(sought(guid=""), audit(named), DC).who == r"CORP\jdoe"


def test_of_several_events_the_nearest_counts() -> None:
    """Who changed it again, or before, is not who changed it then."""
    before = event(time="2026-11-26T11:59:56Z", user="early")
    after = event(time="2026-11-26T12:00:20Z", user="late")

    assert author_of(sought(), audit(after, event(), before), DC).who == r"CORP\jdoe"


def test_an_attribute_set_at_creation_has_the_author_of_the_object() -> None:
    """Whoever made the object gave it what it was made with."""
    made = event(id=5137, attribute="")

    assert author_of(sought(), audit(made), DC).who == r"CORP\jdoe"
    assert author_of(sought(), audit(made, event(user="later")), DC).who == r"CORP\later"


@pytest.mark.parametrize(
    "other",
    [
        {"id": 5141},
        {"attribute": "gPOptions"},
        {"guid": "00000000-0000-0000-0000-000000000001", "names": ["dc=corp"]},
        {"time": "2026-11-26T11:59:00Z"},
        {"time": "2026-11-26T12:01:00Z"},
    ],
    ids=["kind", "attribute", "object", "too early", "too late"],
)
def test_events_of_something_else_are_nobody(other: dict[str, Any]) -> None:
    """An event that differs in one of the four says nothing about this change."""
    found = author_of(sought(), audit(event(**other)), DC)

    assert found.who == ""
    assert "no event of it" in found.reason


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"problem": "UnauthorizedAccess"}, "can't be read (UnauthorizedAccess)"),
        ({"audited": 0}, "does not audit"),
        ({"audited": 2}, "does not audit"),
        ({"since": "2026-11-26T13:00:00Z"}, "begins after the change"),
        ({"cut_off": True}, "more than"),
        ({}, "SACL"),
    ],
)
def test_every_unknown_has_its_reason(told: dict[str, Any], reason: str) -> None:
    """What is missing for an answer is named, with the DC."""
    found = author_of(sought(), audit(**told), DC)

    assert found.who == ""
    assert reason in found.reason
    assert DC in found.reason


def test_close_changes_are_one_window() -> None:
    """A DC is asked for a few seconds around each change, and not twice for the same second."""
    asked = question([sought(), sought(time=NOON + timedelta(seconds=9), attribute="gPOptions")])

    assert asked["Objects"] == [GUID, LINKED]
    assert asked["Starts"] == ["2026-11-26T11:59:55Z"]
    assert asked["Ends"] == ["2026-11-26T12:00:39Z"]


def test_the_number_of_windows_is_bounded() -> None:
    """Of very many changes at different times the latest are asked for."""
    asked = question(sought(time=NOON + timedelta(hours=hour)) for hour in range(100))
    starts = asked["Starts"]

    assert isinstance(starts, list)
    assert len(starts) == MAXIMUM_WINDOWS
    assert starts[-1] == "2026-11-30T14:59:55Z"


@pytest.mark.parametrize("broken", [None, [], {}, {"audited": "on"}])
def test_other_shapes_are_refused(broken: Any) -> None:  # noqa: ANN401 - JSON
    """Whatever a DC may send instead ends in the one error for it."""
    with pytest.raises(UnexpectedAnswerError):
        parse_directory_changes(broken)

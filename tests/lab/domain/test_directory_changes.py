"""What Samba notes of writes, picked out of its log."""

import json
from typing import Any

from ipsec_orchestrator.lab.domain.directory_changes import directory_changes

SID = "S-1-5-21-1-2-3-500"


def note(**changed: Any) -> str:  # noqa: ANN401 - JSON, or fields of any type
    """A line as Samba 4 writes it."""
    known: dict[str, Any] = {
        "version": {"major": 1, "minor": 0},
        "statusCode": 0,
        "status": "Success",
        "operation": "Modify",
        "userSid": SID,
        "dn": "OU=x,DC=ipsectest,DC=com",
        "attributes": {"gPLink": {"actions": []}, "gPOptions": {"actions": []}},
    }
    return json.dumps(
        {
            "timestamp": "2026-11-26T18:01:21.301751+0000",
            "type": "dsdbChange",
            "dsdbChange": known | changed,
        }
    )


def test_a_note_has_author_object_and_attributes() -> None:
    """Among other lines of the log the note of a write is found."""
    (found,) = directory_changes(["[2026/11/26] samba started", note() + "\n", '{"type": "x"}'])

    assert (found.operation, found.user_sid) == ("Modify", SID)
    assert found.attributes == ("gPLink", "gPOptions")
    assert found.time.isoformat() == "2026-11-26T18:01:21.301751+00:00"


def test_a_deletion_has_no_attributes() -> None:
    """Samba leaves the attributes out then."""
    line = json.loads(note(operation="Delete"))
    del line["dsdbChange"]["attributes"]
    (found,) = directory_changes([json.dumps(line)])

    assert (found.operation, found.attributes) == ("Delete", ())


def test_what_was_refused_or_done_by_the_server_is_left_out() -> None:
    """Nobody changed anything there; and of a line that is being written nothing is known yet."""
    lines = [note(statusCode=50), note(userSid="S-1-5-18"), note(userSid=None), note()[:-40]]

    assert list(directory_changes(lines)) == []
